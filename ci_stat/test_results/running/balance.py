"""Divide units among shards so that all shards take about as long. Pure and deterministic.

The longest unit goes first, always to the shard with the least time so far (LPT: at most 4/3 of the
best possible time). Equal times are ordered by name, so the same units give the same shards on
every machine.
"""

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """The units of a shard, sorted by name. `seconds`: expected; None if no duration is known."""

    number: int
    units: tuple[str, ...]
    seconds: float | None
    without_history: int


@dataclass(frozen=True, slots=True)
class Split:
    """All shards. `digest`: equal on two machines only if they divided the same units alike."""

    shards: tuple[ShardPlan, ...]
    median: float | None

    @property
    def digest(self) -> str:
        content = "\0\0".join("\0".join(shard.units) for shard in self.shards)
        return hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def split(units: Sequence[str], seconds: Mapping[str, float], shards: int) -> Split:
    """Divide the units. A unit without a duration counts as the median of the others.

    Units that are named twice count once. Without any duration, all units count the same.
    """
    names = sorted(set(units))
    known = {name: _milliseconds(seconds[name]) for name in names if name in seconds}
    middle = max(1, round(median(known.values()))) if known else 1
    weights = {name: known.get(name, middle) for name in names}

    loads = [(0, 0, number) for number in range(shards)]
    chosen: list[list[str]] = [[] for _ in range(shards)]
    for name in sorted(names, key=lambda name: (-weights[name], name)):
        load, count, number = heapq.heappop(loads)
        chosen[number].append(name)
        heapq.heappush(loads, (load + weights[name], count + 1, number))

    plans = []
    for number, members in enumerate(chosen, 1):
        total = sum(weights[name] for name in members) / 1000 if known else None
        new = sum(name not in known for name in members)
        plans.append(ShardPlan(number, tuple(sorted(members)), total, new))
    return Split(tuple(plans), middle / 1000 if known else None)


def _milliseconds(seconds: float) -> int:
    """Whole milliseconds: sums of them do not depend on the order."""
    return max(0, round(seconds * 1000))

"""What was tried several times under the same conditions: proof that something is flaky.

A key names the conditions: job and commit, or test case, environment and commit. Both outcomes
under one key prove that the outcome depends on something else.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Self

from ci_stat.statistics.intervals import Interval, wilson


@dataclass(frozen=True, slots=True)
class Repeats:
    """Keys by what was seen under them.

    - `keys`: keys with a passed or a failed try; `repeated`: those with two tries or more.
    - `mixed`: those with both outcomes; `failures`: the failed tries under these.
    - `tries`: passed and failed tries under all keys.
    """

    keys: int = 0
    repeated: int = 0
    mixed: int = 0
    failures: int = 0
    tries: int = 0

    @classmethod
    def of_key(cls, passed: int, failed: int) -> Self:
        """The tries under one key."""
        if not passed + failed:
            return cls()
        is_mixed = passed > 0 and failed > 0
        is_repeated = passed + failed > 1
        return cls(1, int(is_repeated), int(is_mixed), failed * is_mixed, passed + failed)

    def __add__(self, other: "Repeats") -> "Repeats":
        return Repeats(
            self.keys + other.keys,
            self.repeated + other.repeated,
            self.mixed + other.mixed,
            self.failures + other.failures,
            self.tries + other.tries,
        )

    @property
    def share(self) -> float | None:
        """Mixed keys among all: a lower bound, as most were tried once. None without keys."""
        return self.mixed / self.keys if self.keys else None

    @property
    def interval(self) -> Interval:
        """The 95 % interval of `share` (Wilson)."""
        return wilson(self.mixed, self.keys)


def count_repeats(tries: Iterable[tuple[Hashable, bool]]) -> tuple[Repeats, set[Hashable]]:
    """Count tries as (key, passed). Also returns the mixed keys."""
    outcomes: dict[Hashable, list[int]] = {}
    for key, passed in tries:
        outcomes.setdefault(key, [0, 0])[passed] += 1
    parts = (Repeats.of_key(passed, failed) for failed, passed in outcomes.values())
    mixed = {key for key, (failed, passed) in outcomes.items() if failed and passed}
    return sum(parts, Repeats()), mixed

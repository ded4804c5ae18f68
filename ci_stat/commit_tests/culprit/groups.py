"""Suspects that no run can tell apart, because the commits between them cannot be run. Pure."""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from ci_stat.statistics.rate_pairs import Floats


@dataclass(frozen=True, slots=True)
class Group:
    """Suspects from `first` to `last`, which a run tells from the others, not from each other.

    - `parent`: the last place before them that can be run; None without one.
    - `test`: the first place from `last` on that can be run; None without one.
    """

    first: int
    last: int
    parent: int | None
    test: int | None
    probability: float

    @property
    def can_be_confirmed(self) -> bool:
        return self.parent is not None and self.test is not None


def groups(suspects: Floats, unusable: Set[int]) -> list[Group]:
    """All groups, oldest first. `suspects`: the probability of each."""
    places = len(suspects) + 1
    usable = [place for place in range(places) if place not in unusable]
    number = np.searchsorted(usable, np.arange(1, places))
    sums = np.bincount(number, suspects, minlength=len(usable) + 1)
    firsts = np.searchsorted(number, np.arange(len(usable) + 1))
    lasts = np.searchsorted(number, np.arange(len(usable) + 1), side="right")
    return [
        Group(
            first=int(firsts[index]) + 1,
            last=int(lasts[index]),
            parent=usable[index - 1] if index else None,
            test=usable[index] if index < len(usable) else None,
            probability=float(sums[index]),
        )
        for index in range(len(usable) + 1)
        if lasts[index] > firsts[index]
    ]


def shortest_range(suspects: Floats, share: float) -> tuple[int, int, float]:
    """The shortest run of suspects (first, last) that holds this probability, and what it holds.

    All suspects, if they do not hold so much together.
    """
    sums = np.concatenate(([0.0], np.cumsum(suspects)))
    total = float(sums[-1])
    needed = np.searchsorted(sums, sums[:-1] + share - 1e-12)
    lengths = np.where(needed < len(sums), needed - np.arange(len(suspects)), len(suspects) + 1)
    best = int(np.argmin(lengths))
    if lengths[best] > len(suspects):
        return 1, len(suspects), total
    end = int(needed[best])
    return best + 1, end, float(sums[end] - sums[best])

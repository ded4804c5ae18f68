"""Tests that became slower or faster: more than chance, and enough to matter. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from statistics import median

from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.ranks import mann_whitney
from ci_stat.statistics.student import t_test
from ci_stat.test_results.cases.durations import sample_of

LEAST_RUNS = 8  # before; and now, for the rank test
LEAST_CHANGE = 0.20  # of the median
LEAST_SECONDS = 0.1
CHANCE = 0.05  # of what is called slower or faster, at most this share is expected to be chance
LEAST_TESTS = 20  # that show whether the whole run was slower

Key = tuple[int, int]
"""Id of the case, and place."""

Pair = tuple[Sequence[float], Sequence[float]]
"""Seconds before and now."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A change of duration that is more than chance. Seconds are medians."""

    key: Key
    before: float
    now: float
    runs_before: int
    runs_now: int
    q_value: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The changes, the largest first; how many tests were compared; the shift of all tests."""

    changes: tuple[Judged, ...]
    compared: int
    shift: float


def judge(pairs: Mapping[Key, Pair]) -> Judgement:
    """Judge each test as one of many comparisons.

    With enough runs on both sides by a rank test. A few new runs are compared with the spread of
    those before, after the shift of all tests together is removed: on a
    slow machine, each test is slower.
    """
    usable = {key: pair for key, pair in pairs.items() if len(pair[0]) >= LEAST_RUNS and pair[1]}
    few = {key: pair for key, pair in usable.items() if len(pair[1]) < LEAST_RUNS}
    shift = _shift(few.values())
    return Judgement(changes_among(usable, shift, len(usable)), len(usable), shift)


def changes_among(pairs: Mapping[Key, Pair], shift: float, compared: int) -> tuple[Judged, ...]:
    """Return the changes that are more than chance among `compared` tests, the largest first.

    `shift`: of all tests together. Tests that are not in `pairs` did not change.
    """
    p_values = [
        _p_value(pair, shift if len(pair[1]) < LEAST_RUNS else 1.0) for pair in pairs.values()
    ]
    others = [1.0] * (compared - len(pairs))
    q_values = dict(zip(pairs, adjusted([*p_values, *others]), strict=False))
    changes = [
        Judged(key, median(old), median(new), len(old), len(new), q_values[key])
        for key, (old, new) in pairs.items()
        if q_values[key] <= CHANCE
    ]
    changes.sort(key=lambda one: (-abs(log(one.now / one.before)), one.key))
    return tuple(changes)


def _shift(pairs: Iterable[Pair]) -> float:
    """The median factor by which tests are slower; 1.0 if they are too few to tell."""
    ratios = [median(new) / median(old) for old, new in pairs]
    return median(ratios) if len(ratios) >= LEAST_TESTS else 1.0


def _p_value(pair: Pair, shift: float) -> float:
    """1.0 for a change that is too small to matter, whatever it is due to."""
    old, new = pair[0], [value / shift for value in pair[1]]
    before, now = median(old), median(new)
    if abs(now - before) < max(LEAST_SECONDS, LEAST_CHANGE * before):
        return 1.0
    if len(new) >= LEAST_RUNS:
        return mann_whitney(sample_of(old), sample_of(new))
    # The less sure of two scales: durations vary by a factor, or by seconds.
    by_factor = t_test([log(value) for value in old], [log(value) for value in new])
    return max(by_factor, t_test(old, new))

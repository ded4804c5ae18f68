"""Finds tests that became slower or faster. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import PASSED, Ends
from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.outcome_changes import OutcomeChange
from ci_stat.statistics.outliers import without_outliers
from ci_stat.statistics.ranks import mann_whitney
from ci_stat.statistics.shifts import MIN_CHANGE, MIN_SIDE, Shift, shift_at, shifts
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.regressions.model import Since
from ci_stat.test_results.regressions.series import SeriesTable
from ci_stat.test_results.regressions.since import since_of

Floats = NDArray[np.float64]

MIN_SECONDS = 0.05  # a smaller change is of no use to anybody
FALSE_SHARE = 0.10  # expected share of chance among the changes
_RESOLUTION = 0.001  # of most result files
_MIN_RUNS = 4 * MIN_SIDE


@dataclass(frozen=True, slots=True)
class FoundShift:
    """A shift of a series. `p_value`: of a rank test; `runs`: with a duration."""

    series: int
    since: Since
    shift: Shift
    p_value: float
    runs: int


@dataclass(frozen=True, slots=True)
class Shifts:
    """Shifts that count; `timed`: series with enough durations; and how many shifts do not count.

    `too_small`: below MIN_SECONDS. `by_chance`: perhaps chance.
    """

    shifts: tuple[FoundShift, ...]
    timed: int
    too_small: int
    by_chance: int


def duration_shifts(
    runs: Sequence[StoredRun], ends: Ends, table: SeriesTable, begin: datetime
) -> Shifts:
    """Return the newest shift of each series, if it began in or after `begin`.

    Only runs count in which the test passed at once: a failed one may end early, or in a timeout.
    """
    is_timed = (ends.outcome == PASSED) & (ends.attempts == 1) & np.isfinite(ends.seconds)
    kept = is_timed[table.rows]
    rows, series = table.rows[kept], table.series[kept]
    different, firsts, sizes = np.unique(series, return_index=True, return_counts=True)
    enough = sizes >= _MIN_RUNS
    parts = [
        rows[first : first + size]
        for first, size in zip(firsts[enough].tolist(), sizes[enough].tolist(), strict=True)
    ]
    values = [np.maximum(ends.seconds[part], _RESOLUTION).astype(np.float64) for part in parts]
    smooth = [without_outliers(one) for one in values]
    newest = [
        _newest(runs, ends.run[part], one, smoothed, candidates, begin)
        for part, one, smoothed, candidates in zip(
            parts, values, smooth, shifts(smooth), strict=True
        )
    ]
    return _counting(different[enough].tolist(), parts, newest)


def _reliable(values: Floats, smooth: Floats, shifts: Sequence[Shift]) -> tuple[Shift, float]:
    """Return the newest shift that is no chance, with its p-value; else the best one.

    A rank test decides, which slow runs do not mislead. The place of a shift was chosen among all
    values, so its p-value counts as many times. Of shifts that may be chance the worst is dropped,
    and both levels beside it are joined, until the others are sure.
    """
    places = [shift.position for shift in shifts]
    p_values = _rank_tests(values, places)
    while len(places) > 1 and max(p_values) > FALSE_SHARE:
        del places[p_values.index(max(p_values))]
        p_values = _rank_tests(values, places)
    begin = places[-2] if len(places) > 1 else 0
    shift = shift_at(smooth[begin:], places[-1] - begin)
    return replace(shift, position=places[-1]), p_values[-1]


def _rank_tests(values: Floats, places: Sequence[int]) -> list[float]:
    """The p-value of each change point between its neighbours."""
    rounded = np.rint(values / _RESOLUTION).astype(np.int64)
    bounds = [0, *places, len(values)]
    p_values = []
    for begin, place, end in zip(bounds, places, bounds[2:], strict=False):
        before, after = Counter(rounded[begin:place].tolist()), Counter(rounded[place:end].tolist())
        p_values.append(min(1.0, mann_whitney(after, before) * len(values)))
    return p_values


def _newest(
    runs: Sequence[StoredRun],
    run_places: NDArray[np.int32],
    values: Floats,
    smooth: Floats,
    shifts: Sequence[Shift],
    begin: datetime,
) -> tuple[Shift, float, Since] | None:
    """The newest shift with its p-value and runs, unless it began earlier."""
    if not shifts or runs[run_places[shifts[-1].position]].started < begin:
        return None
    shift, p_value = _reliable(values, smooth, shifts)
    change = OutcomeChange(shift.position, shift.position, shift.position)
    since = since_of(runs, run_places, change)
    return (shift, p_value, since) if since.first.started >= begin else None


def _counting(
    series: Sequence[int],
    parts: Sequence[NDArray[np.int64]],
    newest: Sequence[tuple[Shift, float, Since] | None],
) -> Shifts:
    """Leave out what may be chance among so many tests, and what is too small to matter."""
    q_values = adjusted([newest_shift[1] if newest_shift else 1.0 for newest_shift in newest])
    kept, too_small, by_chance = [], 0, 0
    for one, part, newest_shift, q_value in zip(series, parts, newest, q_values, strict=True):
        if newest_shift is None:
            continue
        shift, p_value, since = newest_shift
        if q_value > FALSE_SHARE:
            by_chance += 1
        elif abs(shift.after - shift.before) < MIN_SECONDS or abs(shift.change) < MIN_CHANGE:
            too_small += 1
        else:
            kept.append(FoundShift(one, since, shift, p_value, len(part)))
    return Shifts(tuple(kept), len(parts), too_small, by_chance)

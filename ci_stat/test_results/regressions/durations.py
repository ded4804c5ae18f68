"""Finds tests that became slower or faster. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import PASSED, Ends
from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.outcome_changes import OutcomeChange
from ci_stat.statistics.shifts import MIN_SIDE, Shift, shifts
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.regressions.model import Since
from ci_stat.test_results.regressions.series import SeriesTable
from ci_stat.test_results.regressions.since import since_of

MIN_SECONDS = 0.05  # a smaller change is of no use to anybody
FALSE_SHARE = 0.10  # expected share of chance among the changes
_RESOLUTION = 0.001  # of most result files
_MIN_RUNS = 4 * MIN_SIDE


@dataclass(frozen=True, slots=True)
class FoundShift:
    """A shift of a series. `runs`: with a duration."""

    series: int
    since: Since
    shift: Shift
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
    newest = [
        _newest(runs, ends.run[part], found, begin)
        for part, found in zip(parts, shifts(values), strict=True)
    ]
    return _counting(different[enough].tolist(), parts, newest)


def _newest(
    runs: Sequence[StoredRun],
    run_places: NDArray[np.int32],
    found: Sequence[Shift],
    begin: datetime,
) -> tuple[Shift, Since] | None:
    """The newest shift, if possible one that is no chance, or None if it began earlier."""
    if not found:
        return None
    surely = [shift for shift in found if _corrected(shift, len(run_places)) <= FALSE_SHARE]
    shift = (surely or found)[-1]
    place = shift.position
    since = since_of(runs, run_places, OutcomeChange(place, place, place))
    return (shift, since) if since.first.started >= begin else None


def _corrected(shift: Shift, runs: int) -> float:
    """The p-value of a place that was chosen among all runs."""
    return min(1.0, shift.p_value * runs)


def _counting(
    series: Sequence[int],
    parts: Sequence[NDArray[np.int64]],
    newest: Sequence[tuple[Shift, Since] | None],
) -> Shifts:
    """Leave out what may be chance among so many tests, and what is too small to matter."""
    p_values = [
        _corrected(found[0], len(part)) if found else 1.0
        for part, found in zip(parts, newest, strict=True)
    ]
    kept, too_small, by_chance = [], 0, 0
    for one, part, found, q_value in zip(series, parts, newest, adjusted(p_values), strict=True):
        if found is None:
            continue
        shift, since = found
        if q_value > FALSE_SHARE:
            by_chance += 1
        elif abs(shift.after - shift.before) < MIN_SECONDS:
            too_small += 1
        else:
            kept.append(FoundShift(one, since, shift, len(part)))
    return Shifts(tuple(kept), len(parts), too_small, by_chance)

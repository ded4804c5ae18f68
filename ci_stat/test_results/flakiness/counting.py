"""Counts proofs and rates of all tests, as columns. Pure: names come later, for those that count.

Only tests that ever failed are looked at: a few of thousands, even in millions of rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.test_results.flakiness.exclusions import Exclusions
from ci_stat.test_results.flakiness.run_columns import Numbers, RunColumns

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PlaceCounts:
    """Counts of tests by group: one value for each pair of a test and a group.

    `case`, `group`: of the pair. `newest`: the place of the last run on a mixed commit; -1 without
    one. `newest_failed`: of the last run with a failed attempt; -1 without one.
    """

    case: Numbers
    group: Numbers
    commits: Numbers
    mixed: Numbers
    within_run: Numbers
    finished: Numbers
    failed: Numbers
    newest: Numbers
    newest_failed: Numbers


def count_places(
    columns: RunColumns, ends: Ends, exclusions: Exclusions, on_default: Flags
) -> PlaceCounts:
    """Count each test that failed in a run that counts. `on_default`: one a run."""
    rows = _rows_of_failed_tests(ends, exclusions.counted)
    runs, cases = ends.run[rows], ends.case[rows]
    passed, failed = ends.passed[rows], ends.failed[rows]

    groups = len(np.unique(columns.group))
    case_ids, case = np.unique(cases, return_inverse=True)
    pairs, pair = np.unique(case * max(1, groups) + columns.group[runs], return_inverse=True)
    # A commit belongs to one group, so the pair of a test and a commit has one pair with a group.
    commits = int(columns.commit.max(initial=0)) + 1
    units, unit = np.unique(case * commits + columns.commit[runs], return_inverse=True)
    pair_of_unit = np.zeros(len(units), np.int64)
    pair_of_unit[unit] = pair

    is_mixed = _any(unit, passed, len(units)) & _any(unit, failed, len(units))
    is_within_run = _any(unit, passed & failed, len(units))
    in_rate = on_default[runs]

    def sums(places: Numbers, flags: Flags | None = None) -> Numbers:
        chosen = places if flags is None else places[flags]
        return np.bincount(chosen, minlength=len(pairs)).astype(np.int64)

    return PlaceCounts(
        case=case_ids[pairs // max(1, groups)],
        group=pairs % max(1, groups),
        commits=sums(pair_of_unit),
        mixed=sums(pair_of_unit, is_mixed),
        within_run=sums(pair_of_unit, is_within_run),
        finished=sums(pair, in_rate & ends.is_finished[rows]),
        failed=sums(pair, in_rate & ends.is_failed[rows]),
        newest=_newest(columns, runs, pair, is_mixed[unit], len(pairs)),
        newest_failed=_newest(columns, runs, pair, failed, len(pairs)),
    )


def _rows_of_failed_tests(ends: Ends, counted: Flags) -> Numbers:
    """Rows that count, of tests that failed in one of them, with a passed or failed attempt."""
    failed = np.unique(ends.case[ends.failed & counted])
    if not len(failed):
        return np.empty(0, np.int64)
    is_wanted = np.isin(ends.case, failed) & counted & (ends.passed | ends.failed)
    return np.flatnonzero(is_wanted)


def _any(places: Numbers, flags: Flags, length: int) -> Flags:
    """For each of `length` places, whether a flag is set for one of its rows."""
    return np.bincount(places[flags], minlength=length) > 0


def _newest(
    columns: RunColumns, runs: NDArray[np.int32], pair: Numbers, flags: Flags, pairs: int
) -> Numbers:
    """The place of the newest of the chosen runs of each pair; -1 without one."""
    order = np.full(pairs, -1, np.int64)
    np.maximum.at(order, pair[flags], columns.order[runs[flags]])
    place_of = np.argsort(columns.order)
    return np.where(order >= 0, place_of[order] if len(place_of) else order, -1)


def repeated_commits(columns: RunColumns, ends: Ends, exclusions: Exclusions) -> tuple[int, int]:
    """The commits with a run that counts, and those with several such runs, or with retries."""
    runs = np.flatnonzero(exclusions.counted_runs)
    commits, counts = np.unique(columns.commit[runs], return_counts=True)
    retried = np.unique(ends.run[(ends.attempts > 1) & exclusions.counted])
    is_repeated = (counts > 1) | np.isin(commits, columns.commit[retried])
    return len(commits), int(is_repeated.sum())

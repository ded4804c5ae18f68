"""Finds runs that ended early: they have far fewer tests than the runs around them. Pure."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import ERROR, FAILED, Ends
from ci_stat.test_results.flakiness.run_columns import RunColumns

NEIGHBOURS = 5  # runs before and after that say how many tests are usual
LEAST_RUNS = 5  # fewer runs, with the run itself, do not say what is usual
LEAST_SHARE = 0.5  # of the usual number of tests

Flags = NDArray[np.bool_]


def partial_runs(columns: RunColumns, ends: Ends, considered: Flags) -> Flags:
    """Whether each run has fewer than half of the usual number of tests.

    Usual is the median of the run and up to five runs of its group before and after it, so that a
    suite may grow or be split. A run that repeats all tests that failed in the run before it on the
    same commit is a retry of failed tests: it is no partial run, and does not say what is usual.
    `considered`: the other runs do not count, and are never partial.
    """
    tests = np.bincount(ends.run, minlength=len(columns.group))
    retries = _retries(columns, ends, tests)
    partial = np.zeros(len(columns.group), np.bool_)
    for places in _groups(columns, considered & ~retries):
        counts = tests[places]
        usual = np.array([_usual(counts, at) for at in range(len(places))])
        partial[places[counts < LEAST_SHARE * usual]] = True
    return partial


def _retries(columns: RunColumns, ends: Ends, tests: NDArray[np.int64]) -> Flags:
    """Whether each run, of those that are small for their commit, is a retry of failed tests."""
    most = np.zeros(int(columns.commit.max(initial=0)) + 1, np.int64)
    np.maximum.at(most, columns.commit, tests)
    is_small = tests < LEAST_SHARE * most[columns.commit]
    retries = np.zeros(len(tests), np.bool_)
    for place in np.flatnonzero(is_small):
        retries[place] = _is_retry(int(place), columns, ends)
    return retries


def _groups(columns: RunColumns, considered: Flags) -> list[NDArray[np.int64]]:
    """The places of the considered runs of each group, in the order of time."""
    groups: dict[int, list[int]] = defaultdict(list)
    for place in np.argsort(columns.order):
        if considered[place]:
            groups[int(columns.group[place])].append(int(place))
    return [np.array(places, np.int64) for places in groups.values()]


def _usual(counts: NDArray[np.int64], at: int) -> float:
    around = counts[max(0, at - NEIGHBOURS) : at + NEIGHBOURS + 1]
    return float(np.median(around)) if len(around) >= LEAST_RUNS else 0.0


def _is_retry(place: int, columns: RunColumns, ends: Ends) -> bool:
    """Whether the run has every test that failed in the run before it on the same commit."""
    is_before = columns.order < columns.order[place]
    earlier = np.flatnonzero((columns.commit == columns.commit[place]) & is_before)
    if not len(earlier):
        return False
    before = earlier[np.argmax(columns.order[earlier])]
    rows = _rows(ends, int(before))
    failed = ends.case[rows][np.isin(ends.outcome[rows], (FAILED, ERROR))]
    return bool(len(failed)) and bool(np.isin(failed, ends.case[_rows(ends, place)]).all())


def _rows(ends: Ends, place: int) -> slice:
    """The rows of one run: rows are ordered by run."""
    begin, end = np.searchsorted(ends.run, [place, place + 1])
    return slice(int(begin), int(end))

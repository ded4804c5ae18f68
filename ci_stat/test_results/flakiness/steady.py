"""Finds steady failures: a test that is red in many runs in a row is broken, not flaky. Pure."""

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.test_results.flakiness.run_columns import Numbers, RunColumns

STEADY = 4  # red runs in a row
_ROUNDS = 20  # the estimate of a rate without steady rows converges in a few

Flags = NDArray[np.bool_]


def steady_failures(columns: RunColumns, ends: Ends, considered: Flags) -> Flags:
    """Whether each row of `ends` is one of at least four red results in a row of its test.

    In a row: among all runs of the job and label set, or among those of one branch or pull request.
    Red: the last attempt failed. Runs that skipped the test, or lack it, do not end the row. Of a
    test that fails so often that chance makes such rows, only longer ones are steady.
    `considered`: runs that count.
    """
    steady = np.zeros(len(ends), np.bool_)
    rows = _rows_of_suspects(ends, considered)
    if not len(rows):
        return steady
    red = ends.is_failed[rows]
    _, case = np.unique(ends.case[rows], return_inverse=True)
    streaks = np.zeros(len(rows), np.int64)
    for sequence in (columns.group, columns.line):
        lengths = _streak_lengths(columns, ends.run[rows], case, red, sequence)
        streaks = np.maximum(streaks, lengths)
    steady[rows[streaks >= _least_lengths(case, red, streaks)[case]]] = True
    return steady


def _least_lengths(case: Numbers, red: Flags, streaks: Numbers) -> NDArray[np.float64]:
    """From which length on a row of red results is steady, for each test.

    At least 4; and so long that by chance less than one such row is expected among its results,
    given its failure rate outside of steady rows: n (1 - r) r^length < 1.
    """
    results = np.bincount(case)
    least = np.full(len(results), float(STEADY))
    for _ in range(_ROUNDS):
        outside = streaks < least[case]
        others = np.bincount(case[outside], minlength=len(results))
        failed = np.bincount(case[outside & red], minlength=len(results))
        rate = np.clip(failed / np.maximum(1, others), 1e-9, 1 - 1e-9)
        expected = np.log(1 / (results * (1 - rate))) / np.log(rate)
        longer = np.maximum(least, np.ceil(expected))
        if np.array_equal(longer, least):
            break
        least = longer
    return least


def _rows_of_suspects(ends: Ends, considered: Flags) -> NDArray[np.int64]:
    """The finished rows of tests with enough red results: few, even of millions of rows."""
    is_red = ends.is_failed & considered[ends.run]
    cases, counts = np.unique(ends.case[is_red], return_counts=True)
    suspects = cases[counts >= STEADY]
    if not len(suspects):
        return np.empty(0, np.int64)
    is_suspect = np.isin(ends.case, suspects)
    return np.flatnonzero(is_suspect & ends.is_finished & considered[ends.run])


def _streak_lengths(
    columns: RunColumns, runs: NDArray[np.int32], case: Numbers, red: Flags, sequence: Numbers
) -> Numbers:
    """How many red results in a row each result is part of, within its test and sequence."""
    order = np.lexsort((columns.order[runs], sequence[runs], case))
    cases, sequences, reds = case[order], sequence[runs][order], red[order]

    begins = np.ones(len(runs), np.bool_)
    is_same = (cases[1:] == cases[:-1]) & (sequences[1:] == sequences[:-1])
    begins[1:] = ~is_same | (reds[1:] != reds[:-1])
    streak = np.cumsum(begins) - 1
    lengths = np.zeros(len(runs), np.int64)
    lengths[order] = np.where(reds, np.bincount(streak)[streak], 0)
    return lengths

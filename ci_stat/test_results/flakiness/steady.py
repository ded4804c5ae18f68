"""Finds steady failures: a test that is red in many runs in a row is broken, not flaky. Pure."""

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.test_results.flakiness.run_columns import Numbers, RunColumns

STEADY = 4  # red runs in a row

Flags = NDArray[np.bool_]


def steady_failures(columns: RunColumns, ends: Ends, considered: Flags) -> Flags:
    """Whether each row of `ends` is one of at least four red results in a row of its test.

    In a row: among all runs of the job and label set, or among those of one branch or pull request.
    Red: the last attempt failed. Runs that skipped the test, or lack it, do not end the row.
    `considered`: runs that count.
    """
    steady = np.zeros(len(ends), np.bool_)
    rows = _rows_of_suspects(ends, considered)
    if not len(rows):
        return steady
    red = ends.is_failed[rows]
    for sequence in (columns.group, columns.line):
        steady[rows[_long_streaks(columns, ends, rows, red, sequence)]] = True
    return steady


def _rows_of_suspects(ends: Ends, considered: Flags) -> NDArray[np.int64]:
    """The finished rows of tests with enough red results: few, even of millions of rows."""
    is_red = ends.is_failed & considered[ends.run]
    cases, counts = np.unique(ends.case[is_red], return_counts=True)
    suspects = cases[counts >= STEADY]
    if not len(suspects):
        return np.empty(0, np.int64)
    is_suspect = np.isin(ends.case, suspects)
    return np.flatnonzero(is_suspect & ends.is_finished & considered[ends.run])


def _long_streaks(
    columns: RunColumns, ends: Ends, rows: NDArray[np.int64], red: Flags, sequence: Numbers
) -> Flags:
    """Whether each of `rows` is in a long streak of red ones within its test and sequence."""
    runs, cases = ends.run[rows], ends.case[rows]
    sorted_rows = np.lexsort((columns.order[runs], sequence[runs], cases))
    cases, sequences, reds = cases[sorted_rows], sequence[runs][sorted_rows], red[sorted_rows]

    begins = np.ones(len(rows), np.bool_)
    is_same = (cases[1:] == cases[:-1]) & (sequences[1:] == sequences[:-1])
    begins[1:] = ~is_same | (reds[1:] != reds[:-1])
    streak = np.cumsum(begins) - 1
    is_long = np.bincount(streak)[streak] >= STEADY
    result = np.zeros(len(rows), np.bool_)
    result[sorted_rows] = is_long & reds
    return result

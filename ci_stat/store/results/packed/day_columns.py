"""Counts of each test of one day, from how it ended in the runs of that day."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import ERROR, FAILED, SKIPPED
from ci_stat.store.results.packed import file_ends
from ci_stat.store.results.packed.file_ends import steps
from ci_stat.store.results.packed.packing import pack
from ci_stat.store.results.packed.pieces import Piece
from ci_stat.store.results.packed.unpacking import Column, unpack

Numbers = NDArray[np.int64]

_BOTH = file_ends.PASSED | file_ends.FAILED


@dataclass(frozen=True, slots=True)
class DayColumns:
    """Whole numbers of equal length: one row for each test, ordered by its id.

    - `case`: ids of test cases.
    - `runs`: runs that had the test.
    - `failed`, `errors`, `skipped`: runs whose last attempt ended so. The other runs passed.
    - `flaky`: commits on which it passed and failed on this day.
    - `attempts`: of all runs.
    - `timed`: runs with a known duration; `duration`: their sum in microseconds.
    - `median`, `longest`: of the durations of runs, in microseconds; 0 if none is known.
    """

    case: Numbers
    runs: Numbers
    failed: Numbers
    errors: Numbers
    skipped: Numbers
    flaky: Numbers
    attempts: Numbers
    timed: Numbers
    duration: Numbers
    median: Numbers
    longest: Numbers


NAMES = tuple(field.name for field in fields(DayColumns))


def count_day(runs: Sequence[tuple[str, Piece]]) -> DayColumns:
    """Count the runs of one day, each with its commit.

    Runs of one commit are compared with each other; "" is an unknown commit.
    """
    case, flags, attempts, durations = (
        np.concatenate(columns) for columns in zip(*(piece for _, piece in runs), strict=True)
    )
    cases, row = np.unique(case, return_inverse=True)
    outcome = flags & file_ends.OUTCOME
    is_timed = flags & file_ends.TIMED != 0

    def count(rows: Column) -> Numbers:
        return np.bincount(rows, minlength=len(cases)).astype(np.int64)

    def total(values: Column) -> Numbers:
        sums = np.zeros(len(cases), np.int64)
        np.add.at(sums, row, values.astype(np.int64))
        return sums

    median, longest = _quantiles(row[is_timed], durations[is_timed], len(cases))
    return DayColumns(
        case=cases.astype(np.int64),
        runs=count(row),
        failed=count(row[outcome == FAILED]),
        errors=count(row[outcome == ERROR]),
        skipped=count(row[outcome == SKIPPED]),
        flaky=count(_flaky(row, flags, _commits(runs))),
        attempts=total(attempts),
        timed=count(row[is_timed]),
        duration=total(np.where(is_timed, durations, 0)),
        median=median,
        longest=longest,
    )


def _commits(runs: Sequence[tuple[str, Piece]]) -> Numbers:
    """Return for each row the number of its commit. An unknown commit equals no other."""
    numbers: dict[str | int, int] = {}
    of_runs = [
        numbers.setdefault(commit or place, len(numbers)) for place, (commit, _) in enumerate(runs)
    ]
    return np.repeat(np.array(of_runs, np.int64), [len(piece[0]) for _, piece in runs])


def _flaky(row: Numbers, flags: Column, commits: Numbers) -> Numbers:
    """Return the rows of tests that passed and failed on one commit, once for each commit."""
    count = int(commits.max()) + 1
    keys, place = np.unique(row * count + commits, return_inverse=True)
    seen = np.zeros(len(keys), np.uint8)
    np.bitwise_or.at(seen, place, (flags & _BOTH).astype(np.uint8))
    flaky: Numbers = keys[seen == _BOTH] // count
    return flaky


def _quantiles(row: Numbers, durations: Column, count: int) -> tuple[Numbers, Numbers]:
    """Return the lower median and the maximum of each row."""
    median, longest = np.zeros(count, np.int64), np.zeros(count, np.int64)
    order = np.lexsort((durations, row))
    rows, begins, sizes = np.unique(row[order], return_index=True, return_counts=True)
    sorted_durations = durations[order]
    median[rows] = sorted_durations[begins + (sizes - 1) // 2]
    longest[rows] = sorted_durations[begins + sizes - 1]
    return median, longest


def pack_day(columns: DayColumns) -> bytes:
    lists = [getattr(columns, name).tolist() for name in NAMES]
    return pack([steps(lists[0]), *lists[1:]])


def unpack_day(packed: bytes) -> DayColumns:
    first, *others = (column.astype(np.int64) for column in unpack(packed))
    return DayColumns(np.cumsum(first), *others)


def add_days(parts: Sequence[DayColumns]) -> DayColumns:
    """Join parts of one day.

    The median of a test that several parts have is the mean of their medians, by their runs.
    """
    if len(parts) == 1:
        return parts[0]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in NAMES}
    cases, row = np.unique(columns["case"], return_inverse=True)

    def total(values: Numbers) -> Numbers:
        sums = np.zeros(len(cases), np.int64)
        np.add.at(sums, row, values)
        return sums

    sums = {name: total(columns[name]) for name in NAMES if name not in ("case", "longest")}
    weighted = total(columns["median"] * columns["timed"])
    longest = np.zeros(len(cases), np.int64)
    np.maximum.at(longest, row, columns["longest"])
    sums["median"] = weighted // np.maximum(sums["timed"], 1)
    return DayColumns(case=cases, longest=longest, **sums)

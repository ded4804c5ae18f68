"""Draws runs and their results as columns: a letter is an outcome of a test in a run."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from ci_stat.records.ends import ERROR, FAILED, PASSED, SKIPPED, Ends
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredRun

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
_CODES = {"P": PASSED, "F": FAILED, "E": ERROR, "S": SKIPPED}

Drawn = tuple[list[StoredRun], Ends]


def a_run(
    number: int,
    commit: str = "",
    job: str = "unit",
    hours: float | None = None,
    branch: str = "main",
    pull: int | None = None,
    repo: str = "o/n",
    labels: dict[str, str] | None = None,
    attempt: int = 1,
) -> StoredRun:
    """A run; by default a day after the one before it."""
    started = BEGIN + timedelta(hours=24 * number if hours is None else hours)
    info = RunInfo(
        job=job, number=number, repo=repo, commit=commit, branch=branch, pull=pull,
        labels=labels or {}, started=started, attempt=attempt,
    )  # fmt: skip
    return StoredRun(number, info)


def columns(runs: Sequence[StoredRun], cells: Sequence[Sequence[str]]) -> Drawn:
    """`cells`: one list a test, with a cell a run: letters are attempts, `.` means absent."""
    rows = []
    for place in range(len(runs)):
        for case, column in enumerate(cells, 1):
            codes = [_CODES[letter] for letter in column[place] if letter != "."]
            if codes:
                rows.append((place, case, codes))
    red = (FAILED, ERROR)
    ends = Ends(
        run=np.array([row[0] for row in rows], np.int32),
        case=np.array([row[1] for row in rows], np.int64),
        outcome=np.array([row[2][-1] for row in rows], np.int8),
        passed=np.array([PASSED in row[2] for row in rows], np.bool_),
        failed=np.array([any(code in red for code in row[2]) for row in rows], np.bool_),
        attempts=np.array([len(row[2]) for row in rows], np.int32),
        seconds=np.array([1.0] * len(rows), np.float32),
    )
    return list(runs), ends


def draw(*tests: str, **values: object) -> Drawn:
    """Tests of one job on one branch, each as `P F | P`: `|` begins a new commit. A run a day."""
    columns_of_tests = [test.split() for test in tests]
    runs, cells, commit = [], [[] for _ in tests], 0  # type: ignore[var-annotated]
    for at, mark in enumerate(columns_of_tests[0]):
        if mark == "|":
            commit += 1
            continue
        runs.append(a_run(len(runs) + 1, f"c{commit}", **values))  # type: ignore[arg-type]
        for column, test in zip(cells, columns_of_tests, strict=True):
            column.append(test[at])
    return columns(runs, cells)

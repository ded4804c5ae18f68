"""Counts of each job and day, from which all trends are drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from itertools import groupby

import numpy as np
from sqlalchemy import Engine

from ci_stat.records.ends import PASSED, SKIPPED, Ends
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import StoredRun

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class DayCount:
    """What ran of a job on a day (UTC), added up over its runs.

    - `tests`: different tests; `passed`, `failed`, `skipped`: their ends in all runs.
    - `flaky`: tests and commits with a passed and a failed attempt on this day.
    - `seconds`: of all tests of all runs; `timed_runs`: runs with a duration, of the test that has
      most of them.

    All of them are sums or maxima over tests, so counts of each test and day give the same.
    """

    repo: str
    job: str
    day: date
    runs: int
    tests: int
    passed: int
    failed: int
    skipped: int
    flaky: int
    seconds: float
    timed_runs: int


def day_counts(
    engine: Engine, runs: Sequence[StoredRun], advance: Advance = lambda _: None
) -> list[DayCount]:
    """Count the runs, read day by day; ordered by repository, job and day. Raises DatabaseError."""
    counts = []
    ordered = sorted(runs, key=lambda run: (run.info.repo, run.info.job, run.started))
    for (repo, job, day), group in groupby(ordered, key=_cell):
        of_day = list(group)
        counts.append(count_day(repo, job, day, of_day, read_ends(engine, of_day)))
        advance(len(of_day))
    return counts


def _cell(run: StoredRun) -> tuple[str, str, date]:
    return run.info.repo, run.info.job, run.started.astimezone(UTC).date()


def count_day(repo: str, job: str, day: date, runs: Sequence[StoredRun], ends: Ends) -> DayCount:
    """Add up the ends of all runs of a job on a day. `ends.run` are places in `runs`."""
    is_timed = np.isfinite(ends.seconds)
    timed_of_test = np.unique(ends.case[is_timed], return_counts=True)[1]
    return DayCount(
        repo=repo,
        job=job,
        day=day,
        runs=len(runs),
        tests=len(np.unique(ends.case)),
        passed=int((ends.outcome == PASSED).sum()),
        failed=int(ends.is_failed.sum()),
        skipped=int((ends.outcome == SKIPPED).sum()),
        flaky=_flaky(runs, ends),
        seconds=float(ends.seconds[is_timed].sum(dtype=np.float64)),
        timed_runs=int(timed_of_test.max(initial=0)),
    )


def _flaky(runs: Sequence[StoredRun], ends: Ends) -> int:
    """Pairs of a test and a commit with both outcomes. A run without a commit stands alone."""
    numbers: dict[tuple[str, str | int], int] = {}
    commit_of_run = np.array(
        [
            numbers.setdefault((run.info.label_text, run.info.commit or run.id), len(numbers))
            for run in runs
        ],
        np.int64,
    )
    cases, case = np.unique(ends.case, return_inverse=True)
    pairs = commit_of_run[ends.run] * len(cases) + case
    size = len(numbers) * len(cases)
    passed = np.bincount(pairs[ends.passed], minlength=size) > 0
    failed = np.bincount(pairs[ends.failed], minlength=size) > 0
    return int((passed & failed).sum())

"""Counts of each job, branch and day, from which all trends are drawn. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

import numpy as np

from ci_stat.store.results.daily import GroupDay


@dataclass(frozen=True, slots=True)
class DayCount:
    """What ran of a job on a branch on a day (UTC), added up over its runs and sets of labels.

    - `tests`: different tests; `passed`, `failed`, `skipped`: their ends in all runs.
    - `flaky`: tests and commits with a passed and a failed attempt on this day.
    - `seconds`: of all tests of all runs; `timed_runs`: runs with a duration, of the test that has
      most of them.
    """

    repo: str
    job: str
    branch: str
    day: date
    runs: int
    tests: int
    passed: int
    failed: int
    skipped: int
    flaky: int
    seconds: float
    timed_runs: int


def day_counts(group_days: Iterable[GroupDay]) -> list[DayCount]:
    """Add up the tests of each job and branch; ordered by repository, job and day.

    `group_days`: in the order of days. One day at a time is in memory.
    """
    counts: list[DayCount] = []
    for day, groups in groupby(group_days, key=lambda one: one.day):
        counts.extend(_counts_of_day(day, groups))
    return sorted(counts, key=lambda count: (count.repo, count.job, count.day, count.branch))


def _counts_of_day(day: date, groups: Iterable[GroupDay]) -> Iterator[DayCount]:
    by_branch: defaultdict[tuple[str, str, str], list[GroupDay]] = defaultdict(list)
    for one in groups:
        by_branch[one.group.repo, one.group.job, one.group.branch].append(one)
    for (repo, job, branch), parts in by_branch.items():
        yield _joined(repo, job, branch, day, parts)


def _joined(repo: str, job: str, branch: str, day: date, parts: Sequence[GroupDay]) -> DayCount:
    tests = [part.tests for part in parts]
    runs = sum(int(one.runs.sum()) for one in tests)
    failed = sum(int(one.failed.sum() + one.errors.sum()) for one in tests)
    skipped = sum(int(one.skipped.sum()) for one in tests)
    return DayCount(
        repo=repo,
        job=job,
        branch=branch,
        day=day,
        runs=sum(part.runs for part in parts),
        tests=len(np.unique(np.concatenate([one.case for one in tests]))),
        passed=runs - failed - skipped,
        failed=failed,
        skipped=skipped,
        flaky=sum(int(one.flaky.sum()) for one in tests),
        seconds=sum(int(one.duration.sum()) for one in tests) / 1_000_000,
        timed_runs=sum(int(one.timed.max(initial=0)) for one in tests),
    )

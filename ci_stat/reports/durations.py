"""Durations of jobs: the median of their successful runs, and whether it changed."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ci_stat.records import Status
from ci_stat.reports.model import DurationRow
from ci_stat.result import Job

LEAST_RUNS = 5  # on both sides: a median of fewer runs is chance
CHANGE = 0.2  # relative change of the median that is reported
LEAST_CHANGE = 60_000  # ms; nobody waits for a job of seconds that takes twice as long
# Runs shorter than this share of the 90th percentile did no work: a Jenkins job ends at once, with
# success, if its commit was tested before (ci-data A3).
CHEAP = 0.1


def slowest(
    jobs: Mapping[str, Job], before: Mapping[str, Sequence[int]], shown: int
) -> tuple[tuple[DurationRow, ...], int]:
    """The first `shown` jobs, and how many are omitted.

    Jobs whose median changed come first, the largest change first; then the slowest.
    `before`: durations in ms of the successful runs of the baselines, by job.
    """
    candidates = (_row(name, job, before.get(name, ())) for name, job in jobs.items())
    rows = sorted((row for row in candidates if row), key=_changed_first)
    return tuple(rows[:shown]), max(0, len(rows) - shown)


def _changed_first(row: DurationRow) -> tuple[int, int, str]:
    difference = 0 if row.change is None else abs(row.median - (row.before or 0))
    return (-difference, -row.median, row.job)


def _row(name: str, job: Job, before: Sequence[int]) -> DurationRow | None:
    successes = (run for run in job.runs if run.status == Status.SUCCESS)
    durations = sorted(run.duration for run in successes if run.duration is not None)
    earlier = sorted(before)
    least = CHEAP * max(_percentile_90(durations), _percentile_90(earlier))
    durations = durations[bisect_left(durations, least) :]
    earlier = earlier[bisect_left(earlier, least) :]
    if not durations:
        return None

    row = DurationRow(
        job=name,
        runs=len(durations),
        median=_lower_median(durations),
        longest=durations[-1],
        before=_lower_median(earlier) if earlier else None,
        before_runs=len(earlier),
    )
    return replace(row, change=_change(row))


def _change(row: DurationRow) -> float | None:
    """Relative change of the median, if it is large and both medians are of enough runs."""
    enough_runs = min(row.runs, row.before_runs) >= LEAST_RUNS
    if not row.before or not enough_runs:
        return None
    is_large = abs(row.median - row.before) >= max(LEAST_CHANGE, CHANGE * row.before)
    return row.median / row.before - 1 if is_large else None


def _lower_median(ordered: Sequence[int]) -> int:
    """The median; for an even number of values the lower one, so it is the duration of a run."""
    return ordered[(len(ordered) - 1) // 2]


def _percentile_90(ordered: Sequence[int]) -> int:
    """The 90th percentile; 0 without values."""
    if not ordered:
        return 0
    return ordered[max(0, len(ordered) * 9 // 10 - 1)]

"""How long jobs take, and whether that changed: the middle (median) of their successful runs."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from ci_stat.records import Status
from ci_stat.reports.model import DurationRow
from ci_stat.result import Job

LEAST_RUNS = 5  # on both sides: below that the middle is chance
CHANGE = 0.2  # smaller changes of the middle are not called a change
# Runs this much shorter than nine of ten others did no work: Jenkins jobs end at once with success where the commit was
# tested before (ci-data A3).
CHEAP = 0.1
LEAST_CHANGE = 60_000  # ms; a job of seconds that doubles does not make anybody wait


def slowest(
    jobs: Mapping[str, Job], before: Mapping[str, Sequence[int]], shown: int
) -> tuple[tuple[DurationRow, ...], int]:
    """Jobs whose middle changed first, the largest change first; then the slowest. And how many are left out.

    `before`: durations in ms of the successful runs to compare with, by job.
    """
    rows = [row for name, job in jobs.items() if (row := _row(name, job, before.get(name, ())))]
    rows.sort(
        key=lambda row: (-abs(_delta(row)) if row.change is not None else 0, -row.middle, row.job)
    )
    return tuple(rows[:shown]), max(0, len(rows) - shown)


def _row(name: str, job: Job, before: Sequence[int]) -> DurationRow | None:
    took = sorted(
        run.duration
        for run in job.runs
        if run.status == Status.SUCCESS and run.duration is not None
    )
    before = sorted(before)
    least = CHEAP * max(map(_usual_most, (took, before)))
    took, before = took[bisect_left(took, least) :], before[bisect_left(before, least) :]
    if not took:
        return None
    middle, then = _middle(took), _middle(before) if before else None
    row = DurationRow(name, len(took), middle, took[-1], then, len(before))
    if (
        then
        and min(len(took), len(before)) >= LEAST_RUNS
        and abs(middle - then) >= max(LEAST_CHANGE, CHANGE * then)
    ):
        return DurationRow(name, len(took), middle, took[-1], then, len(before), middle / then - 1)
    return row


def _middle(ordered: Sequence[int]) -> int:
    """The median, the lower of two: a duration that was there."""
    return ordered[(len(ordered) - 1) // 2]


def _usual_most(ordered: Sequence[int]) -> int:
    """What nine of ten take at most; 0 for none."""
    return ordered[len(ordered) * 9 // 10 - 1 if len(ordered) > 1 else 0] if ordered else 0


def _delta(row: DurationRow) -> int:
    return row.middle - (row.before or 0)

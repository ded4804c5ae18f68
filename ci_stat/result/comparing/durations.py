"""Jobs that became slower or faster: the durations of their successful runs."""

from collections.abc import Mapping
from dataclasses import replace

from ci_stat.result.comparing.changes import Change, Duration, DurationChange
from ci_stat.result.comparing.rates import CHANCE
from ci_stat.result.comparing.side import JobSide, Side
from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.ranks import (
    Sample,
    mann_whitney,
    median_interval,
    quantile,
    ratio_of_medians,
    size,
)

LEAST_RUNS = 8  # on both sides: the rank test is an approximation
LEAST_CHANGE = 0.05  # relative change of the median; rounding alone can make a fifth of it
# Runs shorter than this share of the 90th percentile did no work: a Jenkins job ends at once, with
# success, if its commit was tested before (ci-data A3).
_CHEAP = 0.1


def compare_durations(now: Side, before: Side) -> list[DurationChange]:
    """Each job with enough successful runs on both sides, the largest change first."""
    jobs = sorted(now.jobs.keys() & before.jobs.keys())
    pairs = ((job, *_samples(now.jobs[job], before.jobs[job])) for job in jobs)
    changes = [
        _compared(job, sample, other)
        for job, sample, other in pairs
        if min(size(sample), size(other)) >= LEAST_RUNS
    ]
    q_values = adjusted([change.p_value for change in changes])
    judged = [_judged(change, q) for change, q in zip(changes, q_values, strict=True)]
    return sorted(judged, key=lambda change: change.order)


def _samples(job: JobSide, before: JobSide) -> tuple[Sample, Sample]:
    """The durations of both sides, without runs that did no work."""
    longest = max(quantile(job.durations, 0.9), quantile(before.durations, 0.9))
    least = max(1.0, _CHEAP * longest)
    return _above(job.durations, least), _above(before.durations, least)


def _above(durations: Mapping[int, int], least: float) -> Sample:
    return {duration: runs for duration, runs in durations.items() if duration >= least}


def _compared(job: str, sample: Sample, other: Sample) -> DurationChange:
    now, before = _duration(sample), _duration(other)
    return DurationChange(
        job=job,
        now=now,
        before=before,
        change_of_median=now.median / before.median - 1,
        interval=ratio_of_medians(sample, other),
        p_value=mann_whitney(sample, other),
        q_value=1.0,
        change=_change(now, before),
        by_chance=True,
    )


def _duration(sample: Sample) -> Duration:
    return Duration(size(sample), quantile(sample, 0.5), median_interval(sample))


def _change(now: Duration, before: Duration) -> Change:
    if now.median == before.median:
        return Change.SAME
    return Change.SLOWER if now.median > before.median else Change.FASTER


def _judged(change: DurationChange, q_value: float) -> DurationChange:
    is_large = abs(change.change_of_median) >= LEAST_CHANGE
    return replace(change, q_value=q_value, by_chance=q_value > CHANCE or not is_large)

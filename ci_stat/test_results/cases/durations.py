"""Durations of a case: median, 95th percentile, and whether they changed. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from ci_stat.records.case_results import Outcome
from ci_stat.statistics.ranks import Sample, mann_whitney, quantile
from ci_stat.test_results.cases.history import labels_words
from ci_stat.test_results.cases.model import CaseHistory, Durations

LEAST_RUNS = 8  # in each half: the rank test is an approximation
LEAST_CHANGE = 0.10  # of the median
LEAST_SECONDS = 0.05  # by which the median changes: less is noise of the clock
CHANCE = 0.01
_MICRO = 1_000_000


def durations(history: CaseHistory) -> tuple[Durations, ...]:
    """One for each job and set of labels with a passed run whose duration is known."""
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in history.runs:
        if run.outcome is Outcome.PASSED and run.seconds is not None:
            key = (run.run.info.job, labels_words(run.run.info.labels))
            seconds[key].append(run.seconds)
    ordered = sorted(seconds.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(_durations(job, labels, values) for (job, labels), values in ordered)


def _durations(job: str, labels: str, seconds: Sequence[float]) -> Durations:
    """`seconds`: in the order of the runs."""
    sample = sample_of(seconds)
    middle = len(seconds) // 2
    older, newer = sample_of(seconds[:middle]), sample_of(seconds[middle:])
    change = change_of_median(older, newer) if middle >= LEAST_RUNS else None
    return Durations(
        job=job,
        labels=labels,
        runs=len(seconds),
        p50=quantile(sample, 0.5) / _MICRO,
        p95=quantile(sample, 0.95) / _MICRO,
        change=change,
        is_trend=change is not None
        and is_large(older, newer)
        and mann_whitney(older, newer) <= CHANCE,
    )


def sample_of(seconds: Sequence[float]) -> Sample:
    """A histogram of microseconds."""
    return Counter(round(value * _MICRO) for value in seconds)


def change_of_median(older: Sample, newer: Sample) -> float | None:
    """The relative change of the median; None if it was 0."""
    before = quantile(older, 0.5)
    return quantile(newer, 0.5) / before - 1 if before else None


def is_large(older: Sample, newer: Sample) -> bool:
    """Whether the medians differ enough to matter, relatively and in seconds."""
    before, now = quantile(older, 0.5), quantile(newer, 0.5)
    difference = abs(now - before)
    return difference >= LEAST_SECONDS * _MICRO and difference >= LEAST_CHANGE * before

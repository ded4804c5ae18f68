"""Compares two sides: totals, failures, jobs and durations."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_stat.records import FailureKey
from ci_stat.result.comparing import frames, html
from ci_stat.result.comparing.changes import (
    Change,
    DurationChange,
    FailureChange,
    JobChange,
)
from ci_stat.result.comparing.durations import compare_durations
from ci_stat.result.comparing.rates import Sample, compare_rates
from ci_stat.result.comparing.side import (
    FailureSide,
    JobSide,
    KnownFailures,
    Side,
    by_package,
)

if TYPE_CHECKING:
    from pandas import DataFrame

# The share of failed runs with a known failure may differ by so much before failures could look
# new or worse because of that.
_UNEVEN = 0.1


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """A window (`now`) and the one that it is compared with (`before`).

    - `totals`: failure rates of pull requests, of nightly runs, and of both.
    - `failures`, `jobs`, `durations`: what is more than chance first, the largest change first.
    - `by_logs`: the failures are those of the logs, where they were read.
    - `uneven`: the share of failed runs with a known failure differs so much that failures may only
      look new, gone, worse or better.
    """

    now: Side
    before: Side
    totals: tuple[JobChange, ...]
    failures: tuple[FailureChange, ...]
    jobs: tuple[JobChange, ...]
    durations: tuple[DurationChange, ...]
    by_logs: bool
    uneven: bool

    def failures_frame(self) -> "DataFrame":
        """One row per failure; see `ci_stat.result.comparing.frames`."""
        return frames.failures_frame(self.failures)

    def jobs_frame(self) -> "DataFrame":
        """One row per job: its failure rates."""
        return frames.jobs_frame(self.jobs)

    def durations_frame(self) -> "DataFrame":
        """One row per job: the medians of its successful runs, in milliseconds."""
        return frames.durations_frame(self.durations)

    def __repr__(self) -> str:
        windows = f"{self.now.provenance.window} with {self.before.provenance.window}"
        certain = sum(not failure.rates.by_chance for failure in self.failures)
        return f"<Comparison {windows}: {certain} of {len(self.failures)} failures changed>"

    def _repr_html_(self) -> str:
        return html.comparison_html(self)

    @property
    def is_empty(self) -> bool:
        """Whether a side has no finished run, so that nothing can be compared."""
        return not (self.now.tally.finished and self.before.tally.finished)

    def changed(self, change: Change) -> list[FailureChange]:
        """The failures with this change, if it is more than chance."""
        failures = (failure for failure in self.failures if not failure.rates.by_chance)
        return [failure for failure in failures if failure.rates.change is change]


def compare(now: Side, before: Side) -> Comparison:
    """Compare two windows."""
    by_logs = _use_logs(now, before)
    known, known_before = _known(now, by_logs), _known(before, by_logs)
    failures, failures_before = by_package(known, known_before)
    return Comparison(
        now=now,
        before=before,
        totals=tuple(_totals(now, before)),
        failures=tuple(_failures(now, before, failures, failures_before)),
        jobs=tuple(_jobs(now, before)),
        durations=tuple(compare_durations(now, before)),
        by_logs=by_logs,
        uneven=_is_uneven(now, before, known, known_before),
    )


def _use_logs(now: Side, before: Side) -> bool:
    """Whether the failures of logs are compared: more than the table has, if read alike.

    Unevenly read ones are used only if the table names no failure at all.
    """
    if not (now.logs or before.logs):
        return False
    is_read_alike = abs(_share(now.logs, now) - _share(before.logs, before)) <= _UNEVEN
    table_names_none = not (now.from_table.named or before.from_table.named)
    return is_read_alike or table_names_none


def _is_uneven(now: Side, before: Side, known: KnownFailures, known_before: KnownFailures) -> bool:
    if not (now.tally.failure and before.tally.failure):
        return False
    return abs(_share(known.named, now) - _share(known_before.named, before)) > _UNEVEN


def _share(runs: int, side: Side) -> float:
    return runs / side.tally.failure if side.tally.failure else 0.0


def _known(side: Side, by_logs: bool) -> KnownFailures:
    return side.with_logs if by_logs else side.from_table


def _totals(now: Side, before: Side) -> Iterator[JobChange]:
    both = now.pr.clusters + now.nightly.clusters, before.pr.clusters + before.nightly.clusters
    pairs = {
        "pull requests": (now.pr.clusters, before.pr.clusters),
        "nightly": (now.nightly.clusters, before.nightly.clusters),
        "together": both,
    }
    samples = [(Sample.of(first), Sample.of(second)) for first, second in pairs.values()]
    for name, rates in zip(pairs, compare_rates(samples), strict=True):
        yield JobChange(name, rates)


def _jobs(now: Side, before: Side) -> list[JobChange]:
    names = sorted(now.jobs.keys() | before.jobs.keys())
    samples = [(_job_sample(now, name), _job_sample(before, name)) for name in names]
    changes = map(JobChange, names, compare_rates(samples))
    return sorted(changes, key=lambda change: (*change.rates.order, change.name))


def _job_sample(side: Side, name: str) -> Sample:
    return Sample.of(side.jobs.get(name, JobSide()).clusters)


def _failures(
    now: Side,
    before: Side,
    known: Mapping[FailureKey, FailureSide],
    known_before: Mapping[FailureKey, FailureSide],
) -> list[FailureChange]:
    keys = sorted(known.keys() | known_before.keys())
    jobs = [_jobs_of(known.get(key), known_before.get(key)) for key in keys]
    samples = [
        (
            _failure_sample(known.get(key), names, now),
            _failure_sample(known_before.get(key), names, before),
        )
        for key, names in zip(keys, jobs, strict=True)
    ]
    changes = []
    for key, names, rates in zip(keys, jobs, compare_rates(samples), strict=True):
        newest = known.get(key) or known_before[key]
        changes.append(FailureChange(newest.kind, newest.name, names, rates, newest.newest))
    return sorted(changes, key=lambda change: (*change.rates.order, change.name, change.kind))


def _jobs_of(*sides: FailureSide | None) -> tuple[str, ...]:
    """The jobs in which a failure was seen on either side, most broken runs first."""
    runs: dict[str, int] = {}
    for side in filter(None, sides):
        for job, number in side.jobs.items():
            runs[job] = runs.get(job, 0) + number
    return tuple(sorted(runs, key=lambda job: (-runs[job], job)))


def _failure_sample(failure: FailureSide | None, jobs: tuple[str, ...], side: Side) -> Sample:
    """The runs that a failure broke, among the finished runs of its jobs."""
    empty = JobSide()
    runs = sum((side.jobs.get(job, empty).tally.finished for job in jobs), 0)
    if failure is None:
        return Sample(0, runs, prs=0, nightly=0)
    return Sample(failure.runs, runs, failure.effect, failure.prs, failure.nightly)

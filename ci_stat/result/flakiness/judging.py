"""Decides what broke the runs that passed on the same commit: a test, a machine, or an outage."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_stat.records import CaseFailure, FailureKey, FailureKind
from ci_stat.result.comparing.side import SeenRun
from ci_stat.result.flakiness.model import Flakiness, FlakyCase, FlakyJob, LostRuns
from ci_stat.result.flakiness.repetitions import (
    FlakyRun,
    JobCommits,
    Repetitions,
    repetitions_of,
)
from ci_stat.result.packages import FailureKeys
from ci_stat.statistics.intervals import wilson

if TYPE_CHECKING:
    from ci_stat.result.result import Result

# As for the outages of reports: any flaky case of a busy project hits three pull requests in two
# hours.
OUTAGE_SPAN = timedelta(hours=2)
OUTAGE_PRS = 5
MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})


class _Cause(StrEnum):
    """What broke a run; the fields of `LostRuns`."""

    CASE = "cases"
    MACHINE = "machines"
    OUTAGE = "outages"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Seen:
    """One failure of one flaky run."""

    run: FlakyRun
    failure: CaseFailure
    in_outage: bool = False


def flakiness_of(res: "Result") -> Flakiness:
    """Judge the runs of a Result."""
    return flakiness(repetitions_of(res))


def flakiness(repetitions: Repetitions) -> Flakiness:
    """Judge a window."""
    runs = repetitions.flaky_runs
    keys = FailureKeys(failure for run in runs for failure in run.failures)
    seen = _by_failure(runs, keys)
    causes = _causes(repetitions.flaky_runs, seen)
    cases = sorted(_cases(seen, repetitions.jobs, keys), key=_surest_first)
    without = [name for name, job in repetitions.jobs.items() if not job.commits.keys]
    commits = sum(repetitions.jobs.values(), JobCommits())
    return Flakiness(
        provenance=repetitions.provenance,
        commits=commits.commits,
        lost=_lost(causes.values()),
        jobs=tuple(_jobs(repetitions, causes)),
        cases=tuple(case for case in cases if case.kind not in MACHINES),
        machines=tuple(case for case in cases if case.kind in MACHINES),
        without_commit=commits.without_commit,
        jobs_without_commits=tuple(
            sorted(name for name in without if repetitions.jobs[name].without_commit)
        ),
        logs=repetitions.logs,
    )


def _by_failure(runs: Iterable[FlakyRun], keys: FailureKeys) -> dict[FailureKey, list[_Seen]]:
    """The failures of flaky runs, oldest first."""
    seen: dict[FailureKey, list[_Seen]] = defaultdict(list)
    for run in sorted(runs, key=_order):
        by_key = {keys.key(failure): failure for failure in reversed(run.failures)}
        for key, failure in by_key.items():
            seen[key].append(_Seen(run, failure))
    return {key: _with_outages(seen_runs) for key, seen_runs in seen.items()}


def _order(run: FlakyRun) -> tuple[datetime, str, int]:
    return (run.run.time or datetime.min, run.run.job, run.run.number)  # noqa: DTZ901 - naive


def _with_outages(seen: list[_Seen]) -> list[_Seen]:
    """Mark what lies in two hours in which this failure hit many pull requests. Oldest first."""
    marked: set[int] = set()
    prs: Counter[object] = Counter()
    oldest = taken = 0  # the oldest within the span; the first that is not marked yet
    for newest, one in enumerate(seen):
        prs[one.run.pr] += 1
        while _time(one) - _time(seen[oldest]) > OUTAGE_SPAN:
            _subtract(prs, seen[oldest].run.pr)
            oldest += 1
        if len(prs) - (None in prs) >= OUTAGE_PRS:
            marked.update(range(max(oldest, taken), newest + 1))
            taken = newest + 1
    return [_Seen(one.run, one.failure, place in marked) for place, one in enumerate(seen)]


def _subtract(counts: Counter[object], key: object) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


def _time(seen: _Seen) -> datetime:
    return seen.run.run.time or datetime.min  # noqa: DTZ901 - naive, as the table's times are


def _causes(
    runs: Sequence[FlakyRun], seen: Mapping[FailureKey, list[_Seen]]
) -> dict[SeenRun, _Cause]:
    """What broke each run: machines if it has no other failure, else an outage, else a test."""
    in_outage = {one.run.run for all_seen in seen.values() for one in all_seen if one.in_outage}
    return {run.run: _cause(run, run.run in in_outage) for run in runs}


def _cause(run: FlakyRun, in_outage: bool) -> _Cause:
    if not run.failures:
        return _Cause.UNKNOWN
    if all(failure.kind in MACHINES for failure in run.failures):
        return _Cause.MACHINE
    return _Cause.OUTAGE if in_outage else _Cause.CASE


def _lost(causes: Iterable[_Cause]) -> LostRuns:
    return LostRuns(**Counter(map(str, causes)))


def _jobs(repetitions: Repetitions, causes: Mapping[SeenRun, _Cause]) -> list[FlakyJob]:
    by_job: dict[str, list[_Cause]] = defaultdict(list)
    for run, cause in causes.items():
        by_job[run.job].append(cause)
    jobs = [
        FlakyJob(name, job.commits, job.without_commit, _lost(by_job[name]))
        for name, job in repetitions.jobs.items()
        if job.commits.mixed
    ]
    return sorted(jobs, key=lambda job: (-job.commits.interval.low, job.name))


def _cases(
    seen: Mapping[FailureKey, list[_Seen]], jobs: Mapping[str, JobCommits], keys: FailureKeys
) -> Iterator[FlakyCase]:
    for all_seen in seen.values():
        flaky = [one for one in all_seen if not one.in_outage]
        if flaky:
            name = keys.name(flaky[0].failure)
            yield _case(name, flaky, len(all_seen) - len(flaky), jobs)


def _case(
    name: str, seen: Sequence[_Seen], in_outages: int, jobs: Mapping[str, JobCommits]
) -> FlakyCase:
    runs = [one.run for one in seen]
    names = Counter(run.run.job for run in runs)
    commits = len({run.commit for run in runs})
    of = sum(jobs[name].commits.keys for name in names)
    first = seen[0].failure
    return FlakyCase(
        kind=first.kind,
        name=name,
        jobs=tuple(sorted(names, key=lambda name: (-names[name], name))),
        commits=commits,
        of=of,
        interval=wilson(commits, of),
        runs=len(runs),
        prs=len({run.pr for run in runs if run.pr}),
        in_outages=in_outages,
        first_seen=runs[0].run.time,
        newest=runs[-1].run,
    )


def _surest_first(case: FlakyCase) -> tuple[float, int, str, str]:
    return (-case.interval.low, -case.commits, case.name, case.kind)

"""The rows of a report: a run, outage, failure, pull request or job as a value of the model."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, Run, Status
from ci_stat.redaction.redact import redacted, redacted_beginning
from ci_stat.reports.inputs import KnownFailures
from ci_stat.reports.model import FailureRow, JobRow, NightlyRow, OutageRow, PRRow, RunRow
from ci_stat.reports.reruns import pr_times
from ci_stat.result import PR, FailInfo, Job, failure_key, is_case
from ci_stat.result.outages import Outage
from ci_stat.result.packages import key_in

_LONGEST = 1_000  # characters of a message; channels show fewer

SHOWN_PR_RUNS = 3
SHOWN_JOB_PRS = 4
SHOWN_FAILURE_JOBS = 3
SHOWN_NIGHTLY_FAILURES = 5


def run_row(run: Run) -> RunRow:
    """A run and its first failure, under the name that the lists of failures use."""
    if not run.failures:
        return RunRow(run.job_name, run.build, run.link, run.time)
    first = run.failures[0]
    name = _name(first)
    message = _message(first.message, case_key(first.name), first.name)
    return RunRow(run.job_name, run.build, run.link, run.time, name, message)


def _message(message: str, *names: str) -> str:
    """The message without secrets, or "" if it only repeats a name."""
    return "" if message in names else redacted_beginning(message, _LONGEST)


def _name(failure: CaseFailure) -> str:
    """Without secrets: the name of a failure without a case is a line of the log."""
    return redacted(case_key(failure.name) if is_case(failure) else failure.name)


@dataclass(frozen=True, slots=True)
class FailureRows:
    """Makes rows of failures. `begin`: of the window; `known`: history and issues."""

    begin: datetime
    known: KnownFailures

    def outage(self, outage: Outage) -> OutageRow:
        """The row of an outage."""
        typical = outage.typical
        first_seen = None if outage.machines else self._first_seen(typical)
        return OutageRow(
            what=_name(typical),
            kind=typical.kind,
            message=_message(typical.message, typical.name),
            runs=len(outage.runs),
            runs_here=len(outage.runs),
            prs=outage.prs,
            authors=outage.authors,
            jobs=len({run.job_name for run in outage.runs}),
            begin=outage.runs[0].time,
            end=outage.runs[-1].time,
            newest=run_row(outage.newest),
            mixed=outage.mixed,
            first_seen=first_seen,
            new=first_seen is not None and self._is_new(first_seen),
            issue=self._issue(typical.name),
        )

    def failure(self, failure: FailInfo) -> FailureRow:
        """The row of a failure. One without a sighting was first seen in its first run here."""
        jobs = list(dict.fromkeys(run.job_name for run in failure.run_list))
        first_seen = self._first_seen(failure.seen[0], failure.package)
        if first_seen is None and self.known.since:
            first_seen = failure.run_list[0].time
        return FailureRow(
            name=redacted(failure.info),
            kind=failure.kind,
            message=_message(failure.message, failure.info),
            runs=failure.fail_cnt(),
            prs=len(failure.prs),
            jobs=tuple(jobs[:SHOWN_FAILURE_JOBS]),
            more_jobs=omitted(jobs, SHOWN_FAILURE_JOBS),
            newest=run_row(failure.run_list[-1]),
            first_seen=first_seen,
            new=self._is_new(first_seen),
            issue=self._issue(failure.info) or self._issue(failure.seen[0].name),
            link=failure.seen[-1].link,
        )

    def nightly(self, job: Job) -> NightlyRow:
        """The row of a nightly job."""
        rows = map(self.failure, job.fail_info_map.values())
        failures = sorted(rows, key=lambda row: not row.new)
        return NightlyRow(
            job=job.job_name,
            tally=job.tally,
            failures=tuple(failures[:SHOWN_NIGHTLY_FAILURES]),
            more=omitted(failures, SHOWN_NIGHTLY_FAILURES),
            newest=run_row(job.runs[-1]),
        )

    def _first_seen(self, failure: CaseFailure, package: str = "") -> datetime | None:
        """`package`: of a test, if its name alone is ambiguous."""
        key, sightings = failure_key(failure), self.known.first_seen
        of_name, of_package = sightings.get(key), sightings.get(key_in(key, package))
        if of_name is None or of_package is None:
            return of_name.first_seen if of_name else None
        first = of_name.first_seen
        of_packages = [
            sighting.first_seen
            for (kind, name), sighting in sightings.items()
            if kind == key[0] and name.startswith(f"{key[1]} in ")
        ]
        # An older sighting, of before packages were known, may be that of any of them.
        return of_package.first_seen if first in of_packages else first

    def _issue(self, name: str) -> str:
        return self.known.issues.get(case_key(name), "")

    def _is_new(self, first_seen: datetime | None) -> bool:
        """Whether the history before the window lacks it. Without a history, no failure is new."""
        since = self.known.since
        has_history = since is not None and since < self.begin
        return has_history and (first_seen is None or first_seen >= self.begin)


def unexplained(runs: Iterable[Run], in_outage: Collection[int]) -> list[Run]:
    """Failed runs that belong to no outage. `in_outage`: ids of the objects of those that do."""
    failed = (run for run in runs if run.status == Status.FAILURE)
    return [run for run in failed if id(run) not in in_outage]


def pr_row(pr: PR, failed: Sequence[Run]) -> PRRow:
    """`failed`: its failed runs that belong to no outage."""
    return PRRow(
        repo=pr.repo,
        number=pr.number,
        branch=pr.branch or "",
        title=pr.title or "",
        author=pr.author or "",
        link=pr.link or "",
        tally=pr.tally,
        rerun_cnt=pr.total_rerun_cnt,
        failed=tuple(map(run_row, failed[:SHOWN_PR_RUNS])),
        more=omitted(failed, SHOWN_PR_RUNS),
        in_outage=pr.fail_cnt - len(failed),
    )


def job_row(job: Job, failed: Sequence[Run]) -> JobRow:
    """`failed`: its failed runs that belong to no outage."""
    times = Counter((run.repo or "", run.pr_number) for run in failed if run.is_pr)
    prs = sorted(times, key=lambda pr: (-times[pr], pr))
    return JobRow(
        job=job.job_name,
        tally=job.tally,
        prs=tuple(pr_times(job.local_prs[pr], times[pr]) for pr in prs[:SHOWN_JOB_PRS]),
        more_prs=omitted(prs, SHOWN_JOB_PRS),
        newest=run_row(failed[-1]),
        in_outage=job.fail_cnt - len(failed),
    )


def omitted(rows: Collection[object], shown: int) -> int:
    """How many of the rows are not shown."""
    return max(0, len(rows) - shown)

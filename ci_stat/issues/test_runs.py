"""Runs of jobs with their failures from test results, as evidence beside or instead of logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Protocol

from msgspec.structs import replace
from sqlalchemy import Engine

from ci_stat.failures.case_identity import dotted, full_name
from ci_stat.records import CaseFailure, FailureKind, Origin, Run, RunFilter, Status
from ci_stat.records.attempts import ATTEMPT_UNIT, MAX_ATTEMPT, stored_number
from ci_stat.records.failure import LogState
from ci_stat.records.run_info import RunInfo
from ci_stat.rendering.format import plural
from ci_stat.store.results.failed_cases import FailedCase, RunFailures, read_failures
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.read import RunFilter as ResultsFilter

SOURCE = "tests"  # of a failure
UNKNOWN = "UNKNOWN"  # the status of a run whose results are missing: it is no evidence
_EXCERPT = 8_000  # characters
_NAMED = 30  # failed tests that the text about a whole run names


class RunEvidence(Protocol):
    """Runs with their failures, beside or instead of those of the CI database."""

    def load(self, wanted: RunFilter) -> list[Run]:
        """The runs of the window and jobs; without jobs none. Raises DatabaseError."""


@dataclass(frozen=True, slots=True)
class TestRuns:
    """The runs of a results database.

    - `origin`: zone of the times. `labels`: only runs that have all of them.
    - `per_job`: a failed run is one failure, of the job with its labels, not one of each test.
    """

    __test__ = False  # pytest collects classes of this name

    engine: Engine
    origin: Origin
    labels: Mapping[str, str] = field(default_factory=dict)
    per_job: bool = False

    def load(self, wanted: RunFilter) -> list[Run]:
        """The runs of the window and jobs that belong to no pull request. Raises DatabaseError.

        Without jobs there are none: the same failures in other jobs are not looked for.
        """
        if not wanted.jobs:
            return []
        filter = ResultsFilter(jobs=wanted.jobs, labels=dict(self.labels))
        window = wanted.window
        begin, end = window.begin.astimezone(UTC), window.end.astimezone(UTC)
        between = ResultsReader(self.engine).runs_between(begin, end, filter)
        runs = [run for run in between if run.info.pull is None]
        failures = read_failures(self.engine, runs)
        return [self._run(run, failures[run.id]) for run in runs]

    def _run(self, stored: StoredRun, outcome: RunFailures) -> Run:
        info = stored.info
        return Run(
            job_name=entry_name(info),
            job_id=_number(stored),
            status=_status(outcome),
            time=stored.started.astimezone(self.origin.zone).replace(tzinfo=None, microsecond=0),
            duration=None,
            repo=info.repo or None,
            branch=info.branch or None,
            commit=info.commit or None,
            comment=None,
            pr_number=0,
            author=None,
            pr_title=None,
            pr_link=None,
            failures=self._failures(info, outcome),
            origin=self.origin,
            log=LogState.READ.value if outcome.failed else "",
            attempt=info.attempt,
            url=info.url or None,
        )

    def _failures(self, info: RunInfo, outcome: RunFailures) -> tuple[CaseFailure, ...]:
        if not outcome.failed:
            return ()
        if self.per_job:
            return (_of_run(info, outcome),)
        return tuple(_of_case(case) for case in outcome.failed)


def entry_name(info: RunInfo) -> str:
    """The job with its labels, which is one entry of a matrix: `nightly (spark=3.5.7)`."""
    labels = ", ".join(f"{key}={value}" for key, value in sorted(info.labels.items()))
    return f"{info.job} ({labels})" if labels else info.job


def _number(stored: StoredRun) -> int:
    number, attempt = stored.info.number, stored.info.attempt
    if number is None:
        return stored.id
    fits = number < ATTEMPT_UNIT and attempt <= MAX_ATTEMPT
    return stored_number(number, attempt) if fits else stored.id


def _status(outcome: RunFailures) -> str:
    if outcome.failed:
        return Status.FAILURE.value
    return Status.SUCCESS.value if outcome.is_whole else UNKNOWN


def _of_case(case: FailedCase) -> CaseFailure:
    return CaseFailure(
        kind=FailureKind.CASE.value,
        name=_name(case),
        message=case.message,
        source=SOURCE,
        suite=case.suite,
        file=case.file,
        line=case.line,
        excerpt=(case.text or case.message)[:_EXCERPT],
    )


def _of_run(info: RunInfo, outcome: RunFailures) -> CaseFailure:
    """One failure for the whole run, which names the failed tests."""
    names = [_name(case) for case in outcome.failed]
    more = len(names) - _NAMED
    lines = [*names[:_NAMED], *([f"... and {plural(more, 'more test')}"] if more > 0 else [])]
    return CaseFailure(
        kind=FailureKind.CASE.value,
        name=entry_name(info),
        message=f"{len(names):,} failed of {plural(outcome.tests, 'test')}",
        source=SOURCE,
        excerpt="\n".join(lines)[:_EXCERPT],
    )


def _name(case: FailedCase) -> str:
    place = dotted(case.class_name) or dotted(case.file)
    return full_name(place, case.name) + case.parameters


def joined(runs: Sequence[Run], tests: Sequence[Run]) -> list[Run]:
    """The runs of both sources, each once.

    Of a run in both, test results say which tests failed, and the log says what else did.
    """
    known = {(run.job_name, run.job_id): run for run in tests}
    rest = [run for run in runs if (run.job_name, run.job_id) not in known]
    merged = dict(known)
    for run in runs:
        own = known.get((run.job_name, run.job_id))
        if own is not None:
            merged[run.job_name, run.job_id] = _merged(run, own)
    return [*rest, *merged.values()]


def _merged(run: Run, tests: Run) -> Run:
    others = tuple(one for one in run.failures if one.kind != FailureKind.CASE or one.guess)
    failures = (*others, *tests.failures) if tests.failures else run.failures
    status = tests.status if tests.status == Status.FAILURE else run.status
    return replace(run, failures=failures, status=status)

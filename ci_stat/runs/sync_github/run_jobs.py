"""Reads the jobs of one workflow run, in all its attempts, and stores them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.connectors.github.actions import Actions
from ci_stat.connectors.github.actions_schema import (
    PullRequest,
    Repository,
    WorkflowJob,
    WorkflowRun,
)
from ci_stat.connectors.jenkins.builds import analysis_of
from ci_stat.errors import BadRecord
from ci_stat.records import LogState, RunRow, Status
from ci_stat.runs.store_builds import write_again
from ci_stat.runs.sync_github.model import GitHubPlan, GitHubResult
from ci_stat.runs.sync_github.pulls import PULL_EVENTS, PullFinder
from ci_stat.runs.sync_github.rows import (
    STARTUP_FAILURE,
    STATUSES,
    job_name,
    own_jobs,
    row_of,
    startup_row,
)
from ci_stat.store.ci_data.actions_runs import stored_runs

_NOT_COUNTED = ("skipped", "neutral", "action_required", "stale")


@dataclass(frozen=True)
class RunReader:
    """Reads and stores the runs of one repository. It counts in `result` what it did.

    `remember`: called with a job, by name and number, that the table has now.
    """

    engine: Engine
    actions: Actions
    repository: Repository
    zone: ZoneInfo
    plan: GitHubPlan
    result: GitHubResult
    pulls: PullFinder
    remember: Callable[[str, int], None]

    def read(self, run: WorkflowRun, read_before: int) -> bool:
        """Store the jobs of all attempts that have ended. Existing rows are not changed.

        `read_before`: attempts up to this one are stored already.

        Returns whether a job of these attempts has not ended. Raises SourceError, DatabaseError.
        """
        jobs, reappeared = own_jobs(self._jobs(run))
        ended = [job for job in jobs if read_before < job.attempt <= run.ended_attempts]
        self.result.reappeared += reappeared
        self._store(run, [job for job in ended if self._counts(job)], bool(jobs))
        return any(not job.conclusion for job in ended)

    def _jobs(self, run: WorkflowRun) -> list[WorkflowJob]:
        """All jobs; those of an attempt that the list lacks are requested separately."""
        name = self.repository.name
        jobs, problems = self.actions.jobs(name, run.id)
        listed = {job.attempt for job in jobs}
        missing = [number for number in range(1, run.attempt) if jobs and number not in listed]
        for attempt in missing:
            more, more_problems = self.actions.attempt_jobs(name, run.id, attempt)
            jobs, problems = jobs + more, problems + more_problems
        self.result.left_out.update(f"because {problem}" for problem in problems)
        return jobs

    def _counts(self, job: WorkflowJob) -> bool:
        """Whether a job is stored. If it is not, count why."""
        if job.conclusion in STATUSES:
            return True
        if job.conclusion in _NOT_COUNTED:
            self.result.not_counted[job.conclusion] += 1
        elif job.conclusion:
            self.result.left_out[f"with the unknown conclusion {job.conclusion}"] += 1
        return False

    def _store(self, run: WorkflowRun, jobs: list[WorkflowJob], has_jobs: bool) -> None:
        did_not_start = run.conclusion == STARTUP_FAILURE and not has_jobs
        if not jobs and not did_not_start:
            return

        pull = self.pulls.find(run)
        if pull is None and run.event in PULL_EVENTS:
            self.result.without_pull += 1
        rows = list(self._startup_rows(run, pull) if did_not_start else self._rows(run, jobs, pull))
        stored = self._write(rows)
        self._remember_newest(stored if rows else self._stored_keys(run, jobs))

    def _write(self, rows: list[RunRow]) -> set[tuple[str, int]]:
        """Store rows and count them; return job and number of those that the table has now."""
        refused = dict(write_again(self.engine, rows))
        self.result.left_out.update(f"because {error}" for error in refused.values())
        self.result.stored += len(rows) - len(refused)
        self.result.times.add(rows)
        stored = [row for index, row in enumerate(rows) if index not in refused]
        return {(row.job, row.job_id) for row in stored}

    def _remember_newest(self, keys: set[tuple[str, int]]) -> None:
        if keys:
            self.remember(*max(keys, key=lambda key: key[1]))

    def _stored_keys(self, run: WorkflowRun, jobs: list[WorkflowJob]) -> set[tuple[str, int]]:
        return stored_runs(self.engine, [(job_name(run, job), job.id) for job in jobs])

    def _rows(
        self, run: WorkflowRun, jobs: list[WorkflowJob], pull: PullRequest | None
    ) -> Iterator[RunRow]:
        """The rows of the jobs that are not stored yet."""
        keys = [(job_name(run, job), job.id) for job in jobs]
        stored = stored_runs(self.engine, keys)
        missing = [job for key, job in zip(keys, jobs, strict=True) if key not in stored]
        self.result.repeated += sum(job.attempt > 1 for job in missing)
        for job in missing:
            try:
                analysis = self._analysis(run, job)
                yield row_of(run, job, pull, self.repository.name, self.zone, analysis)
            except BadRecord as error:
                self.result.left_out[f"because {error}"] += 1

    def _startup_rows(self, run: WorkflowRun, pull: PullRequest | None) -> Iterator[RunRow]:
        row = startup_row(run, pull, self.repository.name, self.zone)
        if not stored_runs(self.engine, [(row.job, row.job_id)]):
            yield row

    def _analysis(self, run: WorkflowRun, job: WorkflowJob) -> dict[str, Any] | None:
        """`analysis_res` of a failed job; None if its log is unknown."""
        if self.plan.read_log is None or STATUSES[job.conclusion] != Status.FAILURE:
            return None
        name = job_name(run, job)
        extraction = self.plan.read_log(self.repository.name, name, job.id)
        self.result.logs[extraction.state] += 1
        analysis = analysis_of(extraction)
        # A log that was not read to its end cannot prove that there are no failures.
        return analysis if analysis or extraction.state == LogState.READ else None

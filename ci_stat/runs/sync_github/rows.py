"""Jobs of GitHub Actions as rows of `ci_data`. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.connectors.github.actions_schema import PullRequest, WorkflowJob, WorkflowRun
from ci_stat.errors import BadRecord
from ci_stat.records import (
    ATTEMPT_KEY,
    NUMBER_KEY,
    URL_KEY,
    RunRow,
    Status,
    stored_number,
)

STATUSES = {
    "success": Status.SUCCESS,
    "failure": Status.FAILURE,
    "timed_out": Status.FAILURE,
    "startup_failure": Status.FAILURE,
    "cancelled": Status.ABORTED,
}
STARTUP_FAILURE = "startup_failure"
_MILLISECOND = timedelta(milliseconds=1)


def job_name(run: WorkflowRun, job: WorkflowJob) -> str:
    """`workflow / job`."""
    return f"{job.workflow or run.workflow} / {job.name}"


def own_jobs(jobs: Iterable[WorkflowJob]) -> tuple[list[WorkflowJob], int]:
    """The jobs that ran, each in its first attempt, and the number of those that only reappear.

    A rerun of the failed jobs lists the others again: with their ids, or as copies with new ids and
    the old times.
    """
    own: dict[int, WorkflowJob] = {}
    seen: dict[tuple[object, ...], int] = {}
    reappeared = 0
    for job in sorted(jobs, key=lambda job: (job.attempt, job.id)):
        execution = (job.name, job.started_at, job.completed_at, job.conclusion)
        first = seen.setdefault(execution, job.attempt)
        if job.id in own or (job.completed_at is not None and first < job.attempt):
            reappeared += 1
        else:
            own[job.id] = job
    return list(own.values()), reappeared


def row_of(
    run: WorkflowRun,
    job: WorkflowJob,
    pull: PullRequest | None,
    repo: str,
    zone: ZoneInfo,
    analysis: dict[str, Any] | None,
) -> RunRow:
    """A job that has ended. Raises BadRecord for a time that no table can store."""
    queued = _milliseconds(job.started_at - job.created_at)
    duration = None if job.completed_at is None else job.completed_at - job.started_at
    description: dict[str, Any] = {
        **_pull_parameters(pull),
        ATTEMPT_KEY: job.attempt,
        "ci_stat_run": str(run.id),
        URL_KEY: job.url or run.url,
        "ci_stat_event": run.event,
        "ci_stat_conclusion": job.conclusion,
    }
    if queued is not None:
        description["ci_stat_queue_ms"] = queued
    return RunRow(
        job=job_name(run, job),
        job_id=job.id,
        status=STATUSES[job.conclusion],
        time=_wall_clock(job.started_at, zone),
        duration=None if duration is None else _milliseconds(duration),
        commit=run.sha or None,
        branch=_branch(run, pull),
        repo=repo,
        description=description,
        analysis_res=analysis,
    )


def startup_row(run: WorkflowRun, pull: PullRequest | None, repo: str, zone: ZoneInfo) -> RunRow:
    """A run that did not start, e.g. because its file is invalid: it has no jobs."""
    description = {
        **_pull_parameters(pull),
        ATTEMPT_KEY: run.attempt,
        NUMBER_KEY: run.id,
        "ci_stat_run": str(run.id),
        URL_KEY: run.url,
        "ci_stat_event": run.event,
        "ci_stat_conclusion": STARTUP_FAILURE,
    }
    return RunRow(
        job=run.workflow,
        job_id=stored_number(run.id, run.attempt),
        status=Status.FAILURE,
        time=_wall_clock(run.started_at, zone),
        commit=run.sha or None,
        branch=_branch(run, pull),
        repo=repo,
        description=description,
    )


def _branch(run: WorkflowRun, pull: PullRequest | None) -> str | None:
    """The target branch of a pull request, else the branch of the commit."""
    return (pull.base if pull else "") or run.branch or None


def _pull_parameters(pull: PullRequest | None) -> dict[str, str]:
    """The pull request under the names that the table's readers know."""
    if pull is None:
        return {}
    values = {
        "ghprbPullId": str(pull.number),
        "ghprbPullAuthorLogin": pull.author,
        "ghprbPullTitle": pull.title,
        "ghprbPullLink": pull.url,
    }
    return {name: value for name, value in values.items() if value}


def _milliseconds(length: timedelta) -> int | None:
    """None for a negative length: GitHub's times of jobs that never started are out of order."""
    milliseconds = length // _MILLISECOND
    return milliseconds if milliseconds >= 0 else None


def _wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    try:
        return moment.astimezone(zone).replace(tzinfo=None, fold=0, microsecond=0)
    except (OverflowError, ValueError):
        raise BadRecord("its start is not a time that a table can store") from None

"""Endpoints of GitHub Actions and of pull requests."""

import re
from datetime import UTC, datetime

from tests.support.github import actions_shapes, refusals
from tests.support.github.actions import WorkflowRun
from tests.support.github.paging import paged
from tests.support.github.records import Answer, Call
from tests.support.github.state import GitHub

_INVALID = "Resource not accessible by personal access token"
_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"


def _admit(github: GitHub, repo: str, part: str) -> None:
    if repo.lower() != github.repo.lower():
        raise refusals.not_found()
    if part in github.actions.denied:
        refused = refusals.refused(403, _INVALID)
        permission = {"actions": "actions=read", "pulls": "pull_requests=read"}[part]
        refused.answer.headers["X-Accepted-GitHub-Permissions"] = permission
        raise refused


def list_runs(github: GitHub, call: Call, repo: str) -> Answer:
    """Newest first. A search shows its first 1,000 results; later pages are empty."""
    _admit(github, repo, "actions")
    actions = github.actions
    runs = sorted(actions.runs.values(), key=lambda run: (run.created_at, run.id), reverse=True)
    runs = [run for run in runs if _matches(github, call, run)]
    total = len(runs)
    if {"actor", "branch", "event", "status", "created", "head_sha"} & set(call.query):
        runs = runs[: actions.cap]
    if actions.count_capped:
        total = min(total, actions.cap)
    page, headers = paged(github, call, runs)
    shown = [actions_shapes.workflow_run(github, run) for run in page]
    return Answer(200, {"total_count": total, "workflow_runs": shown}, headers)


def list_workflows(github: GitHub, call: Call, repo: str) -> Answer:
    """Those that have runs."""
    _admit(github, repo, "actions")
    named = {run.path: run.workflow for run in github.actions.runs.values()}
    page, headers = paged(github, call, sorted(named.items()))
    shown = [actions_shapes.workflow(github, path, name) for path, name in page]
    return Answer(200, {"total_count": len(named), "workflows": shown}, headers)


def _matches(github: GitHub, call: Call, run: WorkflowRun) -> bool:
    query = call.query
    created = _created(github, query["created"]) if "created" in query else None
    return (
        (created is None or created[0] <= run.created_at <= created[1])
        and query.get("branch", run.branch) == run.branch
        and query.get("event", run.event) == run.event
        and query.get("head_sha", run.sha) == run.sha
        and query.get("status", run.last.status) in (run.last.status, run.last.conclusion)
    )


def _created(github: GitHub, text: str) -> tuple[datetime, datetime]:
    """Both ends of `A..B` belong to it."""
    match = re.fullmatch(rf"{_TIME}\.\.{_TIME}", text)
    if match is None:
        github.findings.append(f"created={text} is not a range of times")
        raise refusals.refused(422, "Validation Failed")
    first, last = (datetime.fromisoformat(time).astimezone(UTC) for time in match.groups())
    return first, last


def _run_of(github: GitHub, repo: str, number: str) -> WorkflowRun:
    _admit(github, repo, "actions")
    run = github.actions.runs.get(int(number))
    if run is None:
        raise refusals.not_found()
    return run


def get_run(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    return Answer(200, actions_shapes.workflow_run(github, _run_of(github, repo, number)))


def list_jobs(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    run = _run_of(github, repo, number)
    latest = call.query.get("filter", "latest") == "latest"
    jobs = run.last.jobs if latest else github.actions.jobs(run)
    page, headers = paged(github, call, [actions_shapes.job(github, run, job) for job in jobs])
    return Answer(200, {"total_count": len(jobs), "jobs": page}, headers)


def list_attempt_jobs(github: GitHub, call: Call, repo: str, number: str, attempt: str) -> Answer:
    run = _run_of(github, repo, number)
    if not 1 <= int(attempt) <= len(run.attempts):
        raise refusals.not_found()
    jobs = actions_shapes.attempt_jobs(github, run, run.attempts[int(attempt) - 1])
    page, headers = paged(github, call, jobs)
    return Answer(200, {"total_count": len(jobs), "jobs": page}, headers)


def get_job(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    _admit(github, repo, "actions")
    found = github.actions.job(int(number))
    if found is None:
        raise refusals.not_found()
    return Answer(200, actions_shapes.job(github, *found))


def get_log(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    """A redirect to the storage. Without a token GitHub refuses, also in a public repository."""
    _admit(github, repo, "actions")
    if not call.token:
        raise refusals.refused(403, refusals.NO_RIGHT)
    found = github.actions.job(int(number))
    if found is None or found[1].conclusion is None:
        raise refusals.not_found()
    if found[1].log_status == 410:
        raise refusals.refused(410, "Server Error")
    if found[1].log_status != 200:
        raise refusals.not_found()
    signed = github.signatures.address(found[1].id)
    address = github.actions.elsewhere or f"{github.actions.storage}{signed}"
    return Answer(302, headers={"Location": address}, raw=b"", kind="text/html; charset=utf-8")


def list_pulls_of_commit(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    """Open and merged pull requests; closed ones are left out."""
    _admit(github, repo, "pulls")
    if not re.fullmatch("[0-9a-f]{40}", sha):
        raise refusals.refused(422, f"No commit found for SHA: {sha}")
    pulls = [
        pull
        for pull in github.actions.pulls.values()
        if pull.sha == sha and (pull.state == "open" or pull.merged)
    ]
    page, headers = paged(github, call, [actions_shapes.pull(github, pull) for pull in pulls])
    return Answer(200, page, headers)


def list_pulls(github: GitHub, call: Call, repo: str) -> Answer:
    _admit(github, repo, "pulls")
    state, head = call.query.get("state", "open"), call.query.get("head")
    pulls = [
        pull
        for pull in sorted(github.actions.pulls.values(), key=lambda pull: -pull.number)
        if state in ("all", pull.state)
        and head in (None, f"{pull.head_repo.partition('/')[0]}:{pull.branch}")
    ]
    page, headers = paged(github, call, [actions_shapes.pull(github, pull) for pull in pulls])
    return Answer(200, page, headers)


def get_pull(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    _admit(github, repo, "pulls")
    pull = github.actions.pulls.get(int(number))
    if pull is None:
        raise refusals.not_found()
    return Answer(200, actions_shapes.single_pull(github, pull))

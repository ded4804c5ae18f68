"""Answers a request: authentication, rate limits, then the endpoint."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from tests.support.github import actions_endpoints as actions
from tests.support.github import comments, issues, others, publishing, refusals
from tests.support.github.code import Code, data, people, pulls
from tests.support.github.records import Answer, Call, Refused
from tests.support.github.search import search_issues
from tests.support.github.shapes import number_of
from tests.support.github.state import GitHub

_PAGES = ("per_page", "page")
_ISSUES = ("state", "creator", "labels", "since", "sort", "direction", "after", "before", *_PAGES)
_REPO = "/repos/([^/]+/[^/]+)"
_ONE = f"{_REPO}/issues/([0-9]+)"
_RUN = f"{_REPO}/actions/runs/([0-9]+)"
_JOB = f"{_REPO}/actions/jobs/([0-9]+)"
_CHECKS = ("check_name", "filter", *_PAGES)
_RUNS = (
    *("actor", "branch", "event", "status", "created", "exclude_pull_requests"),
    *("check_suite_id", "head_sha", *_PAGES),
)


@dataclass(frozen=True)
class Route:
    """An endpoint. `query`: its parameters."""

    method: str
    path: str
    handle: Callable[..., Answer]
    query: tuple[str, ...] = ()


ROUTES = (
    Route("GET", _REPO, others.get_repository),
    Route("GET", f"{_REPO}/issues", issues.list_issues, _ISSUES),
    Route("POST", f"{_REPO}/issues", issues.create_issue),
    Route("GET", _ONE, issues.get_issue),
    Route("PATCH", _ONE, issues.edit_issue),
    Route("GET", f"{_ONE}/comments", comments.list_comments, ("since", *_PAGES)),
    Route("POST", f"{_ONE}/comments", comments.create_comment),
    Route("GET", f"{_REPO}/issues/comments/([0-9]+)", comments.get_comment),
    Route("PATCH", f"{_REPO}/issues/comments/([0-9]+)", comments.edit_comment),
    Route("DELETE", f"{_REPO}/issues/comments/([0-9]+)", comments.delete_comment),
    Route("POST", f"{_REPO}/statuses/([^/]+)", publishing.create_status),
    Route("GET", f"{_REPO}/commits/([^/]+)/status", publishing.combined_status, _PAGES),
    Route("GET", f"{_REPO}/commits/([^/]+)/statuses", publishing.list_statuses, _PAGES),
    Route("POST", f"{_REPO}/check-runs", publishing.create_check),
    Route("PATCH", f"{_REPO}/check-runs/([0-9]+)", publishing.update_check),
    Route("GET", f"{_REPO}/commits/([^/]+)/check-runs", publishing.list_checks, _CHECKS),
    Route("GET", f"{_REPO}/labels", others.list_labels, _PAGES),
    Route("POST", f"{_REPO}/labels", others.create_label),
    Route("GET", f"{_REPO}/labels/(.+)", others.get_label),
    Route("GET", f"{_ONE}/labels", others.list_issue_labels, _PAGES),
    Route("POST", f"{_ONE}/labels", others.add_labels),
    Route("GET", f"{_REPO}/actions/workflows", actions.list_workflows, _PAGES),
    Route("GET", f"{_REPO}/actions/runs", actions.list_runs, _RUNS),
    Route("GET", _RUN, actions.get_run, ("exclude_pull_requests",)),
    Route("GET", f"{_RUN}/jobs", actions.list_jobs, ("filter", *_PAGES)),
    Route("GET", f"{_RUN}/attempts/([0-9]+)/jobs", actions.list_attempt_jobs, _PAGES),
    Route("GET", _JOB, actions.get_job),
    Route("GET", f"{_JOB}/logs", actions.get_log),
    Route("GET", f"{_REPO}/commits/([^/]+)/pulls", actions.list_pulls_of_commit, _PAGES),
    Route("GET", f"{_REPO}/pulls", actions.list_pulls, ("state", "head", "base", *_PAGES)),
    Route("GET", f"{_REPO}/pulls/([0-9]+)", actions.get_pull),
    Route("GET", "/search/issues", search_issues, ("q", "sort", "order", *_PAGES)),
    Route("GET", "/user", others.get_viewer),
    Route("GET", "/users/([^/]+)", others.get_user),
    Route("GET", "/rate_limit", others.get_rates),
)

_PULLS = ("state", "head", "base", "sort", "direction", *_PAGES)
_PULL = f"{_REPO}/pulls/([0-9]+)"
CODE_ROUTES = (
    Route("GET", _REPO, people.get_repository),
    Route("GET", f"{_REPO}/collaborators/([^/]+)", people.is_collaborator),
    Route("GET", "/orgs/([^/]+)/members/([^/]+)", people.is_member),
    Route("GET", f"{_REPO}/git/ref/(.+)", data.get_ref),
    Route("GET", f"{_REPO}/git/matching-refs/(.+)", data.matching_refs),
    Route("POST", f"{_REPO}/git/refs", data.create_ref),
    Route("DELETE", f"{_REPO}/git/refs/(.+)", data.delete_ref),
    Route("POST", f"{_REPO}/git/trees", data.create_tree),
    Route("GET", f"{_REPO}/git/commits/([^/]+)", data.get_commit),
    Route("POST", f"{_REPO}/git/commits", data.create_commit),
    Route("GET", f"{_REPO}/contents/(.+)", data.get_content, ("ref",)),
    Route("GET", f"{_REPO}/pulls", pulls.list_pulls, _PULLS),
    Route("POST", f"{_REPO}/pulls", pulls.create_pull),
    Route("GET", _PULL, pulls.get_pull),
    Route("PATCH", _PULL, pulls.edit_pull),
    Route("GET", f"{_PULL}/files", pulls.list_files, _PAGES),
)
"""Of a stand-in with code; they come before the others."""

_UNDESCRIBED = re.compile("/repos/[^/]+/[^/]+/collaborators/[^/]+|/orgs/[^/]+/members/[^/]+")


def received(github: GitHub, call: Call, at: float) -> None:
    """Record a request, by the name of its repository. `at`: seconds of the real clock."""
    call.path = _named(github, call.path)
    try:
        call.json = json.loads(call.raw) if call.raw else None
    except ValueError:
        call.json = None
    github.rate.renew(github.now)
    github.search_rate.renew(github.now)
    github.requests.append(call)
    if not call.writes:
        return
    github.write_gaps += [] if github.last_write is None else [at - github.last_write]
    github.last_write = at


def _named(github: GitHub, path: str) -> str:
    by_number = re.match(r"/repositories/([0-9]+)(?=/|$)", path)
    if by_number is None:
        return path
    names = {github.repo, *(repo for repo, _ in github.elsewhere)}
    names |= github.code.repos if isinstance(github.code, Code) else set()
    numbers = {number_of(name): name for name in names}
    name = numbers.get(int(by_number[1]))
    return path if name is None else f"/repos/{name}{path[by_number.end() :]}"


def answer(github: GitHub, call: Call) -> Answer:
    """Process a request, check it and the answer by the contract, and return the answer."""
    body, contract = call.json, github.contract
    try:
        result = _answer(github, call)
    except Refused as refused:
        result = refused.answer
    if contract is not None and not _UNDESCRIBED.fullmatch(call.path):
        method, path = call.method, call.path
        github.findings += contract.of_request(method, path, call.query, body)
        github.findings += contract.of_answer(method, path, result.status, result.value)
    return _conditional(github, call, result)


def _conditional(github: GitHub, call: Call, result: Answer) -> Answer:
    """With an ETag; 304 if the client has this one. A 304 is free for a client with a token."""
    if result.status != 200 or call.writes:
        return result
    content = json.dumps(result.value).encode() + result.headers.get("Link", "").encode()
    tag = f'W/"{hashlib.sha256(content).hexdigest()}"'
    if call.headers.get("if-none-match") != tag:
        result.headers["ETag"] = tag
        return result
    if call.token:
        github.rate.remaining += 1
    return Answer(304, headers={"ETag": tag}, raw=b"")


def _answer(github: GitHub, call: Call) -> Answer:
    _admit(github, call)
    people.check_renamed(github, call)
    routes: tuple[Route, ...] = (*CODE_ROUTES, *ROUTES) if github.code else ROUTES
    for route in routes:
        match = re.fullmatch(route.path, call.path)
        if match is not None and route.method == call.method:
            _check_query(github, call, route)
            return route.handle(github, call, *map(unquote, match.groups()))
    github.findings.append(f"{call.method} {call.path}: no such operation here")
    raise refusals.not_found()


def _admit(github: GitHub, call: Call) -> None:
    """GitHub's checks in their order: authentication, rate limit, media types."""
    if not call.headers.get("user-agent"):
        raise Refused(Answer(403, raw=refusals.NO_AGENT.encode(), kind="text/html; charset=utf-8"))
    scheme, _, token = call.token.partition(" ")
    if not call.token and not (github.anonymous and call.method == "GET"):
        raise refusals.refused(401, "Requires authentication")
    if call.token and (scheme.lower() not in ("token", "bearer") or token != github.token):
        raise refusals.refused(401, "Bad credentials")
    rate = github.search_rate if call.path.startswith("/search/") else github.rate
    rate = rate if call.token else github.anonymous_rate
    if call.path != "/rate_limit" and not rate.take(github.now):
        raise Refused(refusals.exhausted())
    if not re.search(r"json|\*/\*", call.headers.get("accept", "")):
        raise refusals.refused(415, "Unsupported 'Accept' header. Must accept 'application/json'.")
    if call.raw and "json" not in call.headers.get("content-type", ""):
        github.findings.append(f"{call.method} {call.path}: a body that is not called JSON")


def _check_query(github: GitHub, call: Call, route: Route) -> None:
    for name in call.query:
        if name not in route.query:
            github.findings.append(f"{call.method} {call.path}: unknown query parameter {name}")

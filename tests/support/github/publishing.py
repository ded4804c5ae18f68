"""Endpoints of commit statuses and check runs."""

import re
from typing import Any

from tests.support.github import actions_shapes, refusals, rules, shapes
from tests.support.github.paging import paged
from tests.support.github.records import Answer, Call, stamp
from tests.support.github.state import GitHub

_STATES = ("error", "failure", "pending", "success")
_CONCLUSIONS = (
    *("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"),
)
_LEVELS = ("notice", "warning", "failure")
_NOT_APP = "You must authenticate via a GitHub App."
_MAX_PER_CONTEXT = 1_000
Json = dict[str, Any]


def _admit(github: GitHub, repo: str, sha: str, part: str) -> None:
    if repo.lower() != github.repo.lower():
        raise refusals.not_found()
    if part in github.denied:
        raise refusals.refused(403, "Resource not accessible by integration")
    if not re.fullmatch("[0-9a-f]{40}", sha) or sha in github.unknown_commits:
        raise refusals.refused(422, f"No commit found for SHA: {sha}")


def create_status(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    _admit(github, repo, sha, "statuses")
    fields = {
        "state": "string",
        "context": "string",
        "description": "string?",
        "target_url": "string?",
    }
    given = rules.body_of(github, call, fields, ("state",))
    if given["state"] not in _STATES:
        raise refusals.invalid({"resource": "Status", "code": "custom", "field": "state"})
    if len(given.get("description") or "") > 140:
        raise refusals.invalid(refusals.too_long("Status", "description", 140))
    _check_address(given.get("target_url"))
    known = github.statuses.setdefault(sha, [])
    context = given.get("context", "default")
    if sum(status["context"] == context for status in known) >= _MAX_PER_CONTEXT:
        raise refusals.invalid({"resource": "Status", "code": "custom", "field": "context"})
    status = add_status(github, sha, given | {"context": context}, github.login)
    call.made = f"status {context}"
    return Answer(201, status)


def add_status(github: GitHub, sha: str, given: Json, login: str) -> Json:
    """Store a status that `login` sets."""
    known = github.statuses.setdefault(sha, [])
    status = _status(github, sha, given, sum(map(len, github.statuses.values())))
    status["creator"] = shapes.user(github, login)
    known.append(status)
    return status


def list_statuses(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    """All statuses of a commit, the newest first."""
    _admit(github, repo, sha, "")
    page, headers = paged(github, call, github.statuses.get(sha, [])[::-1])
    return Answer(200, page, headers)


def _check_address(url: str | None) -> None:
    if url is not None and not re.fullmatch(r"https?://[^\s]+", url):
        raise refusals.invalid({"resource": "Status", "code": "custom", "field": "target_url"})


def _status(github: GitHub, sha: str, given: Json, number: int) -> Json:
    id = 40_000_000_001 + number
    return {
        "url": f"{github.url}/repos/{github.repo}/statuses/{sha}",
        "avatar_url": "https://avatars.githubusercontent.com/u/1?v=4",
        "id": id,
        "node_id": f"SC_{id}",
        "state": given["state"],
        "description": given.get("description"),
        "target_url": given.get("target_url"),
        "context": given["context"],
        "created_at": stamp(github.moment),
        "updated_at": stamp(github.moment),
    }


def combined_status(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    """The newest status of each context. Contexts ignore case."""
    _admit(github, repo, sha, "")
    newest = {status["context"].casefold(): status for status in github.statuses.get(sha, [])}
    states = {status["state"] for status in newest.values()}
    bad = "failure" if states & {"failure", "error"} else None
    state = bad or ("pending" if "pending" in states or not states else "success")
    statuses = [_without_creator(status) for status in newest.values()]
    page, headers = paged(github, call, statuses)
    value = {
        "state": state,
        "sha": sha,
        "total_count": len(newest),
        "statuses": page,
        "repository": actions_shapes.minimal_repository(github, github.repo),
        "commit_url": f"{github.url}/repos/{github.repo}/commits/{sha}",
        "url": f"{github.url}/repos/{github.repo}/commits/{sha}/status",
    }
    return Answer(200, value, headers)


def _without_creator(status: Json) -> Json:
    return {name: value for name, value in status.items() if name != "creator"}


_CHECK_FIELDS = {
    "name": "string",
    "head_sha": "string",
    "details_url": "string",
    "external_id": "string",
    "status": "string",
    "conclusion": "string",
    "completed_at": "string",
}


def create_check(github: GitHub, call: Call, repo: str) -> Answer:
    """Only an App may create one."""
    given = call.json if isinstance(call.json, dict) else {}
    _admit(github, repo, str(given.get("head_sha")), "checks")
    if not github.is_app:
        raise refusals.refused(403, _NOT_APP, "/checks/runs#create-a-check-run")
    output = given.get("output", {})
    plain = {name: value for name, value in given.items() if name != "output"}
    rules.check_fields(github, call, plain, _CHECK_FIELDS, ("name", "head_sha"))
    _check_output(output)
    if given.get("conclusion") not in (*_CONCLUSIONS, None):
        raise refusals.malformed(f"{given['conclusion']!r} is not a conclusion.")
    id = 50_000_000_001 + len(github.checks)
    plain.setdefault("started_at", stamp(github.moment))
    check = plain | {"id": id, "annotations": [*output.get("annotations", [])], "output": output}
    github.checks[id] = _ended(github, check)
    call.made = f"check run {id}"
    return Answer(201, _check(github, check))


def update_check(github: GitHub, call: Call, repo: str, id: str) -> Answer:
    """Annotations are appended to those that exist."""
    if repo.lower() != github.repo.lower() or int(id) not in github.checks:
        raise refusals.not_found()
    if not github.is_app:
        raise refusals.refused(403, _NOT_APP, "/checks/runs#update-a-check-run")
    check, given = github.checks[int(id)], call.json
    output = given.get("output", {})
    _check_output(output)
    check["annotations"] += output.get("annotations", [])
    check["output"] = check["output"] | output
    check |= {name: value for name, value in given.items() if name != "output"}
    return Answer(200, _check(github, _ended(github, check)))


def _ended(github: GitHub, check: Json) -> Json:
    """The check run, which ends when its conclusion is known."""
    if check.get("conclusion"):
        check.setdefault("completed_at", stamp(github.moment))
    return check


def _check_output(output: Json) -> None:
    for name in ("title", "summary"):
        if output and not output.get(name):
            raise refusals.malformed(f'"{name}" wasn\'t supplied.', "/checks/runs")
    for name in ("summary", "text"):
        if len(output.get(name) or "") > 65_535:
            raise refusals.invalid(refusals.too_long("CheckRun", name, 65_535))
    annotations = output.get("annotations", [])
    if len(annotations) > 50:
        raise refusals.malformed("No more than 50 items are allowed.", "/checks/runs")
    for annotation in annotations:
        needed = {"path", "start_line", "end_line", "annotation_level", "message"}
        if not needed <= annotation.keys() or annotation["annotation_level"] not in _LEVELS:
            raise refusals.malformed("an annotation is invalid.", "/checks/runs")
        if annotation["path"].startswith("/") or ".." in annotation["path"].split("/"):
            raise refusals.malformed("path is not one of the repository.", "/checks/runs")
        if len(annotation["message"].encode()) > 65_536 or len(annotation.get("title", "")) > 255:
            raise refusals.malformed("an annotation is too long.", "/checks/runs")


def list_checks(github: GitHub, call: Call, repo: str, sha: str) -> Answer:
    """The newest of each name in each suite, or all of them; the newest first."""
    _admit(github, repo, sha, "")
    name, newest = call.query.get("check_name"), call.query.get("filter", "latest") == "latest"
    checks = [
        check
        for check in github.checks.values()
        if check["head_sha"] == sha and name in (None, check["name"])
    ]
    if newest:
        by_name = {(check.get("suite"), check["name"]): check for check in checks}
        checks = [check for check in checks if check in by_name.values()]
    page, headers = paged(github, call, list(reversed(checks)))
    shown = [_check(github, check) for check in page]
    return Answer(200, {"total_count": len(checks), "check_runs": shown}, headers)


def _check(github: GitHub, check: Json) -> Json:
    base = f"{github.url}/repos/{github.repo}/check-runs/{check['id']}"
    output = check["output"]
    return {
        "id": check["id"],
        "node_id": f"CR_{check['id']}",
        "head_sha": check["head_sha"],
        "external_id": check.get("external_id", ""),
        "name": check["name"],
        "url": base,
        "html_url": f"{shapes.WEB}/{github.repo}/runs/{check['id']}",
        "details_url": check.get("details_url"),
        "status": "completed" if check.get("conclusion") else check.get("status", "queued"),
        "conclusion": check.get("conclusion"),
        "started_at": check["started_at"],
        "completed_at": check.get("completed_at"),
        "check_suite": {"id": check.get("suite", 5)},
        "app": _app(github, check["app"]) if "app" in check else None,
        "pull_requests": [],
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": len(check["annotations"]),
            "annotations_url": f"{base}/annotations",
        },
    }


def _app(github: GitHub, slug: str) -> Json:
    """The App that owns a check run."""
    return {
        "id": 15_368,
        "slug": slug,
        "node_id": "MDM6QXBwMTUzNjg=",
        "owner": shapes.user(github, "github"),
        "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions",
        "html_url": f"{shapes.WEB}/apps/{slug}",
        "created_at": "2018-07-30T09:30:17Z",
        "updated_at": "2025-03-07T16:35:00Z",
        "permissions": {"checks": "write"},
        "events": [],
    }

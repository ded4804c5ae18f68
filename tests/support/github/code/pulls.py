"""Endpoints of pull requests: create, list, get, edit, changed files."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.support.github import refusals, rules
from tests.support.github.code import shapes
from tests.support.github.code.data import repository_here
from tests.support.github.code.state import Code, PullRequest
from tests.support.github.paging import paged
from tests.support.github.records import Answer, Call, Refused
from tests.support.github.state import GitHub

_ABOUT = "/pulls/pulls#create-a-pull-request"
_FIELDS = {"title": "string", "head": "string", "base": "string", "body": "string?"}
_FLAGS = ("draft", "maintainer_can_modify")


def create_pull(github: GitHub, call: Call, repo: str) -> Answer:
    code = _writable(github, repo)
    given = _given(github, call, _FIELDS, ("title", "head", "base"))
    _check_words(given)
    head_repo, branch = _head(code, given["head"])
    heads = code.heads(github.repo)
    if branch not in code.heads(head_repo):
        raise _invalid("head")
    if given["base"] not in heads:
        raise _invalid("base")
    sha, base_sha = code.heads(head_repo)[branch], heads[given["base"]]
    _check_new(code, head_repo, branch, given["base"])
    if code.store.commits_between(base_sha, sha) == 0:
        raise _custom(f"No commits between {given['base']} and {given['head']}")
    rules.take_creation(github)

    number = github.issue(given["title"], given.get("body") or "", github.login, pull=True)
    is_draft = given.get("draft", False)
    pull = PullRequest(number, head_repo, branch, sha, given["base"], base_sha, is_draft)
    code.add_pull(pull)
    call.made = f"#{number}"
    answer = Answer(201, shapes.single_pull(code, pull, None))
    answer.headers["Location"] = answer.value["url"]
    return answer


def _writable(github: GitHub, repo: str) -> Code:
    """Anybody who may read may open one, if the token has the permission."""
    code = repository_here(github, repo)
    if repo != github.repo:
        raise refusals.not_found()
    if "pulls" in github.denied:
        raise refusals.refused(403, "Resource not accessible by personal access token", _ABOUT)
    if code.archived:
        raise refusals.refused(403, "Repository was archived so is read-only.", _ABOUT)
    return code


def _given(
    github: GitHub, call: Call, fields: dict[str, str], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise refusals.refused(400, "Problems parsing JSON")
    flags = {name: call.json[name] for name in _FLAGS if name in call.json}
    texts = {name: value for name, value in call.json.items() if name not in flags}
    rules.check_fields(github, call, texts, fields, required)
    if not all(isinstance(value, bool) for value in flags.values()):
        raise refusals.malformed("a flag is not a boolean.", _ABOUT)
    return call.json


def _check_words(given: dict[str, Any]) -> None:
    title, body = given.get("title", "-"), given.get("body") or ""
    if not title.strip():
        missing = {"resource": "PullRequest", "code": "missing_field", "field": "title"}
        raise refusals.invalid(missing, about=_ABOUT)
    if len(title) > rules.MAX_TITLE:
        wrong = refusals.too_long("PullRequest", "title", rules.MAX_TITLE)
        raise refusals.invalid(wrong, about=_ABOUT)
    if len(body) > rules.MAX_BODY:
        wrong = refusals.too_long("PullRequest", "body", rules.MAX_BODY)
        raise refusals.invalid(wrong, about=_ABOUT)


def _head(code: Code, head: str) -> tuple[str, str]:
    """Repository and branch of `owner:branch`."""
    owner, colon, branch = head.rpartition(":")
    if not colon:
        return code.github.repo, head
    repos = [repo for repo in code.repos if repo.partition("/")[0] == owner]
    if not repos:
        raise _invalid("head")
    return repos[0], branch


def _check_new(code: Code, repo: str, branch: str, base: str) -> None:
    for pull in code.pulls.values():
        is_open = code.issue(pull.number).state == "open"
        if is_open and (pull.head_repo, pull.branch, pull.base) == (repo, branch, base):
            owner = repo.partition("/")[0]
            raise _custom(f"A pull request already exists for {owner}:{branch}.")


def _invalid(field: str) -> Refused:
    return refusals.invalid(
        {"resource": "PullRequest", "field": field, "code": "invalid"}, about=_ABOUT
    )


def _custom(message: str) -> Refused:
    return refusals.invalid(
        {"resource": "PullRequest", "code": "custom", "message": message}, about=_ABOUT
    )


def list_pulls(github: GitHub, call: Call, repo: str) -> Answer:
    """GitHub ignores a `head` that names no owner, and lists all."""
    code = repository_here(github, repo)
    sort = rules.check_choice(call, "sort", ("created", "updated", "popularity", "long-running"))
    directions = ("desc", "asc") if sort == "created" else ("asc", "desc")
    is_descending = rules.check_choice(call, "direction", directions) == "desc"
    matching = [pull for pull in code.pulls.values() if _matches(code, call, pull)]
    listed = sorted(matching, key=_key(code, sort), reverse=is_descending)
    page, headers = paged(github, call, listed)
    return Answer(200, [shapes.pull(code, pull) for pull in page], headers)


def _matches(code: Code, call: Call, pull: PullRequest) -> bool:
    state = rules.check_choice(call, "state", ("open", "closed", "all"))
    head, base = call.query.get("head", ""), call.query.get("base")
    owner = pull.head_repo.partition("/")[0]
    is_head = ":" not in head or head == f"{owner}:{pull.branch}"
    is_base = base is None or base == pull.base
    return is_head and is_base and state in ("all", code.issue(pull.number).state)


def _key(code: Code, sort: str) -> Callable[[PullRequest], tuple[datetime, int]]:
    def key(pull: PullRequest) -> tuple[datetime, int]:
        issue = code.issue(pull.number)
        return (issue.updated_at if sort == "updated" else issue.created_at), pull.number

    return key


def _pull(code: Code, number: str) -> PullRequest:
    if int(number) not in code.pulls or int(number) not in code.github.issues:
        raise refusals.refused(404, "Not Found", "/pulls/pulls#get-a-pull-request")
    return code.pulls[int(number)]


def get_pull(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    code = repository_here(github, repo)
    pull = _pull(code, number)
    return Answer(200, shapes.single_pull(code, pull, code.is_mergeable(pull)))


def edit_pull(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    code = _writable(github, repo)
    pull = _pull(code, number)
    issue = code.issue(pull.number)
    if not github.may_push and issue.author != github.login:
        raise refusals.refused(403, refusals.NO_RIGHT, "/pulls/pulls#update-a-pull-request")
    fields = {"title": "string", "body": "string?", "state": "string", "base": "string"}
    given = _given(github, call, fields)
    _check_words(given)
    _check_state(code, pull, given)
    issue.title = given.get("title", issue.title)
    issue.body = (given["body"] or "") if "body" in given else issue.body
    pull.base = given.get("base", pull.base)
    issue.updated_at = max(issue.updated_at, github.moment)
    if given.get("state") == "closed":
        code.close(pull.number, github.login)
    elif given.get("state") == "open" and issue.state != "open":
        issue.reopen(github.moment)
    return Answer(200, shapes.single_pull(code, pull, None))


def _check_state(code: Code, pull: PullRequest, given: dict[str, Any]) -> None:
    state = given.get("state", "closed")
    if state not in ("open", "closed"):
        raise _invalid("state")
    if given.get("base", pull.base) not in code.heads(code.github.repo):
        raise _invalid("base")
    is_gone = pull.branch not in code.heads(pull.head_repo)
    if state == "open" and (is_gone or pull.merged_at is not None):
        raise _custom("state cannot be changed. The branch has been deleted.")


def list_files(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    code = repository_here(github, repo)
    pull = _pull(code, number)
    page, headers = paged(github, call, code.store.changed(pull.base_sha, pull.sha))
    return Answer(200, [shapes.changed_file(code, pull, change) for change in page], headers)

"""Endpoints of issues: list, create, get, edit. Pull requests are listed and numbered with them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.support.github import refusals, rules, shapes
from tests.support.github.cursors import Key
from tests.support.github.paging import by_cursor, paged
from tests.support.github.records import Answer, Call, Issue, Refused
from tests.support.github.state import GitHub

_FIELDS = {"title": "string", "body": "string?", "labels": "strings", "assignees": "strings"}
_SORTS: dict[str, Callable[[Issue], Key]] = {
    "created": lambda issue: [int(issue.created_at.timestamp()), issue.number],
    "updated": lambda issue: [int(issue.updated_at.timestamp()), issue.number],
    "comments": lambda issue: [len(issue.comments), issue.number],
}


def here(github: GitHub, repo: str) -> None:
    """Refuse another repository, and one with disabled issues."""
    if repo != github.repo:
        raise refusals.not_found()
    if not github.issues_enabled:
        raise refusals.refused(410, refusals.DISABLED, "/issues")


def issue_of(github: GitHub, call: Call, repo: str, number: str) -> Issue:
    """The issue. Refuse one that never existed, was deleted, or was moved."""
    if (repo, int(number)) in github.elsewhere:
        return github.elsewhere[repo, int(number)]
    here(github, repo)
    if int(number) in github.moved:
        raise Refused(_moved(github, call, *github.moved[int(number)]))
    if github.removed.get(int(number)) == 410:
        raise refusals.refused(410, "This issue was deleted", "/issues/issues#get-an-issue")
    if int(number) not in github.issues:
        raise refusals.not_found()
    return github.issues[int(number)]


def _moved(github: GitHub, call: Call, repo: str, number: int) -> Answer:
    rest = call.path.split("/issues/", 1)[1].partition("/")[2]
    repository = f"{github.url}/repositories/{shapes.number_of(repo)}"
    where = f"{repository}/issues/{number}{'/' if rest else ''}{rest}"
    answer = refusals.says(
        301, "Moved Permanently", "/guides/best-practices-for-using-the-rest-api", url=where
    )
    answer.headers["Location"] = where
    return answer


def list_issues(github: GitHub, call: Call, repo: str) -> Answer:
    here(github, repo)
    sort = rules.check_choice(call, "sort", ("created", "updated", "comments"))
    descending = rules.check_choice(call, "direction", ("desc", "asc")) == "desc"
    matching = filter(_filter(github, call), github.issues.values())
    listed = sorted(matching, key=_SORTS[sort], reverse=descending)
    if github.cursors:
        page, headers = by_cursor(github, call, listed, _SORTS[sort], descending)
    else:
        page, headers = paged(github, call, listed)
    return Answer(200, [shapes.issue(github, issue) for issue in page], headers)


def _filter(github: GitHub, call: Call) -> Callable[[Issue], bool]:
    state = rules.check_choice(call, "state", ("open", "closed", "all"))
    creator, labels = call.query.get("creator"), call.query.get("labels", "").split(",")
    folded = {name.strip().casefold() for name in labels if name}
    since = read_time(call, "since")
    visible = github.now - github.list_lag

    def matches(issue: Issue) -> bool:
        return (
            state in (issue.state, "all")
            and (creator is None or creator.casefold() == issue.author.casefold())
            and folded <= {name.casefold() for name in issue.labels}
            and (since is None or issue.updated_at >= since)
            and (issue.created_at <= visible or not github.list_lag)
        )

    return matches


def read_time(call: Call, name: str) -> datetime | None:
    if name not in call.query:
        return None
    try:
        moment = datetime.fromisoformat(call.query[name])
    except ValueError:
        raise refusals.invalid({"resource": "Issue", "code": "invalid", "field": name}) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def create_issue(github: GitHub, call: Call, repo: str) -> Answer:
    here(github, repo)
    given = rules.body_of(github, call, _FIELDS, ("title",))
    rules.check_title(github, call, given["title"])
    rules.check_body(given.get("body"))
    rules.take_creation(github)
    number = github.issue(given["title"], given.get("body") or "", github.login)
    if github.may_push:
        set_labels(github, github.issues[number], given.get("labels", []))
        github.issues[number].assignees = list(given.get("assignees", []))
    call.made = f"#{number}"
    answer = Answer(201, shapes.issue(github, github.issues[number], single=True))
    answer.headers["Location"] = answer.value["url"]
    return answer


def set_labels(github: GitHub, issue: Issue, names: list[str]) -> None:
    """Set labels with the right to push: a missing label is created."""
    github.created_labels += [name for name in names if github.known_label(name) is None]
    issue.labels = []
    github.labels |= {name for name in names if github.known_label(name) is None}
    issue.labels = list(dict.fromkeys(github.known_label(name) or name for name in names))


def get_issue(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    return Answer(200, shapes.issue(github, issue_of(github, call, repo, number), single=True))


def edit_issue(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    issue = issue_of(github, call, repo, number)
    fields = _FIELDS | {"title": "string?", "state": "string", "state_reason": "string?"}
    given = rules.body_of(github, call, fields)
    if not github.pushes_to(issue.repo) and issue.author != github.login:
        raise refusals.refused(403, refusals.NO_RIGHT, "/issues/issues#update-an-issue")
    if given.get("title") is not None:
        rules.check_title(github, call, given["title"])
    rules.check_body(given.get("body"))
    rules.check_state(github, call, given)
    _apply(github, issue, given)
    return Answer(200, shapes.issue(github, issue, single=True))


def _apply(github: GitHub, issue: Issue, given: dict[str, Any]) -> None:
    pushes = github.pushes_to(issue.repo)
    issue.title = issue.title if given.get("title") is None else given["title"]
    issue.body = (given["body"] or "") if "body" in given else issue.body
    if pushes and "labels" in given:
        set_labels(github, issue, given["labels"])
    if pushes and "assignees" in given:
        issue.assignees = list(given["assignees"])
    state = given.get("state", issue.state)
    if state != issue.state and state == "closed":
        issue.close(github.login, given.get("state_reason"), github.moment)
    elif state != issue.state:
        issue.reopen(github.moment)
    issue.updated_at = max(issue.updated_at, github.moment)

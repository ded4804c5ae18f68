"""Endpoints of the repository, its labels, users and rate limits."""

import re

from tests.support.github import refusals, rules, shapes
from tests.support.github.issues import issue_of, set_labels
from tests.support.github.paging import paged
from tests.support.github.records import Answer, Call, Refused
from tests.support.github.state import GitHub


def get_repository(github: GitHub, call: Call, repo: str) -> Answer:
    _here(github, repo)
    return Answer(200, shapes.repository(github))


def _here(github: GitHub, repo: str) -> None:
    if repo.lower() != github.repo.lower():
        raise refusals.not_found()


def list_labels(github: GitHub, call: Call, repo: str) -> Answer:
    _here(github, repo)
    page, headers = paged(github, call, sorted(github.labels))
    return Answer(200, [shapes.label(github, name) for name in page], headers)


def create_label(github: GitHub, call: Call, repo: str) -> Answer:
    _here(github, repo)
    fields = {"name": "string", "color": "string", "description": "string"}
    given = rules.body_of(github, call, fields, ("name",))
    if not github.may_push:
        raise refusals.not_found()  # GitHub hides what the token may not write
    _check_label(github, given)
    github.labels.add(given["name"])
    github.created_labels.append(given["name"])
    call.made = given["name"]
    more = {"description": given.get("description"), "color": given.get("color", "ededed")}
    answer = Answer(201, shapes.label(github, given["name"]) | more)
    answer.headers["Location"] = answer.value["url"]
    return answer


def _check_label(github: GitHub, given: dict[str, str]) -> None:
    def wrong(field: str, code: str) -> Refused:
        return refusals.invalid(
            {"resource": "Label", "code": code, "field": field}, about="/issues/labels"
        )

    if not given["name"].strip() or len(given["name"]) > 50:
        raise wrong("name", "invalid")
    if github.known_label(given["name"]) is not None:
        raise wrong("name", "already_exists")
    if not re.fullmatch("[0-9A-Fa-f]{6}", given.get("color", "ededed")):
        raise wrong("color", "invalid")
    if len(given.get("description", "")) > 100:
        raise wrong("description", "invalid")


def get_label(github: GitHub, call: Call, repo: str, name: str) -> Answer:
    _here(github, repo)
    known = github.known_label(name)
    if known is None:
        raise refusals.not_found()
    return Answer(200, shapes.label(github, known))


def list_issue_labels(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    page, headers = paged(github, call, issue_of(github, call, repo, number).labels)
    return Answer(200, [shapes.label(github, name) for name in page], headers)


def add_labels(github: GitHub, call: Call, repo: str, number: str) -> Answer:
    """The body is an object with `labels`, or an array of names, which some clients send."""
    issue = issue_of(github, call, repo, number)
    fields = {"labels": "strings"}
    if isinstance(call.json, list):
        rules.check_fields(github, call, {"labels": call.json}, fields)
        names = call.json
    else:
        names = rules.body_of(github, call, fields, ("labels",))["labels"]
    if not github.pushes_to(issue.repo):
        raise refusals.refused(403, refusals.NO_RIGHT, "/issues/labels#add-labels-to-an-issue")
    set_labels(github, issue, [*issue.labels, *names])
    issue.updated_at = max(issue.updated_at, github.moment)
    return Answer(200, [shapes.label(github, name) for name in issue.labels])


def get_viewer(github: GitHub, call: Call) -> Answer:
    if github.is_app:  # the token of an installation belongs to no user
        raise refusals.refused(403, "Resource not accessible by integration", "/users/users")
    scopes = github.scopes
    headers = {} if scopes is None else {"X-OAuth-Scopes": ", ".join(scopes)}
    return Answer(200, shapes.public_user(github, github.login), headers)


def get_user(github: GitHub, call: Call, login: str) -> Answer:
    folded = login.casefold()
    known = next((name for name in sorted(github.logins) if name.casefold() == folded), None)
    if known is None:
        raise refusals.not_found()
    return Answer(200, shapes.public_user(github, known))


def get_rates(github: GitHub, call: Call) -> Answer:
    github.rate.renew(github.now)
    github.search_rate.renew(github.now)
    return Answer(200, shapes.rates(github.rate, github.search_rate))

"""Endpoints of the repository and of who may do what in it, and the answers after a rename."""

import re

from tests.support.github import refusals
from tests.support.github.code import shapes
from tests.support.github.code.data import repository_here
from tests.support.github.code.state import code_of
from tests.support.github.records import Answer, Call, Refused
from tests.support.github.shapes import number_of
from tests.support.github.state import GitHub


def get_repository(github: GitHub, call: Call, repo: str) -> Answer:
    code = repository_here(github, repo)
    return Answer(200, shapes.full_repository(code, repo))


def is_collaborator(github: GitHub, call: Call, repo: str, login: str) -> Answer:
    """Only who may push may ask."""
    code = repository_here(github, repo)
    if not github.may_push:
        raise refusals.refused(
            403, "Must have push access to view repository collaborators.", "/collaborators"
        )
    if login in code.collaborators | code.members:
        return Answer(204, raw=b"")
    raise refusals.not_found()


def is_member(github: GitHub, call: Call, organisation: str, login: str) -> Answer:
    """A stranger gets 404 for each member."""
    code = code_of(github)
    is_insider = github.login in code.members
    if organisation == code.owner and is_insider and login in code.members:
        return Answer(204, raw=b"")
    raise refusals.not_found()


def redirect(github: GitHub, repo: str, rest: str) -> str:
    """Where a request by a former name is sent, as GitHub writes it."""
    return f"{github.url}/repositories/{number_of(repo)}{rest}"


def check_renamed(github: GitHub, call: Call) -> None:
    """Redirect what asks for a repository by a former name."""
    if github.code is None:
        return
    match = re.match("/repos/([^/]+/[^/]+)", call.path)
    new = code_of(github).renamed.get(match[1]) if match else None
    if match is None or new is None:
        return
    rest = call.path[match.end() :]
    where = redirect(github, new, rest)
    status = 307 if call.writes else 301
    answer = refusals.says(
        status, "Moved Permanently", "/guides/best-practices-for-using-the-rest-api", url=where
    )
    answer.headers["Location"] = where
    raise Refused(answer)

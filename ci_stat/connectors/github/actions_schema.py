"""GitHub's JSON of workflow runs, jobs and pull requests as values.

JSON that differs from GitHub's documentation is refused, never guessed at.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from ci_stat.connectors.github.schema import Fields, SchemaError
from ci_stat.escape import web_link
from ci_stat.records import HALF_PAIR

T = TypeVar("T")
COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Repository:
    """`name`: owner/name as GitHub spells it. `url`: its page. `created_at`: None if unknown."""

    id: int
    name: str
    default_branch: str
    url: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedPull:
    """A pull request that GitHub lists with a run. It did not necessarily trigger the run."""

    number: int
    base_repo: int
    base: str
    head: str
    sha: str


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A workflow run, in its last attempt.

    - `workflow`: its name; `path`: its file.
    - `conclusion`: "" until the attempt has ended.
    - `head_owner`: owner of the repository of the commit, "" if it was deleted.
    """

    id: int
    attempt: int
    workflow: str
    path: str
    event: str
    status: str
    conclusion: str
    branch: str
    sha: str
    head_owner: str
    created_at: datetime
    started_at: datetime
    updated_at: datetime
    url: str
    pulls: tuple[ListedPull, ...] = ()

    @property
    def file(self) -> str:
        return self.path.partition("@")[0].rpartition("/")[2]

    @property
    def has_ended(self) -> bool:
        return self.status == COMPLETED

    @property
    def ended_attempts(self) -> int:
        return self.attempt if self.has_ended else self.attempt - 1


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One execution of a job. `conclusion`: "" until it has ended."""

    id: int
    attempt: int
    name: str
    workflow: str
    conclusion: str
    created_at: datetime
    started_at: datetime
    completed_at: datetime | None
    url: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request. `repo`: the repository that it is for."""

    number: int
    title: str
    author: str
    url: str
    base: str
    repo: str
    sha: str
    created_at: datetime


def valid(values: Iterable[Any], read: Callable[[Any], T]) -> tuple[list[T], list[str]]:
    """What `read` returns for each value, and why it refuses the others."""
    items, problems = [], []
    for value in values:
        try:
            items.append(read(value))
        except SchemaError as error:
            problems.append(str(error))
    return items, problems


def repository_of(value: Any) -> Repository:
    """Raises SchemaError."""
    fields = Fields(value)
    return Repository(
        fields.number("id"),
        fields.text("full_name"),
        fields.optional("default_branch"),
        web_link(fields.text("html_url")) or "",
        None if fields.get("created_at") is None else fields.time("created_at"),
    )


def workflow_of(value: Any) -> tuple[str, str]:
    """Name and file name of a workflow. Raises SchemaError."""
    fields = Fields(value)
    file = fields.text("path").rpartition("/")[2]
    return _text(fields, "name") or file, file


def run_of(value: Any) -> WorkflowRun:
    """Raises SchemaError."""
    fields = Fields(value)
    path = fields.optional("path")
    created_at = fields.time("created_at")
    has_start = fields.get("run_started_at") is not None
    return WorkflowRun(
        id=_id(fields),
        attempt=_attempt(fields),
        workflow=_text(fields, "name") or path.rpartition("/")[2] or "workflow",
        path=path,
        event=_text(fields, "event"),
        status=fields.optional("status"),
        conclusion=_text(fields, "conclusion"),
        branch=_text(fields, "head_branch"),
        sha=_text(fields, "head_sha"),
        head_owner=_owner(fields.get("head_repository")),
        created_at=created_at,
        started_at=fields.time("run_started_at") if has_start else created_at,
        updated_at=fields.time("updated_at"),
        url=web_link(fields.optional("html_url")) or "",
        pulls=_listed_pulls(fields.get("pull_requests")),
    )


def job_of(value: Any) -> WorkflowJob:
    """Raises SchemaError."""
    fields = Fields(value)
    started = "created_at" if fields.get("started_at") is None else "started_at"
    created = "started_at" if fields.get("created_at") is None else "created_at"
    ended = fields.get("status") == COMPLETED
    completed_at = fields.time("completed_at") if fields.get("completed_at") is not None else None
    return WorkflowJob(
        id=_id(fields),
        attempt=_attempt(fields),
        name=_clean(fields.text("name")),
        workflow=_text(fields, "workflow_name"),
        conclusion=_text(fields, "conclusion") if ended else "",
        created_at=fields.time(created),
        started_at=fields.time(started),
        completed_at=completed_at,
        url=web_link(fields.optional("html_url")) or "",
    )


def pull_of(value: Any) -> PullRequest:
    """Raises SchemaError."""
    fields = Fields(value)
    head, base = Fields(fields.get("head")), Fields(fields.get("base"))
    user = fields.get("user")
    return PullRequest(
        number=fields.number("number"),
        title=_text(fields, "title"),
        author="" if user is None else _text(Fields(user), "login"),
        url=web_link(fields.optional("html_url")) or "",
        base=_text(base, "ref"),
        repo=Fields(base.get("repo")).text("full_name"),
        sha=_text(head, "sha"),
        created_at=fields.time("created_at"),
    )


def _listed_pulls(value: Any) -> tuple[ListedPull, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise SchemaError("pull_requests is not a list")
    return tuple(map(_listed_pull, value))


def _listed_pull(value: Any) -> ListedPull:
    fields = Fields(value)
    head, base = Fields(fields.get("head")), Fields(fields.get("base"))
    repo = Fields(base.get("repo")).number("id")
    return ListedPull(
        fields.number("number"), repo, _text(base, "ref"), _text(head, "ref"), _text(head, "sha")
    )


def _owner(repository: Any) -> str:
    """The owner of a repository; "" for a deleted one."""
    if repository is None:
        return ""
    owner = Fields(repository).get("owner")
    return "" if owner is None else _text(Fields(owner), "login")


def _id(fields: Fields) -> int:
    number = fields.number("id")
    if number >= 2**63:
        raise SchemaError("its id is not a number of 64 bits")
    return number


def _attempt(fields: Fields) -> int:
    """The attempt; an older GitHub Enterprise does not count them."""
    return 1 if fields.get("run_attempt") is None else fields.number("run_attempt")


def _text(fields: Fields, name: str) -> str:
    return _clean(fields.optional(name))


def _clean(text: str) -> str:
    """Without lone surrogates, which no database driver can send."""
    return HALF_PAIR.sub("\ufffd", text)

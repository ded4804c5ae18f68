"""Repositories, pull requests and commits at a place such as GitHub, as read. Times are aware."""

from dataclasses import dataclass
from datetime import datetime

from ci_stat.records.delivery import DeliveryState


@dataclass(frozen=True, slots=True)
class ForgeWrite:
    """The outcome of a write.

    - `state`: SENT, FAILED (without effect) or UNCERTAIN (it may have had effect).
    - `id`: the number of a pull request, or the id of a comment. `sha`: of a commit.
    - `code`: the HTTP status. `reason`, `hint`: for people.
    """

    state: DeliveryState
    id: int = 0
    sha: str = ""
    url: str = ""
    code: int | None = None
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """A repository as the token sees it. `full_name`: after a move, the new one."""

    full_name: str
    default_branch: str
    is_private: bool
    is_archived: bool
    can_pull: bool
    can_push: bool
    parent: str = ""


@dataclass(frozen=True, slots=True)
class PullState:
    """A pull request as it is now. `mergeable`: None while it is computed."""

    number: int
    url: str
    is_open: bool
    is_merged: bool
    title: str
    body: str
    author: str
    head_repo: str
    head_branch: str
    head_sha: str
    base_branch: str
    mergeable: bool | None
    created: datetime
    closed: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommitSignal:
    """One commit status or check run of a commit.

    - `kind`: `status` or `check`. `id`: rises with time, within one kind.
    - `state`: `pending`, `success`, `failure`, `error`; of a check run its conclusion
      (`success`, `failure`, `neutral`, `cancelled`, `skipped`, `timed_out`, `action_required`,
      `stale`), or `pending` before it is completed.
    - `creator`: login of a status's creator, slug of a check run's App.
    """

    kind: str
    id: int
    context: str
    state: str
    description: str
    url: str
    creator: str
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file of a commit: its path and whole content as UTF-8."""

    path: str
    content: str

"""Records of a tracker: issues, comments, lists of issues, and the outcome of a write."""

from datetime import datetime

import msgspec

from ci_stat.records.delivery import DeliveryState


class ListedIssue(msgspec.Struct, frozen=True):
    """An issue as the tracker lists it.

    `body`: "" if the caller does not need it; `closed_by_bot`: unset if nobody asked who closed it.
    """

    number: int
    title: str
    author: str
    created_at: datetime
    url: str
    open: bool = True
    by_bot: bool = False
    state_reason: str = ""
    labels: tuple[str, ...] = ()
    closed_at: datetime | None = None
    locked: bool = False
    body: str = ""
    closed_by_bot: bool | msgspec.UnsetType = msgspec.UNSET


class IssueComment(msgspec.Struct, frozen=True):
    id: int
    author: str
    created_at: datetime
    body: str
    by_bot: bool = False


class Listing(msgspec.Struct, frozen=True):
    """All issues of a repository.

    `problem`: why the list may be incomplete; "" if it is complete.
    """

    issues: tuple[ListedIssue, ...]
    pages: int = 0
    problem: str = ""


class WriteResult(msgspec.Struct, frozen=True):
    """The outcome of one write. `state`: SENT, FAILED (certainly not done) or UNCERTAIN.

    - `number`: the issue. `comment`: the comment's id, 0 for other writes.
    - `labels`: the labels of a created issue.
    - `code`: HTTP status. `reason`, `hint`: what failed, and what to do.
    - `stop`: other writes would fail too: an invalid token, disabled issues, a long rate limit.
    """

    state: DeliveryState
    number: int = 0
    comment: int = 0
    labels: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    code: int | None = None
    stop: bool = False

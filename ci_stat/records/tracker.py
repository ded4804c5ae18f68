"""What a tracker holds: issues, comments, listings, and what became of a write."""

from datetime import datetime

import msgspec

from ci_stat.records.delivery import DeliveryState


class ListedIssue(msgspec.Struct, frozen=True):
    """An issue as the tracker lists it. `body`: "" where the caller did not want it kept."""

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


class IssueComment(msgspec.Struct, frozen=True):
    id: int
    author: str
    created_at: datetime
    body: str
    by_bot: bool = False


class Listing(msgspec.Struct, frozen=True):
    """All issues of a repository. `problem`: why the list cannot be trusted to be whole; "" if it is proved."""

    issues: tuple[ListedIssue, ...]
    pages: int = 0
    problem: str = ""


class Written(msgspec.Struct, frozen=True):
    """What became of one write. `state`: SENT, FAILED (for certain not done) or UNCERTAIN.

    - `number`: the issue; `comment`: the comment's id, 0 for another sort of write.
    - `labels`: those that the issue has now, after a creation.
    - `stop`: no other write will do better now: a wrong token, issues switched off, a limit that does not pass.
    """

    state: DeliveryState
    number: int = 0
    comment: int = 0
    labels: tuple[str, ...] = ()
    reason: str = ""
    hint: str = ""
    code: int | None = None
    stop: bool = False

"""Outward calls as values: a request, the row that records it, and its answer.

Times are aware, in UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class CallKind(StrEnum):
    """What a call does. The column accepts other words too."""

    MESSAGE = "message"
    ISSUE = "issue"
    COMMENT = "comment"
    UPDATE = "update"  # text, labels or state
    CLOSE = "close"
    REOPEN = "reopen"
    BRANCH = "branch"
    COMMIT = "commit"
    PULL_REQUEST = "pull_request"
    STATUS = "status"
    DELETE = "delete"  # a branch
    LABEL = "label"


# Only our rows say which objects we created, so these calls are never pruned.
CREATING = frozenset(
    {CallKind.ISSUE, CallKind.BRANCH, CallKind.COMMIT, CallKind.PULL_REQUEST},
)
NUMBERED = frozenset({CallKind.ISSUE, CallKind.PULL_REQUEST})


class CallState(StrEnum):
    """The state of a call."""

    INTENDED = "intended"  # nothing was sent
    CLAIMED = "claimed"  # a process makes the call: it may have been sent
    DONE = "done"
    REFUSED = "refused"  # certainly without effect: it may be repeated
    UNKNOWN = "unknown"  # no answer says whether it took effect


UNFINISHED = (CallState.INTENDED, CallState.CLAIMED)
SETTLED = (CallState.DONE, CallState.REFUSED)


@dataclass(frozen=True, slots=True)
class Request:
    """A call to make once.

    - `id`: 32 hex digits, a hash of `identity`; calls with the same id are the same call.
    - `identity`: JSON list: a format version, then the values that distinguish the call.
    - `kind`: a `CallKind`. `payload`: JSON object with the feature's other data.
    - `series`: a hash that related calls share, or ""; `position`: the call's place among them, as
      text in sort order.
    """

    id: str
    identity: str
    kind: str
    payload: str = "{}"
    series: str = ""
    position: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a call, from its response or from a look-up at the target.

    - `state`: DONE, REFUSED or UNKNOWN.
    - `number`, `reference`, `url`: the created object at the target; 0 and "" if none.
    - `code`: the target's own code, or the HTTP or SMTP status.
    - `repeatable`: with UNKNOWN: the target ignores a repetition of this attempt.
    """

    state: CallState
    number: int = 0
    reference: str = ""
    url: str = ""
    code: int | None = None
    reason: str = ""
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the outbox.

    - `owner`: the last process (`this_process`) that worked on it; `token` changes with each write.
    - `attempt`: how often the call was claimed; 0 while it waits. `started`: the attempt's begin.
    - `called`: when this attempt was first sent, by any process; None if it was not sent.
    - `earlier`, `earlier_changed`: the state before this attempt, valid if this one has no effect.
    """

    id: str
    identity: str
    kind: str
    series: str
    position: str | None
    state: CallState
    owner: str
    attempt: int
    started: datetime
    changed: datetime
    payload: str = "{}"
    token: str = ""
    called: datetime | None = None
    earlier: CallState | None = None
    earlier_changed: datetime | None = None
    number: int = 0
    reference: str = ""
    url: str = ""
    code: int | None = None
    reason: str = ""

    @property
    def waits(self) -> bool:
        """Whether no process has begun the call."""
        return self.state is CallState.INTENDED and self.attempt == 0


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a process that asks to make a call.

    - `call`: the row as this process last wrote or read it.
    - `stored`: the row before the claim; None for a new call.
    - `before`: what was known about the call before this attempt; None for a new call.
    - `same_attempt`: the claim continues an attempt that the target recognises.
    """

    granted: bool
    call: Call
    stored: Call | None = None
    before: Call | None = None
    same_attempt: bool = False


LookUp: TypeAlias = Callable[[Call], Answer]


def cannot_look_up(_call: Call) -> Answer:
    """The look-up of a feature whose target cannot be queried."""
    return Answer(CallState.UNKNOWN)

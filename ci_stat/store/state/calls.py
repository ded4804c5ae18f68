"""Outward calls as values: what is asked for, how far a call came, and its result.

Times are aware, in UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class CallKind(StrEnum):
    """What a call does. The column takes any other word too."""

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


# What these calls create is ours for good: which one it is cannot be found out from a later call.
CREATING = frozenset(
    {CallKind.ISSUE, CallKind.BRANCH, CallKind.COMMIT, CallKind.PULL_REQUEST},
)
NUMBERED = frozenset({CallKind.ISSUE, CallKind.PULL_REQUEST})


class CallState(StrEnum):
    """Where a call stands."""

    INTENDED = "intended"  # nothing has left this machine
    CLAIMED = "claimed"  # a process makes the call: it may be on its way
    DONE = "done"
    REFUSED = "refused"  # for certain without effect; it may be made again
    UNKNOWN = "unknown"  # no answer says whether it took effect


UNFINISHED = (CallState.INTENDED, CallState.CLAIMED)
SETTLED = (CallState.DONE, CallState.REFUSED)


@dataclass(frozen=True, slots=True)
class Request:
    """A call to be made once.

    - `id`: 32 hex digits, a hash of `identity`: two calls with one id are the same call.
    - `identity`: JSON list: the version of its form, then the values that make the call what it is.
    - `kind`: a `CallKind`. `payload`: JSON object with what else the feature keeps.
    - `series`: a hash of what this call has in common with others, "" if nothing; `position`: its
      place among them, as text whose order is theirs.
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
    """What became of a call, as its answer or a look at the target says.

    - `state`: DONE, REFUSED or UNKNOWN.
    - `number`, `reference`, `url`: the target's names for what was created; 0 and "" where there is
      none.
    - `code`: the target's own code, or the HTTP or SMTP status.
    - `repeatable`: with UNKNOWN: the target recognises this attempt, so making it again has no
      second effect.
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

    - `owner`: the process (`this_process`) that had it last; `token`: another one after every
      change.
    - `attempt`: how often it was claimed, 0 for one that waits; `started`: when this attempt began.
    - `called`: when this attempt was first made, also by another process before; None if it was
      not.
    - `earlier`, `earlier_changed`: what was known before this attempt: it holds if this one has no
      effect.
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
        """No process has begun it."""
        return self.state is CallState.INTENDED and self.attempt == 0


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether the call is ours to make.

    - `call`: the row now. `stored`: the row before; None where there was none.
    - `before`: what was known of the call when nobody worked on it any more; None where there was
      no row.
    """

    granted: bool
    call: Call
    stored: Call | None = None
    before: Call | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What an `Outbox` has claimed and not given back. `call`: the row as it last wrote it, for
    certain.

    `claim`: what its token begins with as long as the row is its. `same_attempt`: an earlier one
    was taken up.
    """

    call: Call
    claim: str
    before: Call | None = None
    same_attempt: bool = False


Look: TypeAlias = Callable[[Call], Answer]


def cannot_tell(_call: Call) -> Answer:
    """The look of a feature that cannot find out what became of a call."""
    return Answer(CallState.UNKNOWN)

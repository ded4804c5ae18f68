"""Records of our state about issues: outward calls, the ledger of a repository, notes on cases."""

from datetime import datetime
from enum import StrEnum

import msgspec


class IssueAction(StrEnum):
    """The action for one failure or one issue of ours. Plans and ledgers store the values."""

    FILE = "file"
    COMMENT = "comment"  # and update the numbers in the text
    UPDATE = "update"  # only the numbers in the text
    REOPEN = "reopen"
    CLOSE = "close"
    SKIP = "not"  # the stored value predates the name


class CaseNote(msgspec.Struct, frozen=True):
    """A person's note on a failure, valid until `until`. `made`: when it was written."""

    key: str
    name: str
    until: datetime
    why: str
    made: datetime


class Mute(CaseNote, frozen=True):
    """Nothing is filed, commented or closed for the failure."""


class Accepted(CaseNote, frozen=True):
    """A person reviewed the failure: it may be filed, also among many new ones."""


class IntentKind(StrEnum):
    CREATE = "create"
    COMMENT = "comment"
    EDIT = "edit"  # text, state or both


class IntentState(StrEnum):
    INTENDED = "intended"  # the call may be under way
    DONE = "done"
    FAILED = "failed"  # certainly not done
    UNCERTAIN = "uncertain"  # no clear answer; the tracker is checked before a retry


class Intent(msgspec.Struct, frozen=True):
    """One outward call: recorded before the call, its answer after it.

    - `id`: equal for the same call, also when it is planned again; issues and comments carry it.
    - `key`, `name`: the failure. `action`: the action that the call is part of.
    - `number`: the issue, 0 if it is not created yet. `comment`: the comment's id, else 0.
    - `owner`: host:pid:start of the process that recorded it.
    - `code`: HTTP status of the answer. `reason`: why it failed. `why`: why it was planned.
    """

    id: str
    kind: str
    action: str
    key: str
    name: str
    number: int = 0
    state: str = IntentState.INTENDED
    started: datetime | None = None
    changed: datetime | None = None
    owner: str = ""
    comment: int = 0
    code: int | None = None
    reason: str = ""
    why: str = ""


class Ledger(msgspec.Struct, frozen=True):
    """Our state about one repository's issues, as input of a plan.

    - `created`: numbers by key, oldest first.
    - `unsettled`: keys whose creation has no known outcome.
    - `done`: ids of comments that were written.
    - `commented`: time of our last comment, by number. `changed`: of our last call.
    - `mutes`, `accepted`: notes of people, by key.
    """

    created: dict[str, tuple[int, ...]] = {}
    unsettled: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    commented: dict[int, datetime] = {}
    changed: dict[int, datetime] = {}
    mutes: dict[str, Mute] = {}
    accepted: dict[str, Accepted] = {}

"""What our own state keeps of issues: calls, and what people said of cases."""

from datetime import datetime
from enum import StrEnum

import msgspec


class IssueAction(StrEnum):
    """What is to be done about one failing case, or one issue of ours."""

    FILE = "file"
    COMMENT = "comment"  # and the numbers in its text are brought up to date
    UPDATE = "update"  # only the numbers in its text
    REOPEN = "reopen"
    CLOSE = "close"
    NOT = "not"


class CaseNote(msgspec.Struct, frozen=True):
    """What somebody said of a failure. It holds until then."""

    key: str
    name: str
    until: datetime
    why: str
    made: datetime


class Mute(CaseNote, frozen=True):
    """Nothing is filed, commented or closed for it."""


class Accepted(CaseNote, frozen=True):
    """Somebody has looked: it may be filed, however many are new at once."""


class IntentKind(StrEnum):
    CREATE = "create"
    COMMENT = "comment"
    EDIT = "edit"  # text, state or both


class IntentState(StrEnum):
    INTENDED = "intended"  # the call may be on its way
    DONE = "done"
    FAILED = "failed"  # for certain not done
    UNCERTAIN = "uncertain"  # no answer that says; looked for before it is tried again


class Intent(msgspec.Struct, frozen=True):
    """One outward call: written down before it is made, its answer after it.

    - `id`: the same for the same call, whoever plans it again: a comment or an issue with this id is looked for.
    - `key`, `name`: the failure; `action`: what the call is part of.
    - `number`: the issue, 0 for one that is not created yet; `comment`: the comment's id.
    - `owner`: host:pid:start of the process that wrote it.
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
    """What our own state knows of one repository's issues, for planning.

    - `created`: numbers by key, oldest first. `unsettled`: keys whose creation has no answer yet.
    - `done`: ids of comments that were made. `commented`: when we last commented, by number; `changed`: when we last
      did anything.
    - `mutes`, `accepted`: what people said, by key.
    """

    created: dict[str, tuple[int, ...]] = {}
    unsettled: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()
    commented: dict[int, datetime] = {}
    changed: dict[int, datetime] = {}
    mutes: dict[str, Mute] = {}
    accepted: dict[str, Accepted] = {}

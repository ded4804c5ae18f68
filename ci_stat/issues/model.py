"""Issues at a tracker: what the tracker holds, what we keep of it, and what is to be done there.

Times are aware, in UTC. Everything here can be written as JSON, and read again.
"""

import re
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

from ci_stat.records import ListedIssue
from ci_stat.records.failure import FailureKind

DEFAULT_ISSUE_JOB = "tidb-unit-test-nightly"


class Reason(StrEnum):
    """Why nothing is done: the whole list."""

    KNOWN = "known and open"  # somebody else's issue
    UP_TO_DATE = "up to date"
    RARE = "flaky but rare"
    BELOW_GATE = "below the gate"
    INCIDENT = "part of an incident"  # which has its own line, and its own issue
    MACHINES = "part of an outage"  # the machines were to blame in each of its runs
    NO_TEST = "not a test's failure"
    GUESS = "only a guess"
    LOG_MISSING = "log missing"
    MUTED = "muted"
    SWITCHED_OFF = "switched off by label"
    NOT_PLANNED = "closed as not planned"
    DUPLICATE = "closed as duplicate"
    BEFORE_FIX = "run older than the fix"
    CAP = "cap reached"
    TAKEN_OVER = "text taken over by a person"
    LOCKED = "locked"
    OTHER_JOB = "another job's issue"
    OVER = "over since"
    GONE = "deleted or moved"
    UNSETTLED = "an earlier try is not settled"
    QUIET = "quiet, not for long enough"
    FEW_RUNS = "quiet, in too few runs"
    PERSON = "a person wrote lately"


class Earlier(msgspec.Struct, frozen=True):
    """A closed issue for the same failure. `closed`: an ISO date, in the CI database's zone."""

    number: int
    closed: str


class Marker(msgspec.Struct, frozen=True):
    """What an issue of ours says of itself, hidden in its text: enough to go on without our own state.

    - `key`: the failure; for an incident that of its first day. `kind`: `case`, ... or `incident`.
    - `create`: the intent that it was created for.
    - `fingerprints`, `branches`: those that were told, in the text or in a comment.
    - `jobs`: those that it failed in.
    - `days`: failed runs by day (ISO date, the CI database's zone); `older`: those of days before.
    - `first`, `last`: start of the first and the last failed run.
    - `longest`: the longest silence between two failures, in days.
    - `members`: keys of an incident's cases. `closed`: for which silence we closed it; "" if we have not.
    - `why`: the sentence that it was filed for.
    - `commits`: of the first failure, and of the last pass before it; "" where it is not known.
    - `earlier`: the closed issue that this one follows. Unset where it follows none, and in markers of before this field: then
      nothing that is made of the marker changes, a plan's hash of the tracker neither.
    """

    key: str
    kind: str
    create: str
    first: datetime
    last: datetime
    fingerprints: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    days: dict[str, int] = {}
    older: int = 0
    longest: float = 0.0
    members: tuple[str, ...] = ()
    closed: str = ""
    why: str = ""
    commits: tuple[str, str] = ("", "")
    earlier: Earlier | msgspec.UnsetType = msgspec.UNSET

    @property
    def failures(self) -> int:
        return self.older + sum(self.days.values())


_KINDS = frozenset({*FailureKind, "incident"})
_MASKED = re.compile(r"(?:^|:)~[0-9a-f]{16}$")


def masked_name(text: str) -> str:
    """What stands in a marker for a name that holds a secret: not the name, and not the same for two names.

    The kind in front of a key stays: `case:~0123456789abcdef`.
    """
    kind, colon, _ = text.partition(":")
    known = f"{kind}:" if colon and kind in _KINDS else ""
    return f"{known}~{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def is_masked(name: str) -> bool:
    """Whether this may be what `masked_name` made of a name."""
    return _MASKED.search(name) is not None


class TrackedIssue(msgspec.Struct, frozen=True):
    """An issue that has to do with a failing case, or is ours.

    - `marker`: read from its text, if we wrote it. `ours`: we created it.
    - `person_wrote`: when somebody else last commented; `commented`: when we did; `told`: ids of our comments.
    """

    issue: ListedIssue
    ours: bool = False
    marker: Marker | None = None
    person_wrote: datetime | None = None
    commented: datetime | None = None
    told: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """What the tracker held at one moment.

    - `viewer`: the login that we write as. `labels`: all labels of the repository.
    - `gone`: numbers of ours that were deleted, or moved to another repository.
    - `problem`: why nothing may be filed; "" if the list is proved to be whole.
    """

    repo: str
    taken_at: datetime
    viewer: str
    issues: tuple[TrackedIssue, ...] = ()
    labels: tuple[str, ...] = ()
    gone: tuple[int, ...] = ()
    listed: int = 0
    problem: str = ""


class Draft(msgspec.Struct, frozen=True):
    """What is written to the tracker. A field that is None is left as it is.

    `create`, `comment_id`: the intents' ids. `state`: `open` or `closed`.
    """

    title: str | None = None
    body: str | None = None
    labels: tuple[str, ...] = ()
    comment: str | None = None
    comment_id: str = ""
    create: str = ""
    state: str | None = None
    state_reason: str | None = None


class Planned(msgspec.Struct, frozen=True):
    """One line of a plan: a failing case (or an issue of ours), what is to be done, and why.

    - `reason`: a `Reason` where nothing is done. `why`: a sentence with the numbers.
    - `runs`: failed runs in the window. `number`, `url`: the issue, 0 and "" where there is none.
    - `seen`: a hash of the issue's state when this was planned: if it has another by then, nothing is done.
    """

    key: str
    kind: str
    name: str
    action: str
    why: str
    reason: str = ""
    runs: int = 0
    last: datetime | None = None
    number: int = 0
    url: str = ""
    seen: str = ""
    draft: Draft | None = None


PLAN_FORMAT = 2


class IssuePlan(msgspec.Struct, frozen=True):
    """What would be done. `stopped`: why nothing will be; `tracker`: a hash of what it was made from.

    `looked_at`: when the tracker was read; `tracker_read`: false for a plan that was made without a look at it, which
    cannot be applied. `window`: its begin and end, for people in `zone`; `notes`: what a reader should know, and
    nothing that decides. `format`: the version of the file's format.
    """

    repo: str
    tracker_url: str
    window: tuple[datetime, datetime]
    jobs: tuple[str, ...]
    made_at: datetime
    looked_at: datetime
    tracker: str
    entries: tuple[Planned, ...]
    stopped: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    zone: str = "UTC"
    version: str = ""
    tracker_read: bool = True
    format: int = PLAN_FORMAT

"""The values of issue filing: tracked issues, markers, snapshots, plans and their entries.

Times are aware, in UTC. Every value converts to JSON and back. Values of `Reason`, field names of
`Marker` and of `IssuePlan` are stored in issues and saved plans: they must not change.
"""

import re
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec

from ci_stat.records import ListedIssue
from ci_stat.records.failure import FailureKind


class Reason(StrEnum):
    """Why an entry of a plan is skipped. The values are stored in saved plans."""

    KNOWN = "known and open"  # another author's issue
    UP_TO_DATE = "up to date"
    RARE = "flaky but rare"
    BELOW_GATE = "below the gate"
    INCIDENT = "part of an incident"  # the incident has its own entry and issue
    MACHINES = "part of an outage"  # the infrastructure broke all of its runs
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
    """A closed issue about the same failure.

    `closed`: ISO date in the CI database's time zone.
    """

    number: int
    closed: str


class Marker(msgspec.Struct, frozen=True):
    """The state of one of our issues, hidden in its text, so that our own database is optional.

    - `key`: the failure; for an incident, the key of its first day.
    - `kind`: `incident`, or a `FailureKind`.
    - `create`: id of the intent that created the issue.
    - `first`, `last`: start of the first and of the last failed run.
    - `fingerprints`, `branches`: those that the text or a comment has announced.
    - `jobs`: jobs in which it failed.
    - `days`: failed runs by day (ISO date, the CI database's time zone).
    - `older`: failed runs of days that `days` no longer holds.
    - `longest`: longest quiet period between two failures, in days.
    - `members`: keys of an incident's cases.
    - `closed`: stamp of the quiet period for which we closed the issue; "" if we did not.
    - `why`: the reason for filing, as a sentence.
    - `commits`: of the first failure and of the last pass before it; "" if unknown.
    - `earlier`: the closed issue that this one follows. Unset if there is none, and in markers
      written before the field existed: the plan's hash of those stays equal.
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
    """Return the hash that a marker stores in place of a name that contains a secret.

    The kind before a key stays readable: `case:~0123456789abcdef`.
    """
    kind, colon, _ = text.partition(":")
    prefix = f"{kind}:" if colon and kind in _KINDS else ""
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    return f"{prefix}~{digest[:16]}"


def is_masked(name: str) -> bool:
    """Whether `masked_name` may have produced this name."""
    return _MASKED.search(name) is not None


class TrackedIssue(msgspec.Struct, frozen=True, rename={"announced": "told"}):
    """An issue that is ours, or whose title names a failing test.

    - `ours`: we created it. `marker`: parsed from its text; None if the text is not ours.
    - `person_wrote`: time of the last comment by somebody else. `commented`: of our last comment.
    - `announced`: ids of our comments. JSON calls it `told`: hashes in saved plans include it.
    """

    issue: ListedIssue
    ours: bool = False
    marker: Marker | None = None
    person_wrote: datetime | None = None
    commented: datetime | None = None
    announced: tuple[str, ...] = ()


class Snapshot(msgspec.Struct, frozen=True):
    """The issues of a tracker at one moment.

    - `viewer`: the login that we write as. `labels`: all labels of the repository.
    - `gone`: numbers of our issues that were deleted or moved to another repository.
    - `listed`: how many issues the tracker listed.
    - `problem`: why the list may be incomplete, so that filing stops; "" if it is complete.
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
    """The texts and the state to write to one issue. None leaves a field unchanged.

    `create`, `comment_id`: ids of the intents. `state`: `open` or `closed`.
    """

    title: str | None = None
    body: str | None = None
    labels: tuple[str, ...] = ()
    comment: str | None = None
    comment_id: str = ""
    create: str = ""
    state: str | None = None
    state_reason: str | None = None


class PlanEntry(msgspec.Struct, frozen=True):
    """One entry of a plan: a failure or an issue of ours, the action, and why.

    - `action`: an `IssueAction`. `reason`: a `Reason` for a skipped entry, else "".
    - `why`: a sentence with the numbers.
    - `runs`: failed runs in the window. `last`: start of the last one.
    - `number`, `url`: the issue; 0 and "" if there is none.
    - `seen`: hash of the issue's state at planning time; the entry is skipped if it changed since.
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
    """All entries for one window of failures, ready to show, save and apply.

    - `window`: begin and end. `zone`: the time zone in which people read it.
    - `made_at`: when it was planned. `looked_at`: when the tracker was read.
    - `tracker`: hash of the tracker's state; an applied plan must still match it.
    - `stopped`: why nothing may be applied; "" for a usable plan. `hint`: what to do then.
    - `notes`: remarks for a reader; they decide nothing.
    - `version`: of ci_stat. `format`: of the file.
    - `tracker_read`: False for a plan made without the tracker, which cannot be applied.
    """

    repo: str
    tracker_url: str
    window: tuple[datetime, datetime]
    jobs: tuple[str, ...]
    made_at: datetime
    looked_at: datetime
    tracker: str
    entries: tuple[PlanEntry, ...]
    stopped: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    zone: str = "UTC"
    version: str = ""
    tracker_read: bool = True
    format: int = PLAN_FORMAT

"""The thresholds by which issues are filed, kept and closed, and the values of a decision. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.issues.decisions.silence import DAY, Silence
from ci_stat.issues.evidence import FailureHistory
from ci_stat.issues.model import Marker, Reason, TrackedIssue
from ci_stat.records import IssueAction, Mute

MUTE_LABEL, REFILE_LABEL = "ci_stat/mute", "ci_stat/refile"


@dataclass(frozen=True)
class Rules:
    """Thresholds; settings change them.

    - `failures`: failed runs in the window from which a case gets an issue.
    - `windows`: or windows with a failed run, among those of the last `memory`.
    - `together`: more failing tests than this in one run are one incident.
    - `share`: or this share of a job's tests.
    - `new`: limit of new issues a day. `changes`: limit of changed issues a day.
    - `implausible`: more new issues than this mean that the input is wrong.
    - `reopen`: time after the close in which an issue is reopened; later, a new one is filed.
    - `person`: time after a person's comment in which an issue is not closed.
    - `back`: a quiet period after which a failure is worth a comment.
    - `mute_label`: with this label on an issue, we leave it alone.
    - `refile_label`: with it on an issue closed as not planned, a new one may be filed.
    """

    failures: int = 2
    windows: int = 2
    memory: timedelta = 7 * DAY
    together: int = 10
    share: float = 0.25
    new: int = 3
    changes: int = 10
    implausible: int = 20
    reopen: timedelta = 10 * DAY
    person: timedelta = 14 * DAY
    back: timedelta = 7 * DAY
    mute_label: str = MUTE_LABEL
    refile_label: str = REFILE_LABEL


@dataclass(frozen=True, slots=True)
class Change:
    """News about a failure that is worth a comment.

    - `what`: `message`, `branch`, `back`, `again` (after a close), `members`, `closed` or
      `duplicate`.
    - `said`: the new message, branch or tests; quiet days for `back`; the close's date for `again`;
      the number of the issue that is kept for `duplicate`.

    Comment marks are hashes of both.
    """

    what: str
    said: str
    excerpt: str = ""


@dataclass(frozen=True)
class Decision:
    """The action for one failure or one issue of ours, and why.

    - `issue`: the issue to change, or the one that is the reason to skip.
    - `before`: the closed issue that a new one refers to.
    - `marker`: the issue's marker after the action.
    - `stamp`: id of the call, equal for equal content. `marks`: the same for each change.
    - `runs`: failed runs in the window. `last`: start of the last one.
    - `mute`: the mute that applies. `silence`: for a decision about closing.
    """

    key: str
    kind: str
    name: str
    action: IssueAction
    why: str
    reason: Reason | None = None
    history: FailureHistory | None = None
    issue: TrackedIssue | None = None
    before: TrackedIssue | None = None
    marker: Marker | None = None
    changes: tuple[Change, ...] = ()
    stamp: str = ""
    marks: tuple[str, ...] = ()
    runs: int = 0
    last: datetime | None = None
    mute: Mute | None = None
    silence: Silence | None = None


@dataclass(frozen=True)
class Decisions:
    """All decisions, actions first.

    `stopped`: why none of them may be applied. `hint`: what to do then.
    """

    all: tuple[Decision, ...]
    stopped: str = ""
    hint: str = ""

    @property
    def acting(self) -> tuple[Decision, ...]:
        return tuple(decision for decision in self.all if decision.action is not IssueAction.SKIP)

"""The rules by which issues are filed, kept and closed, and what is decided by them. Pure values."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ci_stat.issues.evidence import Failing
from ci_stat.issues.model import Marker, Reason, TrackedIssue
from ci_stat.issues.silence import DAY, Silence
from ci_stat.records import IssueAction, Mute

MUTE_LABEL, REFILE_LABEL = "ci_stat/mute", "ci_stat/refile"


@dataclass(frozen=True)
class Rules:
    """Thresholds; settings change them.

    - `failures`: failed runs of a case in the window that make an issue; or `windows` windows, of those in
      `memory` up to this one's end, with at least one each.
    - `together`, `share`: more tests than that in one run, or that part of a job's tests, are one incident.
    - `new`, `changes`: at most so many new issues, and changes of any sort, in one run; `implausible`: more new ones
      than that mean that the input is wrong.
    - `reopen`: for so long after it was closed an issue is opened again; later a new one is written.
    - `person`: for so long after somebody wrote, an issue is not closed. `back`: a silence worth a comment.
    - `mute_label`: people put it on an issue to switch us off; `refile_label`: on one that was closed as not planned,
      to have it filed again.
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
    """Something worth a comment. `what`: `message`, `branch`, `back`, `again` (after a close), `members` or `closed`.

    `said`: the new message, branch or tests; for `back` and `again` since when it was quiet or closed.
    """

    what: str
    said: str
    excerpt: str = ""


@dataclass(frozen=True)
class Decision:
    """What is to be done about one failure or one issue of ours, and why.

    - `issue`: the one acted on, or that is the reason for doing nothing. `before`: the closed one that a new one is
      linked to.
    - `marker`: what the issue is to say of itself after this. `stamp`: what a comment is about: equal for the same one.
      `marks`: the same for each of its changes.
    - `runs`: failed runs in the window. `until`: how long it is muted. `silence`: for a decision about closing.
    """

    key: str
    kind: str
    name: str
    action: IssueAction
    why: str
    reason: Reason | None = None
    failing: Failing | None = None
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
    """All of them, those that change something first. `stopped`: why nothing may be done."""

    all: tuple[Decision, ...]
    stopped: str = ""
    hint: str = ""

    @property
    def acting(self) -> tuple[Decision, ...]:
        return tuple(each for each in self.all if each.action is not IssueAction.NOT)

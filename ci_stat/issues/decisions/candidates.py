"""Candidates for an issue: the failures of a window, and the gate that they must pass. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ci_stat.issues.decisions.rules import Decision, Rules
from ci_stat.issues.evidence import Evidence, FailureHistory, Occurrence, run_keys
from ci_stat.issues.model import Reason, Snapshot, TrackedIssue
from ci_stat.records import IssueAction, Ledger, Mute


@dataclass(frozen=True)
class Inputs:
    """Everything that a plan is made from.

    - `known`: the evidence with the runs after the window. `evidence`: as of the window's end.
    - `now`: aware.
    """

    known: Evidence
    evidence: Evidence
    snapshot: Snapshot
    ledger: Ledger
    rules: Rules
    now: datetime

    def is_active(self, mute: Mute | None) -> bool:
        return mute is not None and mute.until > self.now

    def commented_today(self, issue: TrackedIssue) -> bool:
        """Whether we commented on the issue today: comments are limited to one per day."""
        today = self.evidence.day(self.now)
        comments = (issue.commented, self.ledger.commented.get(issue.issue.number))
        return any(moment and self.evidence.day(moment) == today for moment in comments)


@dataclass(frozen=True)
class Candidate:
    """A failure that may get an issue.

    `occurrences`: those that are evidence. `inside`: those of them in the window.
    """

    history: FailureHistory
    occurrences: tuple[Occurrence, ...]
    inside: tuple[Occurrence, ...]

    def act(self, action: IssueAction, why: str, issue: TrackedIssue | None = None) -> Decision:
        history = self.history
        return Decision(
            history.key, history.kind, history.name, action, why, history=history, issue=issue
        )

    def skip(self, reason: Reason, why: str, issue: TrackedIssue | None = None) -> Decision:
        return replace(self.act(IssueAction.SKIP, why, issue), reason=reason)


def passes_gate(occurrences: Sequence[Occurrence], evidence: Evidence, rules: Rules) -> bool:
    """Whether a test failed in enough runs of the window, or in enough of the last windows."""
    inside = evidence.in_window(occurrences)
    if failed_runs(inside) >= rules.failures:
        return True
    return bool(inside) and failed_windows(occurrences, evidence, rules) >= rules.windows


def failed_runs(occurrences: Iterable[Occurrence]) -> int:
    return len(run_keys(occurrences))


def failed_windows(occurrences: Iterable[Occurrence], evidence: Evidence, rules: Rules) -> int:
    """Count the windows with a failure: of this window's length, back from its end."""
    length = evidence.end - evidence.begin
    memory = max(rules.memory, length)
    ages = (
        evidence.end - occurrence.run.started for occurrence in evidence.before_end(occurrences)
    )
    return len({-(-age // length) for age in ages if age <= memory})

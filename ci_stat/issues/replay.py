"""The rules run over the past, window after window, at a tracker that is only a value: what they would have done, and
which of it later proved wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from ci_stat.issues.evidence import Evidence, Hit
from ci_stat.issues.model import Marker, Snapshot, TrackedIssue
from ci_stat.issues.planner import decide
from ci_stat.issues.rules import Decision, Decisions, Rules
from ci_stat.records import IssueAction, Ledger, ListedIssue

JUDGED = timedelta(days=7)  # a filing of yesterday had no time to prove right
Ask = Callable[[datetime, datetime, datetime], Evidence]  # begin, end, since


class MemoryTracker:
    """A tracker that nobody but us writes to. What is decided is done at once."""

    def __init__(self, repo: str = "replay/replay") -> None:
        self.repo = repo
        self.issues: dict[int, TrackedIssue] = {}

    def snapshot(self, now: datetime) -> Snapshot:
        return Snapshot(
            self.repo, now, "replay", tuple(self.issues.values()), listed=len(self.issues)
        )

    def ledger(self) -> Ledger:
        return Ledger()

    def apply(self, decision: Decision, now: datetime) -> int:
        """Do what was decided; the issue's number."""
        if decision.action is IssueAction.FILE:
            return self._file(decision, now)
        assert decision.issue is not None
        number = decision.issue.issue.number
        known = self.issues[number]
        commented = now if decision.stamp else known.commented
        self.issues[number] = replace(
            known, issue=_moved(known.issue, decision.action, now), marker=decision.marker or known.marker,
            commented=commented,
        )  # fmt: skip
        return number

    def _file(self, decision: Decision, now: datetime) -> int:
        number = len(self.issues) + 1
        title = f"unstable test `{decision.name}`"
        listed = ListedIssue(number, title, "replay", now, f"https://example.com/{number}")
        self.issues[number] = TrackedIssue(listed, ours=True, marker=decision.marker)
        return number


def _moved(issue: ListedIssue, action: IssueAction, now: datetime) -> ListedIssue:
    if action is IssueAction.CLOSE:
        return replace(issue, open=False, closed_at=now, state_reason="completed")
    if action is IssueAction.REOPEN:
        return replace(issue, open=True, closed_at=None, state_reason="reopened")
    return issue


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done at the tracker in memory."""

    at: datetime
    action: IssueAction
    number: int
    key: str
    name: str
    why: str
    comment: bool = False


@dataclass
class Scorecard:
    """What the rules would have done in [begin, end).

    - `refailed`: closes by us after which it failed again; `single`: filings after which it never failed again.
    - `reasons`: how often nothing was done, and why. `stopped`: windows in which nothing was done at all.
    """

    begin: datetime
    end: datetime
    windows: int = 0
    failing: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: list[tuple[datetime, str]] = field(default_factory=list)
    refailed: list[Event] = field(default_factory=list)
    single: list[Event] = field(default_factory=list)
    open: int = 0

    def count(self, action: IssueAction) -> int:
        return sum(each.action is action for each in self.events)

    @property
    def comments(self) -> int:
        return sum(each.comment for each in self.events)

    @property
    def comments_a_week(self) -> float | None:
        """For each issue and week of its life in the replay; None without issues."""
        first = {each.number: each.at for each in self.events if each.action is IssueAction.FILE}
        weeks = sum((self.end - at) / timedelta(weeks=1) for at in first.values())
        return self.comments / weeks if weeks else None


def replay(
    ask: Ask, steps: Iterable[tuple[datetime, datetime]], memory: timedelta, rules: Rules,
    tracker: MemoryTracker | None = None, done: Callable[[Decisions], None] | None = None,
) -> Scorecard:  # fmt: skip
    """Run the rules over windows (at least one), oldest first. `memory`: how far the evidence looks back.

    `done` is told what was decided in each window.
    """
    tracker, windows = tracker or MemoryTracker(), list(steps)
    card = Scorecard(*windows[0])
    for begin, end in windows:
        oldest = min(
            (each.marker.first for each in tracker.issues.values() if each.marker), default=end
        )
        evidence = ask(begin, end, min(begin - memory, oldest))
        decisions = decide(evidence, tracker.snapshot(end), tracker.ledger(), rules, end)
        _note(card, decisions, tracker, evidence)
        if done:
            done(decisions)
    _judge(card, tracker, evidence)
    return card


def _note(
    card: Scorecard, decisions: Decisions, tracker: MemoryTracker, evidence: Evidence
) -> None:
    card.end = evidence.end
    card.windows += 1
    card.failing |= {each.key for each in decisions.all if each.failing}
    card.reasons.update(each.reason.value for each in decisions.all if each.reason)
    if decisions.stopped:
        card.stopped.append((evidence.end, decisions.stopped))
        return
    for each in decisions.acting:
        number = tracker.apply(each, evidence.end)
        comment = bool(each.stamp) and each.action is not IssueAction.FILE
        card.events.append(
            Event(evidence.end, each.action, number, each.key, each.name, each.why, comment)
        )


def _judge(card: Scorecard, tracker: MemoryTracker, evidence: Evidence) -> None:
    """What came later: `evidence` is that of the last window, with all that is known."""
    for each in card.events:
        later = [hit for hit in _hits(each, evidence, tracker) if hit.run.started > each.at]
        if each.action is IssueAction.CLOSE and later:
            card.refailed.append(each)
        if each.action is IssueAction.FILE and not later and evidence.end - each.at >= JUDGED:
            card.single.append(each)
    card.open = sum(each.issue.open for each in tracker.issues.values())


def _hits(event: Event, evidence: Evidence, tracker: MemoryTracker) -> tuple[Hit, ...]:
    failing = evidence.failing.get(event.key)
    if failing is not None:
        return failing.own
    marker: Marker | None = tracker.issues[event.number].marker
    members = set(marker.members) if marker else set()
    return next((each.hits for each in evidence.incidents if members & set(each.members)), ())

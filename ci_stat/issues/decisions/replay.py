"""Replays the rules over past windows against a tracker in memory, and scores what they did."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from ci_stat.issues.decisions.planner import decide
from ci_stat.issues.decisions.rules import Decision, Decisions, Rules
from ci_stat.issues.evidence import Evidence, Occurrence
from ci_stat.issues.model import Snapshot, TrackedIssue
from ci_stat.records import IssueAction, Ledger, ListedIssue

JUDGED = timedelta(days=7)  # age from which a filed issue is judged
GetEvidence = Callable[[datetime, datetime, datetime], Evidence]  # begin, end, since


class MemoryTracker:
    """A tracker in memory that only we write to; decisions are applied immediately."""

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
        """Apply a decision; return the issue's number."""
        if decision.action is IssueAction.FILE:
            return self._file(decision, now)

        assert decision.issue is not None
        number = decision.issue.issue.number
        tracked = self.issues[number]
        self.issues[number] = replace(
            tracked,
            issue=_moved(tracked.issue, decision.action, now),
            marker=decision.marker or tracked.marker,
            commented=now if decision.stamp else tracked.commented,
        )
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
    """One action at the tracker in memory. `comment`: it includes a comment."""

    at: datetime
    action: IssueAction
    number: int
    key: str
    name: str
    why: str
    comment: bool = False


@dataclass
class Scorecard:
    """What the rules did in [begin, end).

    - `windows`: how many were replayed. `keys`: keys of all failures seen.
    - `events`: the actions, in order. `reasons`: skipped decisions by reason.
    - `stopped`: end of each window whose plan was stopped, and why.
    - `refailed`: closes after which the failure recurred.
    - `single`: new issues after which the failure never recurred.
    - `open`: issues that are open at the end.
    """

    begin: datetime
    end: datetime
    windows: int = 0
    keys: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    stopped: list[tuple[datetime, str]] = field(default_factory=list)
    refailed: list[Event] = field(default_factory=list)
    single: list[Event] = field(default_factory=list)
    open: int = 0

    def count(self, action: IssueAction) -> int:
        return sum(event.action is action for event in self.events)

    @property
    def comments(self) -> int:
        return sum(event.comment for event in self.events)

    @property
    def comments_a_week(self) -> float | None:
        """Comments by issue and week since it was filed; None without issues."""
        filed = (event.at for event in self.events if event.action is IssueAction.FILE)
        weeks = sum((self.end - at) / timedelta(weeks=1) for at in filed)
        return self.comments / weeks if weeks else None


def replay(
    get_evidence: GetEvidence,
    steps: Iterable[tuple[datetime, datetime]],
    memory: timedelta,
    rules: Rules,
    tracker: MemoryTracker | None = None,
    on_decisions: Callable[[Decisions], None] | None = None,
) -> Scorecard:
    """Run the rules over windows (at least one), oldest first.

    - `memory`: how far the evidence looks back.
    - `on_decisions`: called with the decisions of each window.
    """
    tracker, windows = tracker or MemoryTracker(), list(steps)
    card = Scorecard(*windows[0])

    for begin, end in windows:
        oldest = _oldest_failure(tracker, end)
        evidence = get_evidence(begin, end, min(begin - memory, oldest))
        decisions = decide(evidence, tracker.snapshot(end), tracker.ledger(), rules, end)
        _record(card, decisions, tracker, evidence)
        if on_decisions:
            on_decisions(decisions)

    _judge(card, tracker, evidence)
    return card


def _oldest_failure(tracker: MemoryTracker, default: datetime) -> datetime:
    markers = (tracked.marker for tracked in tracker.issues.values())
    return min((marker.first for marker in markers if marker), default=default)


def _record(
    card: Scorecard, decisions: Decisions, tracker: MemoryTracker, evidence: Evidence
) -> None:
    """Apply the decisions of a window, and add them to the card."""
    card.end = evidence.end
    card.windows += 1
    card.keys |= {decision.key for decision in decisions.all if decision.history}
    card.reasons.update(decision.reason.value for decision in decisions.all if decision.reason)
    if decisions.stopped:
        card.stopped.append((evidence.end, decisions.stopped))
        return

    for decision in decisions.acting:
        card.events.append(
            Event(
                at=evidence.end,
                action=decision.action,
                number=tracker.apply(decision, evidence.end),
                key=decision.key,
                name=decision.name,
                why=decision.why,
                comment=bool(decision.stamp) and decision.action is not IssueAction.FILE,
            )
        )


def _judge(card: Scorecard, tracker: MemoryTracker, evidence: Evidence) -> None:
    """Find wrong closes and needless issues. `evidence`: of the last window, with all runs."""
    for event in card.events:
        recurred = any(
            occurrence.run.started > event.at
            for occurrence in _occurrences(event, evidence, tracker)
        )
        is_old = evidence.end - event.at >= JUDGED
        if event.action is IssueAction.CLOSE and recurred:
            card.refailed.append(event)
        if event.action is IssueAction.FILE and is_old and not recurred:
            card.single.append(event)
    card.open = sum(tracked.issue.open for tracked in tracker.issues.values())


def _occurrences(
    event: Event, evidence: Evidence, tracker: MemoryTracker
) -> tuple[Occurrence, ...]:
    history = evidence.histories.get(event.key)
    if history is not None:
        return history.own

    marker = tracker.issues[event.number].marker
    members = set(marker.members) if marker else set()
    incidents = (
        incident for incident in evidence.incidents if not members.isdisjoint(incident.members)
    )
    incident = next(incidents, None)
    return incident.occurrences if incident else ()

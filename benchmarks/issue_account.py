"""What a set of rules does in a tracker, in one form: our rules, replayed, and two simple ones.

The simple rules match titles. They know no incidents and no broken machines; each failing test is
a candidate for an issue.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from benchmarks.issue_histories import DAY, JOB, ZONE, Drawn, Sort, failing_tests
from ci_stat.issues.collect import History
from ci_stat.issues.decisions.replay import MemoryTracker, Scorecard, replay
from ci_stat.issues.decisions.rules import Decisions, Rules
from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.model import Reason, Snapshot
from ci_stat.records import Accepted, IssueAction, Ledger

MEMORY = timedelta(days=30)  # the default of the setting issue_history
QUIET_DAYS, THRESHOLD = 14, 3  # of the plain rule with a threshold
_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Deed:
    """One change of an issue. `person`: a person made it, not the rules."""

    at: datetime
    action: IssueAction
    number: int
    comment: bool = False
    person: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """An issue that the cap on new issues delayed. `days`: None if it was never filed."""

    test: str
    days: int | None


@dataclass
class Account:
    """All deeds, in order. `about`: tests by issue; `incidents`: issues about several tests."""

    name: str
    deeds: list[Deed] = field(default_factory=list)
    about: dict[int, frozenset[str]] = field(default_factory=dict)
    incidents: set[int] = field(default_factory=set)
    stopped: int = 0
    refailed: int = 0
    waited: list[Waited] = field(default_factory=list)


Rule = Callable[[Drawn], Account]


class PeopledTracker(MemoryTracker):
    """A tracker in which a person closes the issue of each regression when it is fixed.

    A person also accepts each plan that is refused because it has too many new issues.
    """

    def __init__(self, fixes: Iterable[tuple[datetime, str]]) -> None:
        super().__init__()
        self.fixes, self.closed = sorted(fixes), list[Deed]()
        self.accepted: dict[str, Accepted] = {}

    def ledger(self) -> Ledger:
        return Ledger(accepted=self.accepted)

    def looked_at(self, decisions: Decisions) -> None:
        """Accept a refused plan: the data of a simulation are correct."""
        if decisions.stopped:
            new = [decision for decision in decisions.all if decision.action is IssueAction.FILE]
            self.accepted |= {
                decision.key: Accepted(decision.key, decision.name, _EVER, "looked at", _EVER)
                for decision in new
            }

    def snapshot(self, now: datetime) -> Snapshot:
        while self.fixes and self.fixes[0][0] <= now:
            self._close(*self.fixes.pop(0))
        return super().snapshot(now)

    def _close(self, at: datetime, test: str) -> None:
        for number, tracked in self.issues.items():
            if tracked.issue.open and tracked.marker and tracked.marker.key == f"case:{test}":
                listed = replace(tracked.issue, open=False, closed_at=at, state_reason="completed")
                self.issues[number] = replace(tracked, issue=listed)
                self.closed.append(Deed(at, IssueAction.CLOSE, number, person=True))


def ours(
    drawn: Drawn, rules: Rules | None = None, people: bool = False, name: str = "ours"
) -> Account:
    """Our rules, window after window. `people`: a person closes issues and accepts plans."""
    known = rules or Rules()
    history = History(drawn.runs, (JOB,), ZONE, known.together, known.share)
    fixes = [
        (defect.end, test)
        for defect in drawn.defects
        for test in defect.tests
        if defect.sort is Sort.REGRESSION and defect.end
    ]
    tracker = PeopledTracker(fixes if people else ())
    turns = _Turns()

    def on_decisions(decisions: Decisions) -> None:
        turns(decisions)
        if people:
            tracker.looked_at(decisions)

    card = replay(history.evidence, drawn.windows, MEMORY, known, tracker, on_decisions)
    return _account(name, card, tracker, turns)


def _account(name: str, card: Scorecard, tracker: PeopledTracker, turns: "_Turns") -> Account:
    deeds = [
        Deed(event.at, event.action, event.number, event.comment) for event in card.events
    ] + tracker.closed
    account = Account(name, sorted(deeds, key=lambda deed: deed.at), stopped=len(card.stopped))
    account.refailed, account.waited = len(card.refailed), turns.waited()
    for number, tracked in tracker.issues.items():
        assert tracked.marker is not None
        incident = tracked.marker.kind == INCIDENT
        account.about[number] = frozenset(
            map(_test, tracked.marker.members if incident else [tracked.marker.key])
        )
        if incident:
            account.incidents.add(number)
    return account


def _test(key: str) -> str:
    return key.partition(":")[2]


class _Turns:
    """How long the cap on new issues delayed each issue."""

    def __init__(self) -> None:
        self.day, self.since, self.ended = 0, dict[str, int](), list[Waited]()

    def __call__(self, decisions: Decisions) -> None:
        self.day += 1
        if decisions.stopped:
            return
        for decision in decisions.all:
            if decision.reason is Reason.CAP and decision.why.startswith("would file"):
                self.since.setdefault(decision.key, self.day)
            elif decision.action is IssueAction.FILE and decision.key in self.since:
                self.ended.append(
                    Waited(_test(decision.key), self.day - self.since.pop(decision.key))
                )

    def waited(self) -> list[Waited]:
        return self.ended + [Waited(_test(key), None) for key in self.since]


def by_threshold(drawn: Drawn) -> Account:
    """File after three failures in a window, comment once a window, close after 14 quiet days."""
    return _plain("title and threshold", drawn, THRESHOLD, QUIET_DAYS)


def every_failure(drawn: Drawn) -> Account:
    """File for every failing test, comment once a window, never close."""
    return _plain("every failure", drawn, 1, None)


def _plain(name: str, drawn: Drawn, threshold: int, quiet_days: int | None) -> Account:
    account, plain = Account(name), _Plain(threshold, quiet_days)
    failing = _by_window(drawn)
    for number, (_, end) in enumerate(drawn.windows):
        account.deeds += plain.window(end, failing.get(number, Counter()))
    account.about = {number: frozenset((test,)) for number, test in plain.titles.items()}
    return account


def _by_window(drawn: Drawn) -> dict[int, Counter[str]]:
    failing: dict[int, Counter[str]] = defaultdict(Counter)
    for at, tests in failing_tests(drawn.runs):
        if drawn.begin <= at < drawn.end:
            failing[(at - drawn.begin) // DAY].update(tests)
    return failing


class _Plain:
    def __init__(self, threshold: int, quiet_days: int | None) -> None:
        self.threshold, self.quiet_days = threshold, quiet_days
        self.titles: dict[int, str] = {}
        self.open: dict[str, int] = {}
        self.last: dict[str, datetime] = {}

    def window(self, end: datetime, failing: Counter[str]) -> Iterable[Deed]:
        for test, runs in sorted(failing.items()):
            self.last[test] = end
            if test in self.open:
                yield Deed(end, IssueAction.COMMENT, self.open[test], comment=True)
            elif runs >= self.threshold:
                number = self.open[test] = len(self.titles) + 1
                self.titles[number] = test
                yield Deed(end, IssueAction.FILE, number)
        if self.quiet_days is not None:
            for test in [
                test for test in self.open if end - self.last[test] >= DAY * self.quiet_days
            ]:
                yield Deed(end, IssueAction.CLOSE, self.open.pop(test), comment=True)

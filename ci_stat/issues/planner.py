"""What is to be done at the tracker, from evidence, a snapshot of it, and our ledger. Pure: no clock, no network.

Every failure of the window and every open issue of ours gets a decision; where nothing is done it says why.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from ci_stat.issues.closing import quiet_decision
from ci_stat.issues.evidence import INCIDENT, MACHINES, TESTS, Cause, Evidence, Failing, Hit
from ci_stat.issues.incidents import freed
from ci_stat.issues.limits import Today, capped
from ci_stat.issues.marker_updates import changes, first_marker, grown, is_of_jobs, stamp, told
from ci_stat.issues.matching import Found, TrackerIndex, failing_of, merged, mute_of
from ci_stat.issues.model import Marker, Reason, Snapshot, TrackedIssue
from ci_stat.issues.rules import Change, Decision, Decisions, Rules
from ci_stat.records import IssueAction, Ledger, LogState, Mute
from ci_stat.rendering.format import date, plural, times

OLD = timedelta(days=2)  # since a window ended: later one may ask whether it is over


def decide(
    evidence: Evidence, snapshot: Snapshot, ledger: Ledger, rules: Rules, now: datetime
) -> Decisions:
    """Everything that is to be done, and everything that is not. `now`: aware."""
    planner = _Planner(evidence, snapshot, ledger, rules, now)
    today = _done_today(evidence, snapshot, ledger, now)
    return capped(planner.decisions(), rules, snapshot.problem, today, ledger.accepted)


def _done_today(evidence: Evidence, snapshot: Snapshot, ledger: Ledger, now: datetime) -> Today:
    """What we did on this day already: a second run is no second helping."""
    day = evidence.day(now)
    filed = {
        each.issue.number
        for each in snapshot.issues
        if each.ours and evidence.day(each.issue.created_at) == day
    }
    changed = {number for number, moment in ledger.changed.items() if evidence.day(moment) == day}
    return Today(frozenset(filed), frozenset(filed | changed))


def passes_gate(hits: Sequence[Hit], evidence: Evidence, rules: Rules) -> bool:
    """Whether a test failed often enough: in runs of this window, or in several windows of the last days."""
    inside, hits = evidence.in_window(hits), evidence.before_end(hits)
    return len(_runs(inside)) >= rules.failures or (
        bool(inside) and _windows(hits, evidence, rules) >= rules.windows
    )


def _windows(hits: Iterable[Hit], evidence: Evidence, rules: Rules) -> int:
    """In how many windows of this length, counted back from this one's end, there is a failure."""
    length = evidence.end - evidence.begin
    ages = (evidence.end - hit.run.started for hit in evidence.before_end(hits))
    return len({-(-age // length) for age in ages if age <= max(rules.memory, length)})


def _runs(hits: Iterable[Hit]) -> set[tuple[str, int]]:
    return {(hit.run.job, hit.run.number) for hit in hits}


@dataclass(frozen=True)
class _Subject:
    """A failure of the window: all that speaks for it (`hits`), and what of that lies in the window."""

    failing: Failing
    hits: tuple[Hit, ...]
    inside: tuple[Hit, ...]


class _Planner:
    def __init__(
        self, evidence: Evidence, snapshot: Snapshot, ledger: Ledger, rules: Rules, now: datetime
    ) -> None:
        own = [
            each.key for each in evidence.failing.values() if passes_gate(each.own, evidence, rules)
        ]
        self.known = freed(evidence, own)
        self.evidence = self.known.at_end
        self.snapshot, self.ledger, self.rules, self.now = snapshot, ledger, rules, now
        self.index = TrackerIndex(snapshot, ledger)

    def decisions(self) -> Iterator[Decision]:
        met: set[int] = set()
        for failing in self._in_window():
            decision = self._of(failing)
            met |= {each.issue.number for each in (decision.issue, decision.before) if each}
            yield decision
        for state, runs in self.evidence.unread:
            what = f"{plural(runs, 'failed run')}: {LogState(state).value or 'nothing found'}"
            why = "no failure is known of them, so nothing can be filed for them"
            yield Decision("", "", what, IssueAction.NOT, why, Reason.LOG_MISSING, runs=runs)
        for issue in self.snapshot.issues:
            if issue.ours and issue.issue.open and issue.issue.number not in met:
                yield self._without_failures(issue)

    def _in_window(self) -> list[Failing]:
        """Incidents first, then what failed most often."""
        failing = sorted(
            self.evidence.failing.values(), key=lambda each: (-self._count(each), each.key)
        )
        return [each for each in (*self._incidents(), *failing) if self._count(each)]

    def _incidents(self) -> list[Failing]:
        """Those that one issue is about are one."""
        by_issue: dict[str, list[Failing]] = defaultdict(list)
        for each in self.evidence.incidents:
            found = self.index.of(each).open
            by_issue[f"#{found.issue.number}" if found else each.key].append(each)
        return [merged(group) for group in by_issue.values()]

    def _count(self, failing: Failing) -> int:
        return len(_runs(self.evidence.in_window(failing.hits)))

    def _of(self, failing: Failing) -> Decision:
        inside = self.evidence.in_window(failing.hits)
        base = partial(
            Decision, failing.key, failing.kind, failing.name, failing=failing, runs=len(_runs(inside)),
            last=inside[-1].run.started,
        )  # fmt: skip
        refused = self._refused(failing, inside)
        if refused:
            reason, why = refused
            muted = reason is Reason.MUTED
            issue = self.index.of(failing).open if muted else None
            mute = self._mute(failing) if muted else None
            return base(action=IssueAction.NOT, reason=reason, why=why, mute=mute, issue=issue)
        subject = _Subject(failing, failing.own, self.evidence.in_window(failing.own))
        decision = self._at_tracker(subject, self.index.of(failing))
        return replace(
            decision,
            failing=failing,
            runs=len(_runs(subject.inside)),
            last=subject.inside[-1].run.started,
        )

    def _refused(self, failing: Failing, inside: Sequence[Hit]) -> tuple[Reason, str] | None:
        """Why this is nothing for an issue, whatever the tracker holds."""
        if failing.kind in MACHINES or all(hit.cause is Cause.MACHINES for hit in inside):
            return (
                Reason.MACHINES,
                f"the machines broke {plural(len(_runs(inside)), 'run')}: no test is to blame",
            )
        if failing.kind != INCIDENT and (failing.kind not in TESTS or failing.newest.guess):
            if failing.newest.guess:
                return Reason.GUESS, "no rule knows this line of the log, so it may mean nothing"
            return (
                Reason.NO_TEST,
                f"a failure of kind {failing.kind} belongs to a run, not to a test",
            )
        mute = self._mute(failing)
        if mute and mute.until > self.now:
            return Reason.MUTED, f"muted until {date(mute.until, self.evidence.zone)}: {mute.why}"
        if not self.evidence.in_window(failing.own):
            return Reason.INCIDENT, "it failed only in runs in which many tests failed together"
        return None

    def _mute(self, failing: Failing) -> Mute | None:
        """An incident is muted by the key in its issue too, which stays when the first run of it is forgotten."""
        found = self.index.of(failing).open if failing.kind == INCIDENT else None
        marker = found.marker if found else None
        return (
            mute_of(marker, failing, self.ledger.mutes)
            if marker
            else self.ledger.mutes.get(failing.key)
        )

    def _at_tracker(self, subject: _Subject, found: Found) -> Decision:
        if found.open:
            return (
                self._recurrence(subject, found.open)
                if found.open.ours
                else self._known(subject, found.open)
            )
        if found.closed:
            return self._after_close(subject, found.closed)
        if found.gone:
            return self._not(
                subject,
                Reason.GONE,
                f"its issue #{found.gone} was deleted or moved: people decided so",
            )
        return self._new(subject, None)

    def _known(self, subject: _Subject, issue: TrackedIssue) -> Decision:
        return self._not(
            subject, Reason.KNOWN, f"#{issue.issue.number} is open; it is somebody else's", issue
        )

    def _recurrence(self, subject: _Subject, issue: TrackedIssue) -> Decision:
        off = self._switched_off(subject, issue)
        if off:
            return off
        assert issue.marker is not None
        if not is_of_jobs(issue.marker, self.evidence.jobs):
            why = f"#{issue.issue.number} is open, and is about {', '.join(issue.marker.jobs)}"
            return self._not(subject, Reason.OTHER_JOB, why, issue)
        number, marker = (
            issue.issue.number,
            grown(issue.marker, subject.failing, subject.hits, self.evidence),
        )
        new = changes(issue.marker, subject.failing, subject.hits, self.rules.back)
        marks = {self._mark(number, each): each for each in new}
        untold = {mark: each for mark, each in marks.items() if mark not in issue.told}
        if not (untold and self._commented_today(issue)):
            marker = told(marker, subject.failing, subject.hits)
            if untold:
                news, name = tuple(untold.values()), stamp("comment", *sorted(untold))
                why = f"#{number} is open, and there is something new: {_listed(news)}"
                return self._act(
                    IssueAction.COMMENT,
                    subject,
                    why,
                    issue,
                    marker,
                    changes=news,
                    stamp=name,
                    marks=tuple(untold),
                )
        if marker == issue.marker:
            return self._not(subject, Reason.UP_TO_DATE, f"#{number} says it all", issue)
        more = marker.failures - issue.marker.failures
        return self._act(
            IssueAction.UPDATE, subject, f"#{number} is open: {times(more)} more", issue, marker
        )

    def _mark(self, number: int, change: Change) -> str:
        """The name of one piece of news: a comment carries those it tells, so that nothing is told twice."""
        return stamp("told", self.snapshot.repo, number, change.what, change.said)

    def _switched_off(self, subject: _Subject, issue: TrackedIssue) -> Decision | None:
        number = issue.issue.number
        if self.rules.mute_label in issue.issue.labels:
            return self._not(
                subject,
                Reason.SWITCHED_OFF,
                f"#{number} has the label {self.rules.mute_label}",
                issue,
            )
        if issue.issue.locked:
            return self._not(subject, Reason.LOCKED, f"#{number} is locked", issue)
        if issue.ours and issue.marker is None:
            return self._not(
                subject,
                Reason.TAKEN_OVER,
                f"#{number} is ours, and its text is not any more",
                issue,
            )
        return None

    def _after_close(self, subject: _Subject, issue: TrackedIssue) -> Decision:
        off = self._switched_off(subject, issue)
        if off and off.reason is not Reason.TAKEN_OVER:
            return off
        closed, number = issue.issue.closed_at or issue.issue.created_at, issue.issue.number
        later = tuple(hit for hit in subject.hits if hit.run.started > closed)
        inside = self.evidence.in_window(later)
        when = date(closed, self.evidence.zone)
        if not inside:
            why = f"#{number} was closed {when}, after the last of these runs had started"
            return self._not(subject, Reason.BEFORE_FIX, why, issue)
        refused = _REFUSALS.get(issue.issue.state_reason)
        if refused and self.rules.refile_label not in issue.issue.labels:
            why = f"#{number} was {refused.value}; the label {self.rules.refile_label} on it allows a new one"
            return self._not(subject, refused, why, issue)
        after = replace(subject, hits=later, inside=inside)
        if self.now - closed <= self.rules.reopen:
            # Somebody else's issue is known by its title only: that needs as much evidence as a new one.
            sure = issue.ours or passes_gate(later, self.evidence, self.rules)
            return self._again(after, issue, closed) if sure else self._below(after, issue)
        return self._new(after, issue)

    def _again(self, subject: _Subject, issue: TrackedIssue, closed: datetime) -> Decision:
        number, runs = issue.issue.number, plural(len(_runs(subject.inside)), "run")
        why = f"#{number} was closed {date(closed, self.evidence.zone)}, and {runs} failed that started later"
        new: tuple[Change, ...] = (Change("again", date(closed, self.evidence.zone)),)
        marker = None
        if issue.marker is not None:
            new += changes(issue.marker, subject.failing, subject.hits, self.rules.reopen * 10)
            marker = told(
                grown(issue.marker, subject.failing, subject.hits, self.evidence),
                subject.failing,
                subject.hits,
            )
        name = (
            ""
            if self._commented_today(issue)
            else stamp("reopen", self.snapshot.repo, number, closed.isoformat())
        )
        return self._act(IssueAction.REOPEN, subject, why, issue, marker, changes=new, stamp=name)

    def _new(self, subject: _Subject, before: TrackedIssue | None) -> Decision:
        if self._is_over(subject):
            return self._not(
                subject, Reason.OVER, "the window is old, and it has not failed since", before
            )
        failing, rules = subject.failing, self.rules
        runs = len(_runs(subject.inside))
        if failing.key in self.ledger.unsettled:
            return self._not(
                subject,
                Reason.UNSETTLED,
                "whether an earlier creation arrived is not known yet",
                before,
            )
        if failing.kind == INCIDENT:
            why = f"{plural(len(failing.members), 'test')} failed together in {plural(runs, 'run')}"
        elif runs >= rules.failures:
            why = f"failed in {plural(runs, 'run')} of the window ({rules.failures} make an issue)"
        elif (windows := _windows(subject.hits, self.evidence, rules)) >= rules.windows:
            why = f"failed in {windows} windows of the last {rules.memory.days} days ({rules.windows} make an issue)"
        else:
            return self._below(subject, before)
        name = stamp(
            "create", self.snapshot.repo, failing.key, before.issue.number if before else 0
        )
        if before:
            why += f"; #{before.issue.number} was closed too long ago to be opened again"
        marker = first_marker(failing, subject.hits, self.evidence, name, why)
        return self._act(IssueAction.FILE, subject, why, None, marker, before=before, stamp=name)

    def _is_over(self, subject: _Subject) -> bool:
        """Whether an old window is looked at, and nothing of it is left today."""
        known, key = self.known, subject.failing.key
        later = known.failing.get(key) or next(
            (each for each in known.incidents if each.key == key), None
        )
        hits = later.own if later else ()
        return known.until - known.end >= OLD and all(hit.run.started < known.end for hit in hits)

    def _below(self, subject: _Subject, before: TrackedIssue | None) -> Decision:
        earlier = len(_runs(subject.hits)) - len(_runs(subject.inside))
        need = f"{self.rules.failures} failed runs make an issue, or {self.rules.windows} windows with one"
        if earlier:
            why = f"failed {times(len(_runs(subject.inside)))}, and {times(earlier)} long before; {need}"
            return self._not(subject, Reason.RARE, why, before)
        return self._not(
            subject,
            Reason.BELOW_GATE,
            f"failed {times(len(_runs(subject.inside)))}; {need}",
            before,
        )

    def _without_failures(self, issue: TrackedIssue) -> Decision:
        """An open issue of ours of which nothing failed in the window, or nothing that counts."""
        marker, mute = issue.marker, None
        if marker is not None:
            failing = failing_of(marker, self.known)
            mute = mute_of(marker, failing, self.ledger.mutes)
            off = self._blocked(issue, mute) or not is_of_jobs(marker, self.evidence.jobs)
            found = self._failed_otherwise(issue, marker, failing) if failing and not off else None
            if found:
                return found
        return quiet_decision(
            issue, self.known, mute, self.rules, self.now, self._commented_today(issue)
        )

    def _failed_otherwise(
        self, issue: TrackedIssue, marker: Marker, failing: Failing
    ) -> Decision | None:
        """It failed on a day that nobody planned, since the window, or in runs that do not count."""
        subject, number = (
            _Subject(failing, self.known.before_end(failing.own), ()),
            issue.issue.number,
        )
        missed = grown(marker, failing, subject.hits, self.evidence)
        if missed != marker:
            return self._act(
                IssueAction.UPDATE,
                subject,
                f"#{number} lacks failures of earlier windows",
                issue,
                missed,
            )
        if len(subject.hits) < len(failing.own):
            return self._not(
                subject, Reason.QUIET, f"#{number}: it failed again since the window", issue
            )
        if self.evidence.in_window(failing.hits):
            why = f"#{number}: it failed in this window, if only in runs that do not count"
            return self._not(subject, Reason.QUIET, why, issue)
        return None

    def _blocked(self, issue: TrackedIssue, mute: Mute | None) -> bool:
        muted = bool(mute and mute.until > self.now)
        return muted or issue.issue.locked or self.rules.mute_label in issue.issue.labels

    def _commented_today(self, issue: TrackedIssue) -> bool:
        """People get at most one comment a day and issue from us."""
        known = (issue.commented, self.ledger.commented.get(issue.issue.number))
        return any(
            each and self.evidence.day(each) == self.evidence.day(self.now) for each in known
        )

    def _not(
        self, subject: _Subject, reason: Reason, why: str, issue: TrackedIssue | None = None
    ) -> Decision:
        return replace(self._act(IssueAction.NOT, subject, why, issue, None), reason=reason)

    def _act(
        self, action: IssueAction, subject: _Subject, why: str, issue: TrackedIssue | None, marker: Marker | None,
        before: TrackedIssue | None = None, changes: tuple[Change, ...] = (), stamp: str = "",
        marks: tuple[str, ...] = (),
    ) -> Decision:  # fmt: skip
        failing = subject.failing
        return Decision(
            failing.key, failing.kind, failing.name, action, why, failing=failing, issue=issue, before=before,
            marker=marker, changes=changes, stamp=stamp, marks=marks,
        )  # fmt: skip


_REFUSALS = {"not_planned": Reason.NOT_PLANNED, "duplicate": Reason.DUPLICATE}
_WORDS = {
    "message": "a new message",
    "branch": "a new branch",
    "back": "back after a silence",
    "members": "new tests",
}


def _listed(new: Iterable[Change]) -> str:
    return ", ".join(dict.fromkeys(_WORDS[each.what] for each in new))

"""Plans issues from evidence, a snapshot of the tracker and our ledger. Pure: no clock, no network.

Every failure of the window and every open issue of ours gets one decision; a skipped one says why.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from ci_stat.issues.decisions.candidates import Candidate, Inputs, failed_runs, passes_gate
from ci_stat.issues.decisions.closing import blocked, quiet_decision
from ci_stat.issues.decisions.issue_decisions import decide_issue
from ci_stat.issues.decisions.limits import Today, capped
from ci_stat.issues.decisions.marker_updates import grown, is_of_jobs, stamp
from ci_stat.issues.decisions.matching import TrackerIndex, history_of, merged, mute_of
from ci_stat.issues.decisions.rules import Change, Decision, Decisions, Rules
from ci_stat.issues.evidence import (
    INCIDENT,
    MACHINES,
    TESTS,
    Cause,
    Evidence,
    FailureHistory,
    Occurrence,
)
from ci_stat.issues.incidents import freed
from ci_stat.issues.model import Marker, Reason, Snapshot, TrackedIssue
from ci_stat.records import IssueAction, Ledger, LogState, Mute
from ci_stat.rendering.format import date, plural


def decide(
    evidence: Evidence, snapshot: Snapshot, ledger: Ledger, rules: Rules, now: datetime
) -> Decisions:
    """Decide for every failure of the window and every open issue of ours. `now`: aware."""
    own = [
        history.key
        for history in evidence.histories.values()
        if passes_gate(history.own, evidence, rules)
    ]
    known = freed(evidence, own)
    inputs = Inputs(known, known.at_end, snapshot, ledger, rules, now)
    decisions = _Planner(inputs).decisions()
    return capped(decisions, rules, snapshot.problem, _done_today(inputs), ledger.accepted)


def _done_today(inputs: Inputs) -> Today:
    """What was done earlier today: a second run does not get a second quota."""
    evidence = inputs.evidence
    today = evidence.day(inputs.now)
    filed = {
        tracked.issue.number
        for tracked in inputs.snapshot.issues
        if tracked.ours and evidence.day(tracked.issue.created_at) == today
    }
    changed = {
        number for number, moment in inputs.ledger.changed.items() if evidence.day(moment) == today
    }
    return Today(frozenset(filed), frozenset(filed | changed))


class _Planner:
    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.evidence = inputs.evidence
        self.index = TrackerIndex(inputs.snapshot, inputs.ledger)

    def decisions(self) -> Iterator[Decision]:
        handled: set[int] = set()
        for history in self._histories():
            decision = self._of_failure(history)
            issues = (decision.issue, decision.before)
            handled |= {tracked.issue.number for tracked in issues if tracked}
            yield decision

        for state, runs in self.evidence.unread:
            yield _unread(LogState(state), runs)

        for tracked in self.inputs.snapshot.issues:
            is_open = tracked.ours and tracked.issue.open
            if is_open and tracked.issue.number not in handled:
                yield self._of_issue(tracked)

    # --- failures of the window

    def _histories(self) -> list[FailureHistory]:
        """The failures of the window: incidents first, then by failed runs."""
        by_failures = sorted(
            self.evidence.histories.values(),
            key=lambda history: (-self._runs_in_window(history), history.key),
        )
        histories = (*self._incidents(), *by_failures)
        return [history for history in histories if self._runs_in_window(history)]

    def _incidents(self) -> list[FailureHistory]:
        """The incidents; those that share an issue are merged."""
        groups: dict[str, list[FailureHistory]] = defaultdict(list)
        for incident in self.evidence.incidents:
            issue = self.index.match(incident).open
            groups[f"#{issue.issue.number}" if issue else incident.key].append(incident)
        return [merged(incidents) for incidents in groups.values()]

    def _runs_in_window(self, history: FailureHistory) -> int:
        return failed_runs(self.evidence.in_window(history.occurrences))

    def _of_failure(self, history: FailureHistory) -> Decision:
        inside = self.evidence.in_window(history.own)
        candidate = Candidate(history, history.own, inside)
        decision = self._refused(candidate)
        if decision is None:
            decision = decide_issue(candidate, self.index.match(history), self.inputs)
        else:
            inside = self.evidence.in_window(history.occurrences)
        return replace(
            decision,
            history=history,
            runs=failed_runs(inside),
            last=inside[-1].run.started,
        )

    def _refused(self, candidate: Candidate) -> Decision | None:
        """Skip a failure that gets no issue, also without a look at the tracker."""
        history = candidate.history
        inside = self.evidence.in_window(history.occurrences)
        reason = _not_a_test(history, inside)
        if reason:
            return candidate.skip(*reason)

        mute = self._mute(history)
        if mute and self.inputs.is_active(mute):
            why = f"muted until {date(mute.until, self.evidence.zone)}: {mute.why}"
            issue = self.index.match(history).open
            return replace(candidate.skip(Reason.MUTED, why, issue), mute=mute)
        if not candidate.inside:
            why = "it failed only in runs in which many tests failed together"
            return candidate.skip(Reason.INCIDENT, why)
        return None

    def _mute(self, history: FailureHistory) -> Mute | None:
        """The mute of a failure; of an incident also by its issue's key, which does not change."""
        issue = self.index.match(history).open if history.kind == INCIDENT else None
        mutes = self.inputs.ledger.mutes
        if issue and issue.marker:
            return mute_of(issue.marker, history, mutes)
        return next((mutes[key] for key in history.mute_keys if key in mutes), None)

    # --- open issues of ours without failures that count

    def _of_issue(self, issue: TrackedIssue) -> Decision:
        marker = issue.marker
        if marker is None:
            return self._quiet(issue, None)

        history = history_of(marker, self.inputs.known)
        mute = mute_of(marker, history, self.inputs.ledger.mutes)
        first = self.index.first_of(marker)
        if first and first.issue.number < issue.issue.number:
            twin = self._twin(issue, marker, first, mute)
            if twin is not None:
                return twin
        if history is None or self._is_untouchable(issue, marker, mute):
            return self._quiet(issue, mute)
        return self._failed_otherwise(issue, marker, history) or self._quiet(issue, mute)

    def _twin(
        self, issue: TrackedIssue, marker: Marker, first: TrackedIssue, mute: Mute | None
    ) -> Decision | None:
        """Close the later of two issues of ours for one failure; None if it must be left alone.

        Two processes without a common state may file it in the same second. Both find the same
        one to keep: the issue with the lower number.
        """
        if self._is_untouchable(issue, marker, mute):
            return None
        number, kept = issue.issue.number, first.issue.number
        close = stamp("duplicate", number, kept)
        decision = Decision(
            marker.key,
            marker.kind,
            issue.issue.title,
            IssueAction.CLOSE,
            f"#{number} is a duplicate of #{kept}",
            issue=issue,
            last=marker.last,
        )
        if marker.closed == close:
            why = f"#{number}: a person reopened it after we had closed it as a duplicate"
            return replace(decision, action=IssueAction.SKIP, reason=Reason.PERSON, why=why)
        if issue.person_wrote and self.inputs.now - issue.person_wrote < self.inputs.rules.person:
            why = f"#{number} is a duplicate of #{kept}, and a person commented on it"
            return replace(decision, action=IssueAction.SKIP, reason=Reason.PERSON, why=why)
        return replace(
            decision,
            marker=structs.replace(marker, closed=close),
            stamp=close,
            changes=(Change("duplicate", str(kept)),),
        )

    def _is_untouchable(self, issue: TrackedIssue, marker: Marker, mute: Mute | None) -> bool:
        reasons = (
            self.inputs.is_active(mute),
            blocked(issue, self.inputs.rules),
            not is_of_jobs(marker, self.evidence.jobs),
        )
        return any(reasons)

    def _quiet(self, issue: TrackedIssue, mute: Mute | None) -> Decision:
        inputs, commented = self.inputs, self.inputs.commented_today(issue)
        return quiet_decision(issue, inputs.known, mute, inputs.rules, inputs.now, commented)

    def _failed_otherwise(
        self, issue: TrackedIssue, marker: Marker, history: FailureHistory
    ) -> Decision | None:
        """Decide if it failed in a window that was never planned, later, or in other runs."""
        number, known = issue.issue.number, self.inputs.known
        candidate = Candidate(history, known.before_end(history.own), ())
        current = grown(marker, history, candidate.occurrences, self.evidence)
        if current != marker:
            why = f"#{number} is missing failures of earlier windows"
            return replace(candidate.act(IssueAction.UPDATE, why, issue), marker=current)
        if len(candidate.occurrences) < len(history.own):
            why = f"#{number}: it failed again after the window"
            return candidate.skip(Reason.QUIET, why, issue)
        if self.evidence.in_window(history.occurrences):
            why = f"#{number}: it failed in this window, but only in runs that do not count"
            return candidate.skip(Reason.QUIET, why, issue)
        return None


def _not_a_test(history: FailureHistory, inside: Sequence[Occurrence]) -> tuple[Reason, str] | None:
    """Why the failure does not belong to a test, or None."""
    outages_only = all(occurrence.cause is Cause.MACHINES for occurrence in inside)
    if history.kind in MACHINES or outages_only:
        runs = plural(failed_runs(inside), "run")
        return Reason.MACHINES, f"the infrastructure broke {runs}, so no test is to blame"
    if history.kind == INCIDENT:
        return None
    if history.newest.guess:
        return Reason.GUESS, "no rule recognises this line of the log, so it may be harmless"
    if history.kind not in TESTS:
        return Reason.NO_TEST, f"a failure of kind {history.kind} belongs to a run, not to a test"
    return None


def _unread(state: LogState, runs: int) -> Decision:
    name = f"{plural(runs, 'failed run')}: {state.value or 'no failure in the log'}"
    why = "the failures of these runs are unknown, so nothing can be filed"
    return Decision("", "", name, IssueAction.SKIP, why, Reason.LOG_MISSING, runs=runs)

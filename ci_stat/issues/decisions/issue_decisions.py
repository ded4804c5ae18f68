"""Decides what to do for one failure, given the issues about it. Pure.

An open issue of ours is commented or updated, a closed one reopened, and a new one filed; other
cases are skipped with a reason.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from ci_stat.issues.decisions.candidates import (
    Candidate,
    Inputs,
    failed_runs,
    failed_windows,
    passes_gate,
)
from ci_stat.issues.decisions.closing import blocked
from ci_stat.issues.decisions.marker_updates import (
    changes,
    first_marker,
    grown,
    is_of_jobs,
    mark_announced,
    stamp,
)
from ci_stat.issues.decisions.matching import IssueMatch
from ci_stat.issues.decisions.rules import Change, Decision
from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.model import Marker, Reason, TrackedIssue
from ci_stat.records import IssueAction, ListedIssue
from ci_stat.rendering.format import date, plural, times

OLD = timedelta(days=2)  # age of a window from which later runs may show that a failure is over
# A lock and a text of other people stand against a change, and a closed issue is not changed.
_HARMLESS_WHEN_CLOSED = (Reason.TAKEN_OVER, Reason.LOCKED)
# Labels of bots that close what nobody touches: `Stale`, `status: stale`, `lifecycle/rotten`.
# `no-stale` is the opposite.
_STALE = re.compile(r"(?i)(?:[\w. -]+[/:] ?)?(?:stale|rotten|inactive|no[- ](?:\w+[- ])?activity)")
_REFUSALS = {"not_planned": Reason.NOT_PLANNED, "duplicate": Reason.DUPLICATE}
_NEWS = {
    "message": "a new message",
    "branch": "a new branch",
    "back": "back after a quiet period",
    "members": "new tests",
}


def decide_issue(candidate: Candidate, match: IssueMatch, inputs: Inputs) -> Decision:
    """Decide for a failure that may get an issue. `match`: the issues about it."""
    if match.open and match.open.ours:
        return _recurrence(candidate, match.open, inputs)
    if match.open:
        why = f"#{match.open.issue.number} is open, by another author"
        return candidate.skip(Reason.KNOWN, why, match.open)
    if match.closed:
        return _after_close(candidate, match.closed, inputs)
    if match.gone:
        return candidate.skip(Reason.GONE, f"its issue #{match.gone} was deleted or moved")
    return _new(candidate, None, inputs)


# --- an open issue of ours


def _recurrence(candidate: Candidate, issue: TrackedIssue, inputs: Inputs) -> Decision:
    obstacle = blocked(issue, inputs.rules)
    if obstacle:
        return candidate.skip(*obstacle, issue)

    marker, number = issue.marker, issue.issue.number
    assert marker is not None  # else it is blocked
    if not is_of_jobs(marker, inputs.evidence.jobs):
        why = f"#{number} is open, and is about {', '.join(marker.jobs)}"
        return candidate.skip(Reason.OTHER_JOB, why, issue)

    current = grown(marker, candidate.history, candidate.occurrences, inputs.evidence)
    news = _unannounced(candidate, issue, marker, inputs)
    if news and inputs.commented_today(issue):
        return _update(candidate, issue, marker, current)

    current = mark_announced(current, candidate.history, candidate.occurrences)
    if not news:
        return _update(candidate, issue, marker, current)
    return replace(
        candidate.act(IssueAction.COMMENT, f"#{number} is open, with news: {_listed(news)}", issue),
        marker=current,
        changes=tuple(news.values()),
        stamp=stamp("comment", *sorted(news)),
        marks=tuple(news),
    )


def _unannounced(
    candidate: Candidate, issue: TrackedIssue, marker: Marker, inputs: Inputs
) -> dict[str, Change]:
    """The news that no comment of ours has announced yet, by mark.

    A comment carries the marks of its news, so nothing is announced twice.
    """
    news = changes(marker, candidate.history, candidate.occurrences, inputs.rules.back)
    repo, number = inputs.snapshot.repo, issue.issue.number
    # "told" is part of marks in comments of all versions: it must not change.
    marks = {stamp("told", repo, number, change.what, change.said): change for change in news}
    return {mark: change for mark, change in marks.items() if mark not in issue.announced}


def _listed(news: dict[str, Change]) -> str:
    return ", ".join(dict.fromkeys(_NEWS[change.what] for change in news.values()))


def _update(candidate: Candidate, issue: TrackedIssue, before: Marker, current: Marker) -> Decision:
    number = issue.issue.number
    if current == before:
        return candidate.skip(Reason.UP_TO_DATE, f"#{number} is already up to date", issue)

    why = f"#{number} is open; it failed {times(current.failures - before.failures)} more"
    return replace(candidate.act(IssueAction.UPDATE, why, issue), marker=current)


# --- a closed issue


def _after_close(candidate: Candidate, issue: TrackedIssue, inputs: Inputs) -> Decision:
    obstacle = blocked(issue, inputs.rules)
    if obstacle and obstacle[0] not in _HARMLESS_WHEN_CLOSED:
        return candidate.skip(*obstacle, issue)

    number, rules = issue.issue.number, inputs.rules
    closed = issue.issue.closed_at or issue.issue.created_at
    recurrence = _since(closed, candidate, inputs)
    if not recurrence.inside:
        day = date(closed, inputs.evidence.zone)
        why = f"#{number} was closed {day}, after these runs had started"
        return candidate.skip(Reason.BEFORE_FIX, why, issue)

    refusal = _refusal(issue.issue)
    if refusal and rules.refile_label not in issue.issue.labels:
        why = f"#{number} was {refusal.value}; the label {rules.refile_label} allows a new issue"
        return candidate.skip(refusal, why, issue)

    if issue.issue.locked:
        return _new(recurrence, issue, inputs, "is locked")
    if inputs.now - closed > rules.reopen:
        return _new(recurrence, issue, inputs, "was closed too long ago to be reopened")
    # An issue of another author is matched by its title only: it needs the evidence of a new one.
    is_certain = issue.ours or passes_gate(recurrence.occurrences, inputs.evidence, rules)
    if not is_certain:
        return _below_gate(recurrence, issue, inputs)
    return _reopen(recurrence, issue, closed, inputs)


def _refusal(issue: ListedIssue) -> Reason | None:
    """Why a person wants no issue. A bot that cleans up decides nothing about the failure."""
    refusal = _REFUSALS.get(issue.state_reason)
    is_cleanup = issue.closed_by_bot is True or any(map(_STALE.fullmatch, issue.labels))
    if refusal is Reason.NOT_PLANNED and is_cleanup:
        return None
    return refusal


def _since(closed: datetime, candidate: Candidate, inputs: Inputs) -> Candidate:
    """The candidate with the runs that started after the close: others say nothing about a fix."""
    later = tuple(
        occurrence for occurrence in candidate.occurrences if occurrence.run.started > closed
    )
    return replace(candidate, occurrences=later, inside=inputs.evidence.in_window(later))


def _reopen(
    candidate: Candidate, issue: TrackedIssue, closed: datetime, inputs: Inputs
) -> Decision:
    number, day = issue.issue.number, date(closed, inputs.evidence.zone)
    history, occurrences = candidate.history, candidate.occurrences
    news: tuple[Change, ...] = (Change("again", day),)
    marker = issue.marker

    if marker is not None:
        # "again" already says that it is back: the long period suppresses "back".
        news += changes(marker, history, occurrences, inputs.rules.reopen * 10)
        current = grown(marker, history, occurrences, inputs.evidence)
        marker = mark_announced(current, history, occurrences)

    call = stamp("reopen", inputs.snapshot.repo, number, closed.isoformat())
    runs = plural(failed_runs(candidate.inside), "later run")
    return replace(
        candidate.act(IssueAction.REOPEN, f"#{number} was closed {day}, and {runs} failed", issue),
        marker=marker,
        changes=news,
        stamp="" if inputs.commented_today(issue) else call,
    )


# --- a new issue


def _new(
    candidate: Candidate, before: TrackedIssue | None, inputs: Inputs, closed: str = ""
) -> Decision:
    """File a new issue, if the gate is passed.

    `before`: the closed issue that it follows; `closed`: why that one is not reopened.
    """
    history = candidate.history
    if _is_over(history.key, inputs):
        why = "the window is old, and the failure has not recurred since"
        return candidate.skip(Reason.OVER, why, before)
    if not inputs.ledger.unsettled.isdisjoint(history.keys):
        why = "the outcome of an earlier attempt to file it is still unknown"
        return candidate.skip(Reason.UNSETTLED, why, before)

    why = _why_filed(candidate, inputs)
    if not why:
        return _below_gate(candidate, before, inputs)

    number = before.issue.number if before else 0
    call = stamp("create", inputs.snapshot.repo, history.key, number)
    if before:
        why += f"; #{number} {closed}"
    return replace(
        candidate.act(IssueAction.FILE, why),
        before=before,
        marker=first_marker(history, candidate.occurrences, inputs.evidence, call, why),
        stamp=call,
    )


def _why_filed(candidate: Candidate, inputs: Inputs) -> str:
    """Why the failure passes the gate, for the text of its issue; "" if it does not."""
    rules, history = inputs.rules, candidate.history
    runs = failed_runs(candidate.inside)
    if history.kind == INCIDENT:
        tests = plural(len(history.members), "test")
        return f"{tests} failed together in {plural(runs, 'run')}"
    if runs >= rules.failures:
        return f"failed in {plural(runs, 'run')} of the window (the threshold is {rules.failures})"

    windows = failed_windows(candidate.occurrences, inputs.evidence, rules)
    if windows >= rules.windows:
        days = plural(rules.memory.days, "day")
        return f"failed in {windows} windows of the last {days} (the threshold is {rules.windows})"
    return ""


def _is_over(key: str, inputs: Inputs) -> bool:
    """Whether the window is old, and the failure did not occur after it."""
    known = inputs.known
    if known.until - known.end < OLD:
        return False

    incidents = {incident.key: incident for incident in known.incidents}
    history = known.histories.get(key) or incidents.get(key)
    occurrences = history.own if history else ()
    return all(occurrence.run.started < known.end for occurrence in occurrences)


def _below_gate(candidate: Candidate, issue: TrackedIssue | None, inputs: Inputs) -> Decision:
    rules = inputs.rules
    runs = failed_runs(candidate.inside)
    earlier = failed_runs(candidate.occurrences) - runs
    need = (
        f"an issue needs {plural(rules.failures, 'failed run')}, "
        f"or failed runs in {plural(rules.windows, 'window')}"
    )

    if not earlier:
        return candidate.skip(Reason.BELOW_GATE, f"failed {times(runs)}; {need}", issue)
    why = f"failed {times(runs)}, and {times(earlier)} too long ago to count; {need}"
    return candidate.skip(Reason.RARE, why, issue)

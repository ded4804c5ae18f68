"""Explains one case: its failures, the decision about it and why, and earlier calls."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Any

from msgspec import to_builtins
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.issues.decisions.rules import Decision
from ci_stat.issues.evidence import Cause, Evidence, FailureHistory, Occurrence
from ci_stat.issues.model import TrackedIssue
from ci_stat.issues.views.history import history_table
from ci_stat.records import Intent, ListedIssue, Mute
from ci_stat.rendering.format import date, part_of, percent, plural
from ci_stat.statistics.intervals import lower_bound

SHOWN_RUNS = 12
SHOWN_PLACES = 5
_CLOSED_AS = {"not_planned": " as not planned", "duplicate": " as duplicate"}
_CAUSES = {
    Cause.MACHINES: "the infrastructure broke the run",
    Cause.INCIDENT: "many tests failed together",
}


@dataclass(frozen=True)
class Explanation:
    """Everything known about one case.

    - `history`: None if no failure has this name. `near`: similar names that failed.
    - `issues`: the issues about it, the newest first. `calls`: our calls for it, newest first.
    - `stopped`: why the whole plan is stopped, or "".
    """

    case: str
    key: str
    evidence: Evidence
    history: FailureHistory | None
    decision: Decision | None
    calls: tuple[Intent, ...]
    mute: Mute | None
    near: tuple[str, ...]
    stopped: str = ""
    issues: tuple[TrackedIssue, ...] = ()


def explained_screen(explanation: Explanation) -> RenderableType:
    zone = explanation.evidence.zone
    parts: list[RenderableType] = [
        Text(visible(explanation.case, 300), "bold"),
        Text(),
        _decision(explanation),
    ]
    mute = explanation.mute
    if mute:
        until = f"{mute.until.astimezone(zone):%Y-%m-%d %H:%M}"
        parts.append(Text(f"Muted until {until}: {visible(mute.why)}", "yellow"))

    parts += map(partial(_issue, zone=zone), explanation.issues)
    parts += [Text(), *_failures(explanation)]
    if explanation.calls:
        table = history_table(explanation.calls, zone)
        parts += [Text(), Text("Calls to the tracker", "bold"), table]
    return Group(*parts)


def _decision(explanation: Explanation) -> Text:
    decision = explanation.decision
    if decision is None:
        has_issue = any(tracked.issue.open for tracked in explanation.issues)
        issue = "its issue needs no change" if has_issue else "it has no open issue"
        return Text(f"No decision: it did not fail in the window, and {issue}.", "yellow")

    word = decision.reason or decision.action
    text = Text.assemble((word.value, "bold"), f": {visible(decision.why, 600)}")
    if explanation.stopped:
        text.append(f"\nThe plan is stopped: {visible(explanation.stopped)}", "bold red")
    return text


def _issue(tracked: TrackedIssue, zone: tzinfo) -> Text:
    """An issue about the case: its number, its state, what people did with it, its address."""
    issue = tracked.issue
    author = "filed by ci_stat" if tracked.ours else f"by {visible(issue.author, 60)}"
    states = [_state(issue, zone), "locked" if issue.locked else ""]
    if tracked.ours and tracked.marker is None:
        states.append("a person took over the text")
    words = ", ".join(filter(None, states))
    return Text(f"Issue #{issue.number}, {author}, {words}: {visible(issue.url, 300)}")


def _state(issue: ListedIssue, zone: tzinfo) -> str:
    if issue.open:
        return "open"
    reason = _CLOSED_AS.get(issue.state_reason, "")
    by_bot = " by a bot" if issue.closed_by_bot is True else ""
    day = f" on {date(issue.closed_at, zone)}" if issue.closed_at else ""
    return f"closed{reason}{by_bot}{day}"


def _failures(explanation: Explanation) -> Iterator[RenderableType]:
    history, evidence = explanation.history, explanation.evidence
    since = f"{evidence.since.astimezone(evidence.zone):%Y-%m-%d}"
    if history is None:
        names = ", ".join(map(visible, explanation.near))
        near = f" Similar names: {names}." if names else ""
        yield Text(f"No failure of that name since {since}.{near}")
        return

    yield Text(_counts(history, evidence, since))
    causes = Counter(occurrence.cause for occurrence in history.occurrences if occurrence.cause)
    for cause, count in causes.items():
        yield Text(f"Not counted: {count:,}, because {_CAUSES[cause]}", "dim")
    for place in history.elsewhere[:SHOWN_PLACES]:
        where = f"{visible(place.job, 80)} {visible(place.branch, 60)}".rstrip()
        yield Text(f"Also in {plural(place.runs, 'run')} of {where}")
    yield Text()
    yield _runs(history, evidence)


def _counts(history: FailureHistory, evidence: Evidence, since: str) -> str:
    seen, failed, runs = len(history.occurrences), len(history.own), len(evidence.runs)
    inside = len(evidence.in_window(history.own))
    counted = "" if failed == seen else f", {failed:,} of which count"
    rate = "" if failed == runs else f" ({percent(failed / runs if runs else None)})"
    return (
        f"{plural(seen, 'failed run')} since {since}{counted}; {inside:,} in the window. "
        f"It failed in {part_of(failed, runs, 'finished run')}{rate}: "
        f"at least {percent(lower_bound(failed, runs))} with 95% confidence"
    )


def _runs(history: FailureHistory, evidence: Evidence) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")

    for occurrence in history.occurrences[: -SHOWN_RUNS - 1 : -1]:
        run, failure = occurrence.run, occurrence.failure
        cause = _CAUSES[occurrence.cause] if occurrence.cause else ""
        table.add_row(
            f"{run.started.astimezone(evidence.zone):%Y-%m-%d %H:%M}",
            visible(f"{run.job} #{run.build}", 80),
            Text(cause, "yellow"),
            Text(visible(failure.message or failure.name, 200), "dim"),
        )
    return table


def explained_data(explanation: Explanation) -> dict[str, Any]:
    history, evidence = explanation.history, explanation.evidence
    occurrences = history.occurrences if history else ()
    return {
        "case": explanation.case,
        "key": explanation.key,
        "near": list(explanation.near),
        "decision": _decision_data(explanation.decision),
        "stopped": explanation.stopped,
        "since": evidence.since.isoformat(),
        "finished_runs": len(evidence.runs),
        "failures": [_failure_data(occurrence) for occurrence in occurrences],
        "issues": [_issue_data(tracked) for tracked in explanation.issues],
        "mute": to_builtins(explanation.mute),
        "calls": to_builtins(explanation.calls),
    }


def _issue_data(tracked: TrackedIssue) -> dict[str, Any]:
    issue = tracked.issue
    return {
        "number": issue.number,
        "url": issue.url,
        "ours": tracked.ours,
        "open": issue.open,
        "state_reason": issue.state_reason,
        "closed_at": issue.closed_at.isoformat() if issue.closed_at else None,
        "closed_by_bot": issue.closed_by_bot is True,
        "locked": issue.locked,
        "taken_over": tracked.ours and tracked.marker is None,
        "labels": list(issue.labels),
    }


def _decision_data(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {
        "action": decision.action.value,
        "reason": decision.reason.value if decision.reason else "",
        "why": decision.why,
        "number": decision.issue.issue.number if decision.issue else 0,
    }


def _failure_data(occurrence: Occurrence) -> dict[str, Any]:
    run, failure = occurrence.run, occurrence.failure
    return {
        "started": run.started.isoformat(),
        "job": run.job,
        "number": run.number,
        "link": run.link or None,
        "branch": run.branch,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
        "not_counted": occurrence.cause.value if occurrence.cause else "",
    }

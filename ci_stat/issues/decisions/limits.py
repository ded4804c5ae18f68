"""Limits the actions of one day to a number that people can review, and stops implausible plans."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ci_stat.issues.decisions.rules import Decision, Decisions, Rules
from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.model import Reason
from ci_stat.records import IssueAction

# The most urgent news first; new numbers in a text can wait.
_PRIORITIES = (
    IssueAction.FILE,
    IssueAction.REOPEN,
    IssueAction.COMMENT,
    IssueAction.CLOSE,
    IssueAction.UPDATE,
    IssueAction.SKIP,
)
_RECENT = timedelta(days=3)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Today:
    """What was done earlier on this day: numbers of new issues, and of all changed issues."""

    filed: frozenset[int] = frozenset()
    changed: frozenset[int] = frozenset()


def capped(
    decisions: Iterable[Decision],
    rules: Rules,
    problem: str,
    today: Today,
    accepted: Container[str] = (),
) -> Decisions:
    """Turn the actions beyond the limits into skipped decisions, or stop the whole plan.

    - `problem`: why the tracker's list of issues is not reliable, or "".
    - `accepted`: keys that a person has reviewed; they never make a plan implausible.
    """
    ordered = tuple(sorted(decisions, key=_priority))
    files = [decision for decision in ordered if decision.action is IssueAction.FILE]
    new = sum(decision.key not in accepted for decision in files)

    if problem:
        hint = "Nothing is filed, changed or closed until the list is complete. Try again later."
        return Decisions(ordered, problem, hint)
    if new > rules.implausible:
        return _implausible(ordered, new, rules.implausible)

    skipped = [decision for decision in ordered if decision.action is IssueAction.SKIP]
    handled = (IssueAction.FILE, IssueAction.SKIP)
    others = [decision for decision in ordered if decision.action not in handled]
    files.sort(key=_newest_first)
    others.sort(key=_stalest_first)

    candidates = [*files[: max(0, rules.new - len(today.filed))], *others]
    chosen = _chosen(candidates, rules.changes, today)
    chosen_ids = {id(decision) for decision in chosen}
    left = [_capped(decision) for decision in (*files, *others) if id(decision) not in chosen_ids]
    return Decisions((*chosen, *left, *skipped))


def _implausible(decisions: tuple[Decision, ...], new: int, limit: int) -> Decisions:
    return Decisions(
        decisions,
        f"{new} new issues at once are not plausible (limit: {limit}).",
        "The data is wrong, everything is broken, or there is a backlog: review the plan. "
        "If it is right, save it with --plan-out and accept it: "
        "ci-stat issues accept PLAN --why TEXT",
    )


def _chosen(candidates: Sequence[Decision], changes: int, today: Today) -> list[Decision]:
    """The actions within today's limit; an issue that was changed today does not count again."""
    left = changes - len(today.changed)
    chosen = []
    for decision in candidates:
        is_counted = decision.issue is not None and decision.issue.issue.number in today.changed
        if is_counted or left > 0:
            chosen.append(decision)
            left -= not is_counted
    return chosen


def _priority(decision: Decision) -> int:
    return _PRIORITIES.index(decision.action)


def _newest_first(decision: Decision) -> tuple[bool, bool, int]:
    """Order incidents, then recent failures, whose causes people remember, then by failed runs."""
    marker, last = decision.marker, decision.last or _NEVER
    is_old = marker is None or last - marker.first > _RECENT
    return decision.kind != INCIDENT, is_old, -decision.runs


def _stalest_first(decision: Decision) -> tuple[int, datetime]:
    """Order by priority, then by the oldest text: an action left today comes first tomorrow."""
    marker = decision.issue.marker if decision.issue else None
    return _priority(decision), marker.last if marker else _NEVER


def _capped(decision: Decision) -> Decision:
    why = f"would {decision.action.value}, but today's limit is reached: {decision.why}"
    return replace(decision, action=IssueAction.SKIP, reason=Reason.CAP, why=why)

"""How much is done in one run: little enough to be looked at, and nothing if it cannot be right."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ci_stat.issues.evidence import INCIDENT
from ci_stat.issues.model import Reason
from ci_stat.issues.rules import Decision, Decisions, Rules
from ci_stat.records import IssueAction

# What people should know first comes first; the numbers in a text can wait.
_ORDER = [
    IssueAction.FILE, IssueAction.REOPEN, IssueAction.COMMENT, IssueAction.CLOSE, IssueAction.UPDATE, IssueAction.NOT,
]  # fmt: skip
_LATELY = timedelta(days=3)
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Today:
    """What we did on this day before: numbers of new issues, and of all that were changed."""

    filed: frozenset[int] = frozenset()
    changed: frozenset[int] = frozenset()


def capped(
    decisions: Iterable[Decision],
    rules: Rules,
    problem: str,
    today: Today,
    accepted: Container[str] = (),
) -> Decisions:
    """The decisions, at most so many of which act.

    `problem`: why the tracker's list cannot be trusted, or "". `accepted`: keys that somebody has looked at.
    """
    found = sorted(decisions, key=lambda each: _ORDER.index(each.action))
    new = sum(each.action is IssueAction.FILE and each.key not in accepted for each in found)
    if problem:
        hint = "Nothing is filed, changed or closed until the list is whole. Try again later."
        return Decisions(tuple(found), problem, hint)
    if new > rules.implausible:
        return Decisions(
            tuple(found), f"{new} new issues at once are not plausible (more than {rules.implausible}).",
            "The data is wrong, all is broken, or it is a backlog: look at the plan. If it is right, save it with "
            "--plan-out and say so once: ci-stat issues accept PLAN --why TEXT",
        )  # fmt: skip
    files = sorted((each for each in found if each.action is IssueAction.FILE), key=_newest_first)
    rest = [each for each in found if each.action not in (IssueAction.FILE, IssueAction.NOT)]
    rest.sort(key=_stalest_first)
    chosen = _chosen(files[: max(0, rules.new - len(today.filed))], rest, rules.changes, today)
    taken = {id(each) for each in chosen}
    left = [_left(each) for each in (*files, *rest) if id(each) not in taken]
    return Decisions((*chosen, *left, *(each for each in found if each.action is IssueAction.NOT)))


def _chosen(
    files: Sequence[Decision], rest: Sequence[Decision], changes: int, today: Today
) -> list[Decision]:
    """As many as may be done today; what was begun today is ended in any case."""
    left, chosen = changes - len(today.changed), []
    for each in (*files, *rest):
        begun = each.issue is not None and each.issue.issue.number in today.changed
        if begun or left > 0:
            chosen.append(each)
            left -= not begun
    return chosen


def _newest_first(decision: Decision) -> tuple[bool, bool, int]:
    """Incidents, then what began lately, then the rest by failed runs: people can still say what they changed."""
    marker, last = decision.marker, decision.last or _EVER
    old = marker is None or last - marker.first > _LATELY
    return decision.kind != INCIDENT, old, -decision.runs


def _stalest_first(decision: Decision) -> tuple[int, datetime]:
    """Among equals those that have waited longest: whoever comes last today comes first tomorrow."""
    tracked = decision.issue.marker if decision.issue else None
    return _ORDER.index(decision.action), tracked.last if tracked else _EVER


def _left(decision: Decision) -> Decision:
    why = f"would {decision.action.value}, but that is enough for today: {decision.why}"
    return replace(decision, action=IssueAction.NOT, reason=Reason.CAP, why=why)

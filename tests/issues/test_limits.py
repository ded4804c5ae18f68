"""Limits of one day: how many actions, in which order, and which plans are stopped."""

from collections.abc import Container, Sequence
from datetime import timedelta

import pytest

from ci_stat.issues.decisions.limits import Today, capped
from ci_stat.issues.decisions.rules import Decision, Decisions, Rules
from ci_stat.issues.model import Reason
from ci_stat.records import IssueAction
from tests.support.issues import marker, moment, ours

RULES = Rules(new=2, changes=4, implausible=5)
NOTHING = Today()


def decision(
    number: int,
    action: IssueAction = IssueAction.UPDATE,
    runs: int = 1,
    began: float = 9.0,
    kind: str = "case",
) -> Decision:
    """A decision about that issue; the last failure is of day 9."""
    known = marker(f"s.Test{number}", [9], first=moment(began), last=moment(9))
    new = action is IssueAction.FILE
    return Decision(
        f"case:{number}",
        kind,
        str(number),
        action,
        "why",
        marker=known if new else None,
        runs=runs,
        last=moment(9),
        issue=None if new else ours(number, known),
        reason=Reason.QUIET if action is IssueAction.SKIP else None,
    )


def files(*numbers: int) -> list[Decision]:
    return [decision(number, IssueAction.FILE) for number in numbers]


def updates(*numbers: int) -> list[Decision]:
    return [decision(number) for number in numbers]


def done(
    decisions: Sequence[Decision],
    rules: Rules = RULES,
    today: Today = NOTHING,
    problem: str = "",
    accepted: Container[str] = (),
) -> Decisions:
    return capped(decisions, rules, problem, today, accepted)


def acting(
    decisions: Sequence[Decision], rules: Rules = RULES, today: Today = NOTHING
) -> list[str]:
    return [decision.name for decision in done(decisions, rules, today).acting]


# --- how many


@pytest.mark.parametrize(
    ("filed", "count"), [((), 2), ((90,), 1), ((90, 91), 0), ((90, 91, 92), 0)]
)
def test_new_ones_are_capped_for_the_whole_day(filed: tuple[int, ...], count: int) -> None:
    today = Today(frozenset(filed), frozenset(filed))
    assert acting(files(1, 2, 3), Rules(new=2, changes=100), today) == ["1", "2"][:count]


@pytest.mark.parametrize(
    ("changed", "count"), [((), 4), ((90, 91, 92), 1), ((90, 91, 92, 93), 0), (range(90, 96), 0)]
)
def test_changes_are_capped_for_the_whole_day(changed: Sequence[int], count: int) -> None:
    assert len(acting(updates(*range(1, 7)), today=Today(frozenset(), frozenset(changed)))) == count


def test_new_ones_are_changes_too_and_come_first() -> None:
    assert acting([*updates(1, 2, 3), *files(4, 5, 6)]) == ["4", "5", "1", "2"]


def test_what_was_begun_today_is_ended_and_counts_once() -> None:
    today = Today(frozenset(), frozenset({3, 5, 90}))
    assert acting(updates(1, 2, 3, 4, 5), today=today) == ["1", "3", "5"]


def test_a_capped_decision_names_its_action() -> None:
    decisions = done([*files(1, 2, 3), decision(4, IssueAction.SKIP), *updates(5, 6, 7)])
    assert [decision.name for decision in decisions.all] == ["1", "2", "5", "6", "3", "7", "4"]
    left = {
        decision.name: decision for decision in decisions.all if decision not in decisions.acting
    }
    assert [(decision.reason, decision.why) for decision in left.values()] == [
        (Reason.CAP, "would file, but today's limit is reached: why"),
        (Reason.CAP, "would update, but today's limit is reached: why"),
        (Reason.QUIET, "why"),
    ]
    assert (decisions.stopped, decisions.hint) == ("", "")


# --- what comes first


def test_what_people_should_know_comes_first() -> None:
    order = [
        IssueAction.FILE,
        IssueAction.REOPEN,
        IssueAction.COMMENT,
        IssueAction.CLOSE,
        IssueAction.UPDATE,
    ]
    every = [decision(number, action) for number, action in enumerate(order, 1)]
    assert acting(every[::-1], Rules(changes=100)) == ["1", "2", "3", "4", "5"]
    assert acting(every[::-1], RULES) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        ({"kind": "incident"}, {"runs": 9}, 1),
        ({"kind": "incident", "began": 0}, {"runs": 9}, 1),
        ({"began": 6}, {"began": 5.9, "runs": 9}, 1),  # it began in the last three days
        ({"began": 6}, {"began": 9, "runs": 2}, 2),
        ({"began": 1, "runs": 2}, {"began": 5}, 1),
        ({"runs": 2}, {"runs": 3}, 2),
        ({"runs": 2}, {"runs": 2}, 1),
    ],
)
def test_incidents_come_before_what_began_lately_and_that_before_what_fails_most(
    one: dict[str, object], other: dict[str, object], first: int
) -> None:
    both = [decision(1, IssueAction.FILE, **one), decision(2, IssueAction.FILE, **other)]  # type: ignore[arg-type]
    assert acting(both, Rules(new=1)) == [str(first)]


def test_of_equals_those_that_waited_longest_come_first() -> None:
    waited = {
        n: ours(n, marker("s.Test", [n], last=moment(9) - n * timedelta(hours=1)))
        for n in (1, 3, 2)
    }
    decisions = [
        Decision(f"case:{n}", "case", str(n), IssueAction.UPDATE, "why", issue=issue)
        for n, issue in waited.items()
    ]
    assert acting(decisions) == ["3", "2", "1"]


# --- nothing at all


@pytest.mark.parametrize(
    ("new", "stopped"), [(5, ""), (6, "6 new issues at once are not plausible (limit: 5).")]
)
def test_more_new_ones_than_can_be_are_not_believed(new: int, stopped: str) -> None:
    decisions = done([*updates(90), decision(91, IssueAction.SKIP), *files(*range(1, new + 1))])
    assert decisions.stopped == stopped
    if stopped:
        assert [decision.action for decision in decisions.all] == [IssueAction.FILE] * 6 + [
            IssueAction.UPDATE,
            IssueAction.SKIP,
        ]
        assert "accept PLAN" in decisions.hint


@pytest.mark.parametrize(
    ("accepted", "believed"), [((), False), ((1,), True), ((1, 2), True), ((90,), False)]
)
def test_accepted_cases_are_plausible(accepted: tuple[int, ...], believed: bool) -> None:
    decisions = done(files(*range(1, 7)), accepted={f"case:{number}" for number in accepted})
    assert (decisions.stopped == "") is believed
    assert len(decisions.acting) == (2 if believed else 6)


def test_changes_are_plausible_however_many() -> None:
    assert done(updates(*range(1, 30))).stopped == ""


def test_an_incomplete_list_is_reported_before_an_implausible_plan() -> None:
    decisions = done(files(*range(1, 9)), problem="page 3 is short")
    assert (decisions.stopped, len(decisions.all)) == ("page 3 is short", 8)
    assert (
        decisions.hint
        == "Nothing is filed, changed or closed until the list is complete. Try again later."
    )

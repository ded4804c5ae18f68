"""Replays of the rules: what they would have done, and which actions proved wrong."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace as replaced
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ci_stat.issues.collect import History
from ci_stat.issues.decisions.replay import Event, MemoryTracker, Scorecard, replay
from ci_stat.issues.decisions.rules import Decision, Decisions, Rules
from ci_stat.issues.evidence import Evidence
from ci_stat.issues.model import Reason
from ci_stat.records import IssueAction, Run
from tests.support.issues import DAY, JOB, ZONE, failure, green, marker, moment, ours, run

FLAKY, BROKEN = "suite.TestFlaky", "suite.TestBroken"
Ask = Callable[[datetime, datetime, datetime], Evidence]


def asked(runs: Iterable[Run], rules: Rules | None = None) -> Ask:
    known = rules or Rules()
    return History(runs, (JOB,), ZONE, known.together, known.share).evidence


def windows(days: int, first: int = 0) -> list[tuple[datetime, datetime]]:
    return [(moment(day), moment(day + 1)) for day in range(first, first + days)]


def card_of(
    runs: Sequence[Run],
    days: int,
    rules: Rules | None = None,
    tracker: MemoryTracker | None = None,
    done: Callable[[Decisions], None] | None = None,
) -> Scorecard:
    return replay(asked(runs, rules), windows(days), 30 * DAY, rules or Rules(), tracker, done)


def twice_a_day(name: str, *days: int) -> list[Run]:
    return [run(day + part, name) for day in days for part in (0.25, 0.75)]


def actions_of(card: Scorecard) -> list[tuple[int, str, int]]:
    """Day of the window, action, and number of the issue."""
    return [
        ((event.at - moment(1)).days, event.action.value, event.number) for event in card.events
    ]


# A test that fails for three days and is mended, and the same one back after our close.
MENDED = [*twice_a_day(BROKEN, 0, 1, 2), *green(3, 30)]
BACK = [*twice_a_day(BROKEN, 0, 1, 2), *green(3, 21), *twice_a_day(BROKEN, 21), *green(22, 40)]


def test_a_regression_is_filed_kept_and_closed() -> None:
    card = card_of(MENDED, 20)
    assert actions_of(card) == [
        (0, "file", 1),
        (1, "update", 1),
        (2, "update", 1),
        (16, "close", 1),
    ]
    assert (card.windows, card.keys, card.open, card.stopped) == (20, {f"case:{BROKEN}"}, 0, [])
    assert (card.refailed, card.single) == ([], [])
    assert (card.begin, card.end) == (moment(0), moment(20))


def test_a_close_after_which_it_fails_again_is_counted() -> None:
    card = card_of(BACK, 25)
    assert actions_of(card)[3:5] == [(16, "close", 1), (21, "reopen", 1)]
    assert [(event.number, event.action) for event in card.refailed] == [(1, IssueAction.CLOSE)]
    assert card.open == 1


def test_a_close_is_not_wrong_for_failures_that_came_before_it() -> None:
    card = card_of([*MENDED, run(9.5, BROKEN)], 10)
    assert IssueAction.CLOSE not in {event.action for event in card.events}


@pytest.mark.parametrize(
    "later",
    [
        [run(18.5, failure("disk full", "env"), BROKEN)],
        [run(18.5, BROKEN, *(f"suite.TestOther{n}" for n in range(12)))],
    ],
    ids=["machines", "incident"],
)
def test_a_later_outage_does_not_make_a_close_wrong(
    later: list[Run],
) -> None:
    card = card_of([*MENDED, *later], 20)
    assert card.count(IssueAction.CLOSE) == 1
    assert card.refailed == []


def test_a_filing_after_which_it_never_fails_again_is_counted() -> None:
    runs = [*twice_a_day(FLAKY, 3), *twice_a_day(BROKEN, 3, 4), *green(5, 8)]
    assert card_of(runs, 6).single == []  # it had no time to prove right
    card = card_of([*runs, *green(8, 14)], 13)
    assert [event.name for event in card.single] == [FLAKY]
    assert card.count(IssueAction.FILE) == 2


def test_what_was_not_done_is_counted_by_reason() -> None:
    card = card_of([run(0.5, FLAKY), *green(1, 9), *twice_a_day(BROKEN, 9), *green(10, 12)], 12)
    assert card.reasons == {Reason.BELOW_GATE: 1, Reason.QUIET: 2}
    assert card.keys == {f"case:{FLAKY}", f"case:{BROKEN}"}


def test_stopped_windows_are_reported() -> None:
    flood = [run for n in range(6) for run in twice_a_day(f"suite.Test{n}", 1)]
    card = card_of(
        [*flood, *twice_a_day(BROKEN, 2)], 3, Rules(implausible=5, together=100, share=2.0)
    )
    assert [at for at, _ in card.stopped] == [moment(2)]
    assert "6 new issues at once are not plausible" in card.stopped[0][1]
    assert actions_of(card) == [(2, "file", 1)]


def test_later_runs_of_an_incident_belong_to_its_issue() -> None:
    many = [f"suite.TestTogether{n}" for n in range(12)]
    card = card_of([run(0.2, *many), run(0.7, *many), run(1.5, *many), *green(2, 12)], 12)
    assert actions_of(card)[:2] == [(0, "file", 1), (1, "update", 1)]
    assert (card.count(IssueAction.FILE), card.single) == (1, [])


def test_comments_are_those_that_people_get() -> None:
    other = [run(1.2, failure(BROKEN, message="something else")), run(1.6, BROKEN)]
    card = card_of([*twice_a_day(BROKEN, 0), *other, *green(2, 18)], 18)
    assert [word for _, word, _ in actions_of(card)] == ["file", "comment", "close"]
    assert card.comments == 2  # the close says why
    assert card.comments_a_week == pytest.approx(2 / (17 / 7))


def test_without_issues_there_is_no_rate_of_comments() -> None:
    card = card_of(green(0, 3), 3)
    assert (card.comments_a_week, card.open, card.events) == (None, 0, [])


def test_the_callback_gets_the_decisions_of_each_window() -> None:
    seen: list[Decisions] = []
    card_of(MENDED, 3, done=seen.append)
    assert [[decision.action.value for decision in decisions.acting] for decisions in seen] == [
        ["file"],
        ["update"],
        ["update"],
    ]


def test_the_history_reaches_back_to_the_oldest_issue() -> None:
    since: list[datetime] = []
    history = asked([*twice_a_day(BROKEN, 0), *green(1, 40)])

    def ask(begin: datetime, end: datetime, oldest: datetime) -> Evidence:
        since.append(oldest)
        return history(begin, end, oldest)

    replay(ask, windows(5), DAY, Rules())
    assert since == [moment(day) for day in (-1, 0, 0.25, 0.25, 0.25)]


def test_a_replay_touches_nothing_but_its_tracker() -> None:
    ask, tracker = asked(BACK), MemoryTracker()
    before = ask(moment(0), moment(20), moment(-10))
    replay(ask, windows(12), 30 * DAY, Rules(), tracker)
    held = dict(tracker.issues)
    assert ask(moment(0), moment(20), moment(-10)) == before
    replay(ask, windows(12), 30 * DAY, Rules())
    assert tracker.issues == held


def test_a_tracker_goes_on_where_it_was() -> None:
    whole, parts = MemoryTracker(), MemoryTracker()
    ask = asked(BACK)
    replay(ask, windows(20), 30 * DAY, Rules(), whole)
    replay(ask, windows(8), 30 * DAY, Rules(), parts)
    replay(ask, windows(12, 8), 30 * DAY, Rules(), parts)
    assert parts.issues == whole.issues


def test_the_tracker_in_memory_opens_and_closes() -> None:
    tracker = MemoryTracker()
    states: list[tuple[bool, datetime | None, str]] = []

    def note(_: Decisions) -> None:
        states.extend(
            (tracked.issue.open, tracked.issue.closed_at, tracked.issue.state_reason)
            for tracked in tracker.issues.values()
        )

    card_of(BACK, 25, tracker=tracker, done=note)
    assert list(dict.fromkeys(states)) == [
        (True, None, ""),
        (False, moment(17), "completed"),
        (True, None, "reopened"),
    ]
    issue = tracker.issues[1]
    assert issue.ours
    assert issue.marker is not None
    assert issue.marker.failures == 8
    assert issue.commented == moment(22)  # when it was opened again
    assert tracker.snapshot(moment(20)).issues == (issue,)


_fails = st.dictionaries(
    st.integers(0, 11),
    st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=4, unique=True),
    max_size=10,
)


@settings(max_examples=40)
@given(_fails)
def test_the_scorecard_adds_up_for_any_history(failed: dict[int, list[str]]) -> None:
    runs = [
        run(day + part, *(f"suite.Test{name}" for name in names))
        for day, names in failed.items()
        for part in (0.3, 0.6)
    ] + green(0, 12, 4)
    card, again = card_of(runs, 12), card_of(runs, 12)
    assert actions_of(card) == actions_of(again)
    assert (card.refailed, card.single, card.reasons) == (
        again.refailed,
        again.single,
        again.reasons,
    )
    filed, closed, reopened = map(
        card.count, (IssueAction.FILE, IssueAction.CLOSE, IssueAction.REOPEN)
    )
    assert card.open == filed - closed + reopened
    assert len(card.refailed) <= closed
    assert len(card.single) <= filed
    assert filed <= 3 * card.windows


# --- the very bounds


@pytest.mark.parametrize(("days", "single"), [(10, []), (11, [FLAKY])])
def test_a_filing_has_seven_days_to_prove_right(days: int, single: list[str]) -> None:
    card = card_of([*twice_a_day(FLAKY, 3), *green(4, 12)], days)  # filed at the end of day 3
    assert [event.name for event in card.single] == single


@pytest.mark.parametrize(("day", "single"), [(4.0, [FLAKY]), (4.001, [])])
def test_only_what_failed_after_the_filing_proves_it_right(day: float, single: list[str]) -> None:
    runs = [*twice_a_day(FLAKY, 3), *green(4, 12), run(day, FLAKY)]
    assert [event.name for event in card_of(runs, 12).single] == single


def test_a_filing_that_is_not_settled_yet_and_one_that_proved_right_are_not_counted() -> None:
    card = card_of([*twice_a_day(FLAKY, 1, 6), *twice_a_day(BROKEN, 9), *green(1, 12)], 12)
    assert (card.count(IssueAction.FILE), card.single) == (2, [])


def test_an_incident_that_never_came_back_is_counted_and_one_of_other_tests_is_not_it() -> None:
    many, other = ([f"{suite}.TestTogether{n}" for n in range(12)] for suite in "ab")
    card = card_of([*green(0, 12), run(0.2, *many), run(2.5, *other), run(9.5, *other)], 12)
    assert [(event.at, event.key) for event in card.single] == [(moment(1), card.events[0].key)]
    assert card.count(IssueAction.FILE) == 2


def test_windows_that_are_stopped_are_counted_and_nothing_is_done_in_them() -> None:
    flood = [run for n in range(6) for run in twice_a_day(f"suite.Test{n}", 1)]
    tracker = MemoryTracker()
    card = card_of(flood, 3, Rules(implausible=5, together=100, share=2.0), tracker)
    assert (card.windows, len(card.stopped), card.events, tracker.issues) == (3, 1, [], {})
    assert len(card.keys) == 6


def test_a_comment_is_an_action_with_a_stamp_but_not_a_filing() -> None:
    other = [run(1.2, failure(BROKEN, message="something else")), *twice_a_day(BROKEN, 2)]
    card = card_of([*twice_a_day(BROKEN, 0), *other, *green(3, 22)], 22)
    assert [(event.action.value, event.comment) for event in card.events] == [
        ("file", False),
        ("comment", True),
        ("update", False),
        ("close", True),
    ]


def test_issues_are_numbered_from_one_and_titled_as_ours() -> None:
    tracker = MemoryTracker()
    card = card_of([*twice_a_day(FLAKY, 0), *twice_a_day(BROKEN, 1)], 2, tracker=tracker)
    assert [(event.number, event.name) for event in card.events] == [(1, FLAKY), (2, BROKEN)]
    assert {
        n: (tracked.issue.number, tracked.issue.title, tracked.issue.open)
        for n, tracked in tracker.issues.items()
    } == {
        1: (1, f"unstable test `{FLAKY}`", True),
        2: (2, f"unstable test `{BROKEN}`", True),
    }
    assert tracker.snapshot(moment(2)).listed == 2
    assert [tracked.commented for tracked in tracker.issues.values()] == [None, None]


def test_comments_a_week_are_those_of_each_week_of_each_issue() -> None:
    def event(day: float, action: IssueAction, number: int, comment: bool) -> Event:
        return Event(moment(day), action, number, "", "", "", comment)

    filed, said = IssueAction.FILE, IssueAction.COMMENT
    card = Scorecard(moment(0), moment(21))
    assert (card.windows, card.open, card.comments_a_week) == (0, 0, None)
    card.events = [
        event(0, filed, 1, False),
        event(7, filed, 2, False),
        *[event(9, said, 1, True)] * 10,
    ]
    assert card.comments == 10
    assert card.comments_a_week == pytest.approx(10 / 5)
    assert not Event(moment(0), filed, 1, "", "", "").comment


def test_an_update_is_not_a_comment_and_keeps_the_marker() -> None:
    tracker = MemoryTracker()
    known = ours(1, marker(FLAKY, [0]))
    tracker.issues[1] = known
    update = Decision(f"case:{FLAKY}", "case", FLAKY, IssueAction.UPDATE, "why", issue=known)
    assert tracker.apply(update, moment(3)) == 1
    assert tracker.issues[1] == known
    tracker.apply(replaced(update, stamp="told", marker=marker(FLAKY, [0, 1])), moment(4))
    assert (tracker.issues[1].commented, tracker.issues[1].marker) == (
        moment(4),
        marker(FLAKY, [0, 1]),
    )
    tracker.apply(update, moment(5))
    assert tracker.issues[1].commented == moment(4)

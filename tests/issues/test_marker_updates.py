"""Updates of markers: what is news, what is announced, and that nothing counts twice."""

from collections.abc import Sequence
from datetime import timedelta
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from ci_stat.failures.fingerprint import aliases
from ci_stat.issues.decisions.marker_updates import (
    changes,
    first_marker,
    grown,
    is_of_jobs,
    mark_announced,
    stamp,
)
from ci_stat.issues.evidence import Evidence, FailureHistory, Occurrence
from ci_stat.issues.model import Marker, masked_name
from ci_stat.records import CaseFailure, Run
from tests.support.issues import DAY, JOB, evidence, failure, marker, moment, run

CASE = "suite.TestFlaky"
WEEK = 7 * DAY
KNOWN = marker(CASE, [5])  # of one failure on day 5.5, on master


def subject(runs: Sequence[Run]) -> tuple[FailureHistory, tuple[Occurrence, ...], Evidence]:
    window = evidence(runs, 9)
    history = window.histories[f"case:{CASE}"]
    return history, history.occurrences, window


def said(n: int) -> CaseFailure:
    """A failure with its own message; messages that differ in digits only are equal."""
    return failure(CASE, message=f"said {'x' * n}")


def together(members: int) -> FailureHistory:
    """An incident of `members` tests, without a message of its own."""
    names = {f"case:s.Test{n:02}": f"s.Test{n:02}" for n in range(members)}
    return FailureHistory("incident:0", "incident", "an incident", (), MappingProxyType(names))


def new(
    runs: Sequence[Run], known: Marker = KNOWN, back: timedelta = WEEK
) -> list[tuple[str, str]]:
    history, occurrences, _ = subject(runs)
    return [(change.what, change.said) for change in changes(known, history, occurrences, back)]


# --- the first one


def test_a_new_issue_announces_everything() -> None:
    runs = [
        run(2.5, said(1)),
        run(3.5, CaseFailure("case", CASE), branch="dev"),
        run(8.1, said(2), branch=""),
        run(8.6, said(1)),
    ]
    history, occurrences, window = subject(runs)
    made = first_marker(history, occurrences, window, "intent", "a reason")
    assert made.longest == pytest.approx(4.6)
    assert replace(made, longest=4.6) == Marker(
        key=f"case:{CASE}",
        kind="case",
        create="intent",
        first=moment(2.5),
        last=moment(8.6),
        fingerprints=(said(1).fingerprint, said(2).fingerprint),
        branches=("master", "dev"),
        jobs=(JOB,),
        days={"2021-06-03": 1, "2021-06-04": 1, "2021-06-09": 2},
        longest=4.6,
        why="a reason",
    )


def test_an_incident_announces_members_but_no_messages() -> None:
    _, occurrences, window = subject([run(9.5, CASE)])
    made = first_marker(together(3), occurrences, window, "intent", "a reason")
    assert made.members == ("case:s.Test00", "case:s.Test01", "case:s.Test02")
    assert made.fingerprints == ()


# --- growing


@pytest.mark.parametrize(
    ("days", "known", "grew", "last", "longest"),
    [
        ([5.5], {"2021-06-06": 1}, {"2021-06-06": 1}, 5.5, 0),
        ([5.5, 5.7], {"2021-06-06": 1}, {"2021-06-06": 2}, 5.7, 0.2),
        ([5.5, 8.5], {"2021-06-06": 1}, {"2021-06-06": 1, "2021-06-09": 1}, 8.5, 3),
        (
            [5.5, 8.5],
            {"2021-06-06": 4},
            {"2021-06-06": 4, "2021-06-09": 1},
            8.5,
            3,
        ),  # logs were lost meanwhile
        ([5.1, 5.5], {"2021-06-06": 1}, {"2021-06-06": 2}, 5.5, 0),  # a log was read later
        (
            [4.5, 5.5],
            {"2021-06-04": 1, "2021-06-06": 1},
            {"2021-06-04": 1, "2021-06-05": 1, "2021-06-06": 1},
            5.5,
            0,
        ),
        (
            [4.5, 5.5],
            {"2021-06-06": 1},
            {"2021-06-06": 1},
            5.5,
            0,
        ),  # days before the oldest stand in `older`
        ([4.5], {}, {"2021-06-05": 1}, 5.5, 0),
        (
            [5.6, 7.6, 8.6],
            {"2021-06-06": 1},
            {"2021-06-06": 1, "2021-06-08": 1, "2021-06-09": 1},
            8.6,
            2,
        ),
    ],
)
def test_counts_by_day_grow(
    days: list[float], known: dict[str, int], grew: dict[str, int], last: float, longest: float
) -> None:
    history, occurrences, window = subject([run(day, CASE) for day in days])
    before = replace(KNOWN, days=known)
    after = grown(before, history, occurrences, window)
    assert (after.days, after.last) == (grew, moment(last))
    assert after.longest == pytest.approx(longest)
    assert list(after.days) == sorted(after.days)
    assert (after is before) == (grew == known)
    assert (after.first, after.fingerprints, after.branches) == (
        before.first,
        before.fingerprints,
        before.branches,
    )
    assert grown(after, history, occurrences, window) is after


def test_the_longest_silence_is_never_forgotten() -> None:
    history, occurrences, window = subject([run(5.5, CASE), run(8.5, CASE)])
    assert grown(replace(KNOWN, longest=9.5), history, occurrences, window).longest == 9.5


def test_a_run_with_several_failures_counts_once() -> None:
    history, occurrences, window = subject([run(8.5, CASE)])
    assert grown(KNOWN, history, (*occurrences, *occurrences), window).days == {
        "2021-06-06": 1,
        "2021-06-09": 1,
    }


@pytest.mark.parametrize(
    ("known", "now", "held"),
    [(0, 3, 3), (3, 3, 3), (3, 5, 5), (0, 41, 40), (38, 41, 40), (39, 40, 40), (40, 41, 40)],
)
def test_a_marker_holds_forty_members(known: int, now: int, held: int) -> None:
    _, occurrences, window = subject([run(8.5, CASE)])
    before = replace(KNOWN, members=tuple(together(known).members))
    assert grown(before, together(now), occurrences, window).members == tuple(
        together(held).members
    )
    assert grown(before, None, occurrences, window).members == before.members


# --- what is mark_announced


def test_a_comment_announces_messages_and_branches() -> None:
    history, occurrences, _ = subject(
        [run(8.5, said(1), branch="dev"), run(9.5, said(2), branch=""), run(9.6, said(1))]
    )
    after = mark_announced(KNOWN, history, occurrences)
    assert after.fingerprints == (*KNOWN.fingerprints, said(1).fingerprint, said(2).fingerprint)
    assert after.branches == ("master", "dev")
    assert replace(after, fingerprints=KNOWN.fingerprints, branches=KNOWN.branches) == KNOWN
    assert mark_announced(after, history, occurrences) == after


@pytest.mark.parametrize(
    ("known", "held", "news"), [(28, 30, 2), (29, 30, 1), (30, 30, 0), (31, 31, 0)]
)
def test_thirty_messages_are_worth_a_comment(known: int, held: int, news: int) -> None:
    before = replace(KNOWN, fingerprints=tuple(f"v1:{n}" for n in range(known)))
    runs = [run(5.5, said(1)), run(8.5, said(2)), run(9.5, said(3))]
    history, occurrences, _ = subject(runs)
    assert len(mark_announced(before, history, occurrences).fingerprints) == held
    assert [what for what, _ in new(runs, before)] == ["message"] * news


def test_forty_branches_are_worth_a_comment() -> None:
    history, occurrences, _ = subject([run(9.4, CASE, branch="one"), run(9.5, CASE, branch="two")])
    full, almost = (
        replace(KNOWN, branches=tuple(f"b{n}" for n in range(held))) for held in (40, 39)
    )
    assert mark_announced(full, history, occurrences).branches == full.branches
    assert mark_announced(almost, history, occurrences).branches == (*almost.branches, "one")


# --- what is new


@pytest.mark.parametrize(
    ("day", "news"), [(12.49, []), (12.5, [("back", "7")]), (13.6, [("back", "8")])]
)
def test_a_week_of_silence_is_worth_a_comment(day: float, news: list[tuple[str, str]]) -> None:
    window = evidence([run(5.5, CASE), run(day, CASE), run(day + 9, CASE)], 30)
    history = window.histories[f"case:{CASE}"]
    assert [
        (change.what, change.said) for change in changes(KNOWN, history, history.occurrences, WEEK)
    ] == news


@pytest.mark.parametrize(
    ("runs", "news"),
    [
        ([run(5.5, CASE)], []),
        ([run(6.5, said(1))], [("message", "said x")]),
        (
            [run(5.5, said(1))],
            [("message", "said x")],
        ),  # of a run that is known, but was not mark_announced
        (
            [run(6.5, said(1)), run(6.6, said(2)), run(6.7, said(1))],
            [("message", "said x"), ("message", "said xx")],
        ),
        ([run(6.5, CaseFailure("case", CASE, "no fingerprint"))], []),
        (
            [run(6.5, CaseFailure("case", CASE, fingerprint="v1:0"))],
            [("message", CASE)],
        ),  # it says nothing but its name
        ([run(6.5, CASE, branch="dev"), run(6.6, CASE, branch="dev")], [("branch", "dev")]),
        ([run(6.5, CASE, branch="")], []),
        ([run(6.5, said(1), branch="dev")], [("message", "said x"), ("branch", "dev")]),
    ],
)
def test_new_messages_and_branches_are_announced_once(
    runs: list[Run], news: list[tuple[str, str]]
) -> None:
    assert new(runs) == news


def test_the_first_known_branch_is_not_news() -> None:
    assert new([run(6.5, CASE)], replace(KNOWN, branches=())) == []


def test_branches_that_stand_masked_in_a_marker_are_known() -> None:
    assert (
        new(
            [run(6.5, CASE, branch="db1.corp")], replace(KNOWN, branches=(masked_name("db1.corp"),))
        )
        == []
    )


def test_a_message_brings_its_excerpt() -> None:
    history, occurrences, _ = subject([run(6.5, said(1))])
    (change,) = changes(KNOWN, history, occurrences, WEEK)
    assert change.excerpt == said(1).excerpt


@pytest.mark.parametrize(
    ("known", "now", "shown"),
    [(12, 12, 0), (12, 13, 1), (5, 15, 10), (5, 16, 10), (39, 45, 6), (40, 45, 0)],
)
def test_a_comment_names_up_to_ten_new_tests_of_an_incident(
    known: int, now: int, shown: int
) -> None:
    before = replace(KNOWN, members=tuple(together(known).members))
    news = changes(before, together(now), (), WEEK)
    names = [f"s.Test{n:02}" for n in range(known, known + shown)]
    assert [(change.what, change.said) for change in news] == (
        [("members", ", ".join(names))] if shown else []
    )


def test_an_incident_that_returns_announces_tests_and_branch_but_no_message() -> None:
    window = evidence([run(13.5, said(1), branch="dev")], 30)
    occurrences = window.histories[f"case:{CASE}"].occurrences
    before = replace(KNOWN, members=tuple(together(11).members))
    assert [change.what for change in changes(before, together(12), occurrences, WEEK)] == [
        "back",
        "members",
        "branch",
    ]
    assert [change.what for change in changes(before, together(11), occurrences, WEEK)] == [
        "back",
        "branch",
    ]


# --- jobs and stamps


@pytest.mark.parametrize(
    ("known", "asked", "same"),
    [
        ((), ["any"], True),  # an issue of an older version does not say
        (("one", "two"), ["two", "three"], True),
        (("one",), ["two"], False),
        (("one",), [], False),
        ((masked_name("job.corp"),), ["job.corp"], True),
    ],
)
def test_an_issue_is_about_the_jobs_that_it_names(
    known: tuple[str, ...], asked: list[str], same: bool
) -> None:
    assert is_of_jobs(replace(KNOWN, jobs=known), asked) is same


def test_a_stamp_is_the_same_for_the_same_parts_only() -> None:
    made = [
        stamp("a", 1),
        stamp("a", 1),
        stamp("a1"),
        stamp("a", 2),
        stamp(1, "a"),
        stamp("a\ud800"),
    ]
    assert made[0] == made[1]
    assert len(set(made)) == 5
    assert {len(name) for name in made} == {20}


def test_a_message_that_was_a_guess_before_is_no_news() -> None:
    """A rule or a report that names the case since gives the failure another fingerprint."""
    failed = said(1)
    (earlier,) = aliases(failed.kind, failed.name, failed.message)
    guessed = replace(KNOWN, fingerprints=(earlier,))
    assert new([run(9.5, failed)], guessed) == []
    assert [what for what, _ in new([run(9.5, said(2))], guessed)] == ["message"]

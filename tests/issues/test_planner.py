"""Decisions about failures: gates, incidents, the tracker, limits; and that none is missing."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.issues.decisions.replay import MemoryTracker
from ci_stat.issues.decisions.rules import Rules
from ci_stat.issues.model import Reason, Snapshot, TrackedIssue
from ci_stat.records import IssueAction, Ledger, LogState, Mute, Run, Status
from tests.support.issues import (
    DAY,
    evidence,
    failure,
    green,
    marker,
    moment,
    of,
    ours,
    plan,
    run,
    theirs,
    words,
)

CASE = "suite.TestFlaky"
TWICE = [run(9.2, CASE), run(9.6, CASE)]


@pytest.mark.parametrize(
    ("days", "word"),
    [
        ([9.2], "below the gate"),
        ([9.2, 9.6], "file"),
        ([8.5, 9.5], "file"),  # one failure in each of two windows
        ([3.5, 9.5], "file"),
        ([1.5, 9.5], "flaky but rare"),  # a window more than a week ago does not count
        ([-15.0, 9.5], "flaky but rare"),
    ],
)
def test_the_gate(days: list[float], word: str) -> None:
    assert words(plan([run(day, CASE) for day in days], 9)) == {CASE: word}


def test_two_failures_in_one_earlier_window_are_one_window() -> None:
    rules = Rules(windows=3)
    assert words(plan([run(8.1, CASE), run(8.9, CASE), run(9.5, CASE)], 9, rules=rules)) == {
        CASE: "flaky but rare"
    }
    assert words(plan([run(7.1, CASE), run(8.9, CASE), run(9.5, CASE)], 9, rules=rules)) == {
        CASE: "file"
    }


def test_a_case_without_failures_in_the_window_is_not_a_candidate() -> None:
    assert words(plan([run(7.5, CASE), run(8.5, CASE), *green(9, 10)], 9)) == {}


def test_a_failure_at_the_windows_end_is_of_the_next_one() -> None:
    runs = [run(9.5, CASE), run(10.0, CASE)]
    assert words(plan(runs, 9)) == {CASE: "below the gate"}
    assert words(plan(runs, 10)) == {CASE: "file"}


def test_spellings_and_subtests_of_a_case_are_one_issue() -> None:
    said = ["FAIL: a_test.go:7: suite.TestX", "a_test.go:suite.TestX", "suite.TestX/sub one"]
    assert words(plan([run(9 + n / 9, name) for n, name in enumerate(said)], 9)) == {
        "suite.TestX": "file"
    }


def test_a_test_and_its_subtest_in_one_run_are_one_failure() -> None:
    assert words(plan([run(9.5, "suite.TestX", "suite.TestX/sub")], 9)) == {
        "suite.TestX": "below the gate"
    }


@pytest.mark.parametrize(
    ("kind", "guess", "word"),
    [
        ("env", False, "part of an outage"),
        ("setup", False, "part of an outage"),
        ("compile", False, "not a test's failure"),
        ("check", False, "not a test's failure"),
        ("timeout", False, "not a test's failure"),
        ("case", True, "only a guess"),
        ("race", False, "file"),
        ("leak", False, "file"),
        ("panic", False, "file"),
    ],
)
def test_failures_that_do_not_belong_to_a_test(kind: str, guess: bool, word: str) -> None:
    said = failure("it broke", kind, guess=guess)
    assert list(words(plan([run(9.2, said), run(9.6, said)], 9)).values()) == [word]


def test_a_run_that_the_infrastructure_broke_is_not_evidence() -> None:
    broken = failure("connection reset", "env")
    runs = [run(9.1, broken, CASE), run(9.2, broken, CASE), run(9.3, broken, CASE)]
    assert words(plan(runs, 9)) == {
        "connection reset": "part of an outage",
        CASE: "part of an outage",
    }
    assert words(plan([*runs, run(9.4, CASE)], 9))[CASE] == "below the gate"


def test_failed_runs_without_a_known_failure_are_reported() -> None:
    missing = [run(9 + n / 9, status=Status.FAILURE, log=LogState.MISSING) for n in range(3)]
    decision = of(plan(missing, 9), "3 failed runs: missing")
    assert (decision.reason, decision.runs) == (Reason.LOG_MISSING, 3)


# --- incidents


def test_the_flood_of_2020_12_14_is_one_issue() -> None:
    """A broken build with 8 cases, and the same the next day: the old filer wrote 8 issues."""
    cases = [f"suite{n}.TestBroken" for n in range(8)]
    usual = [run(day + 0.3, f"suite.TestUsual{day % 3}") for day in range(8)]
    runs = [*usual, *green(0, 10), run(9.5, *cases)]
    decisions = plan(runs, 9)
    assert [decision.kind for decision in decisions.acting] == ["incident"]
    assert {decision.reason for decision in decisions.all if decision.name in cases} == {
        Reason.INCIDENT
    }
    filed = decisions.acting[0]
    assert filed.history is not None
    assert set(filed.history.members.values()) == set(cases)
    assert filed.marker is not None
    tracker = MemoryTracker()
    tracker.apply(filed, moment(10))
    next_day = plan([*runs, run(10.4, *cases[:7])], 10, *tracker.issues.values())
    assert [(decision.action.value, decision.kind) for decision in next_day.acting] == [
        ("update", "incident")
    ]


def test_more_than_ten_others_make_an_incident_at_any_share() -> None:
    known = [run(day / 20, f"old.Test{day}") for day in range(100)]
    cases = [f"suite.Test{n}" for n in range(11)]
    assert [decision.kind for decision in plan([*known, run(9.5, *cases)], 9).acting] == [
        "incident"
    ]
    assert plan([*known, run(9.5, *cases[:10])], 9).acting == ()


def test_a_quarter_needs_five_at_least() -> None:
    cases = [f"suite.Test{n}" for n in range(4)]
    assert set(words(plan([run(9.5, *cases)], 9)).values()) == {"below the gate"}
    assert "incident" in {
        decision.kind for decision in plan([run(9.5, *cases, "suite.TestFive")], 9).acting
    }


def test_a_case_that_fails_by_itself_too_keeps_its_own_issue() -> None:
    cases = [f"suite.Test{n}" for n in range(12)]
    actions = words(plan([run(9.2, cases[0]), run(9.3, cases[0]), run(9.5, *cases)], 9))
    assert actions[cases[0]] == "file"
    assert actions[cases[1]] == "part of an incident"


def test_a_regression_that_fails_in_every_run_is_not_part_of_the_incident() -> None:
    cases = [f"suite.Test{n}" for n in range(12)]
    runs = [run(9 + n / 20, CASE) for n in range(15)]
    decisions = plan([*runs, run(9.9, *cases, CASE)], 9)
    assert of(decisions, CASE).runs == 16
    assert {decision.kind for decision in decisions.acting} == {"case", "incident"}


def test_many_failures_are_not_an_incident_if_every_run_has_them() -> None:
    cases = [f"suite.Test{n}" for n in range(12)]
    always = [run(day / 5, *cases) for day in range(50)]
    decisions = plan([*always, run(9.99, *cases, "suite.TestMore")], 9)
    assert "incident" not in {decision.kind for decision in decisions.all}
    rarely = [*green(0, 9.5, 10), run(9.6, *cases)]
    assert "incident" in {decision.kind for decision in plan(rarely, 9).all}


def test_two_incidents_with_other_tests_are_two() -> None:
    one, other = ([f"{suite}.Test{n}" for n in range(12)] for suite in ("a", "b"))
    decisions = plan([run(9.2, *one), run(9.5, *other), run(9.6, *other[2:])], 9)
    assert sorted(decision.runs for decision in decisions.acting) == [1, 2]


# --- what the tracker holds


def test_a_persons_open_issue_is_known() -> None:
    decision = of(plan(TWICE, 9, theirs(7, f"Unstable test `{CASE}`")), CASE)
    assert (decision.reason, decision.issue and decision.issue.issue.number) == (Reason.KNOWN, 7)


@pytest.mark.parametrize("closed", [8.0, -30.0])
def test_a_closed_issue_after_which_nothing_failed_is_older_than_the_fix(closed: float) -> None:
    day = 9 if closed > 0 else -29
    runs = [run(day - 2.5, CASE), run(day - 0.4, CASE), run(closed - 0.01, CASE)]
    assert words(plan(runs, int(closed) - 1, theirs(7, f"unstable test {CASE}", closed))) == {
        CASE: "run older than the fix"
    }


@pytest.mark.parametrize(
    ("closed", "runs", "word"),
    [
        (9.4, [9.2, 9.3], "run older than the fix"),
        (9.4, [9.2, 9.3, 9.5], "reopen"),
        (0.5, [9.2], "reopen"),  # nine days ago
        (-0.9, [9.2, 9.3], "file"),  # closed more than ten days ago: a new one
        (-0.9, [9.2], "below the gate"),  # that needs evidence of its own
        (-0.9, [-1.5, 9.2], "below the gate"),  # what failed before the close is not evidence
    ],
)
@pytest.mark.parametrize("mine", [True, False])
def test_after_a_close(closed: float, runs: list[float], word: str, mine: bool) -> None:
    issue = (
        ours(7, marker(CASE, [-9, -8]), closed)
        if mine
        else theirs(7, f"flaky test `{CASE}` in `pkg` pkg", closed)
    )
    decision = of(plan([run(day, CASE) for day in runs], 9, issue), CASE)
    if (
        word == "reopen" and not mine
    ):  # known by its title only: that needs as much evidence as a new one
        word = "below the gate"
    assert (decision.reason or decision.action).value == word
    if word == "file":
        assert decision.before == issue
        assert decision.marker is not None
        assert decision.marker.first >= moment(closed)


@pytest.mark.parametrize(
    ("reason", "word"),
    [("not_planned", "closed as not planned"), ("duplicate", "closed as duplicate")],
)
def test_what_people_do_not_want_is_not_filed_until_a_label_allows_it(
    reason: str, word: str
) -> None:
    closed = theirs(7, f"unstable test `{CASE}`", 8.0, reason)
    assert words(plan(TWICE, 9, closed)) == {CASE: word}
    allowed = theirs(7, f"unstable test `{CASE}`", 8.0, reason, labels=("ci_stat/refile",))
    assert words(plan(TWICE, 9, allowed)) == {CASE: "reopen"}
    older = theirs(7, f"unstable test `{CASE}`", 9.9, reason, labels=("ci_stat/refile",))
    assert words(plan(TWICE, 9, older)) == {CASE: "run older than the fix"}


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"closed_by_bot": True}, "reopen"),
        ({"closed_by_bot": False}, "closed as not planned"),
        ({"labels": ("Stale",)}, "reopen"),
        ({"labels": ("status: stale",)}, "reopen"),
        ({"labels": ("lifecycle/rotten",)}, "reopen"),
        ({"labels": ("no-issue-activity",)}, "reopen"),
        ({"labels": ("no-stale", "component/stale-read", "stalemate")}, "closed as not planned"),
    ],
)
def test_a_bot_that_cleans_up_decides_nothing(more: dict[str, object], word: str) -> None:
    closed = theirs(7, f"unstable test `{CASE}`", 8.0, "not_planned", **more)
    assert words(plan(TWICE, 9, closed)) == {CASE: word}


def test_a_duplicate_stays_one_whoever_closed_it() -> None:
    closed = theirs(7, f"unstable test `{CASE}`", 8.0, "duplicate", closed_by_bot=True)
    assert words(plan(TWICE, 9, closed)) == {CASE: "closed as duplicate"}


@pytest.mark.parametrize("closed", [9.0, -5.0])
@pytest.mark.parametrize("mine", [True, False])
def test_a_locked_closed_issue_gets_a_successor(mine: bool, closed: float) -> None:
    """It cannot be reopened, and would silence its case for ever."""
    issue = (
        ours(7, marker(CASE, [-6]), closed=closed, locked=True)
        if mine
        else theirs(7, f"unstable test `{CASE}`", closed, locked=True)
    )
    decision = of(plan(TWICE, 9, issue), CASE)
    assert (decision.action, decision.before) == (IssueAction.FILE, issue)
    assert decision.why.endswith("; #7 is locked")
    assert words(plan(TWICE[:1], 9, issue)) == {CASE: "below the gate"}


def test_a_locked_issue_closed_after_the_runs_or_as_not_planned_has_no_successor() -> None:
    title = f"unstable test `{CASE}`"
    fixed = theirs(7, title, 9.9, locked=True)
    assert words(plan(TWICE, 9, fixed)) == {CASE: "run older than the fix"}
    unwanted = theirs(7, title, 8.0, "not_planned", locked=True)
    assert words(plan(TWICE, 9, unwanted)) == {CASE: "closed as not planned"}


def test_an_open_issue_counts_more_than_a_closed_one_and_ours_more_than_theirs() -> None:
    title = f"unstable test `{CASE}`"
    mine = ours(9, marker(CASE, [8]))
    decision = of(plan(TWICE, 9, theirs(5, title, 8.0), theirs(6, title), mine), CASE)
    assert decision.issue == mine


def test_people_switch_us_off() -> None:
    known = marker(CASE, [8])
    assert words(plan(TWICE, 9, ours(7, known, labels=("ci_stat/mute",)))) == {
        CASE: "switched off by label"
    }
    assert words(plan(TWICE, 9, ours(7, known, closed=8.9, labels=("ci_stat/mute",)))) == {
        CASE: "switched off by label"
    }
    assert words(plan(TWICE, 9, ours(7, known, locked=True))) == {CASE: "locked"}
    taken = replace_marker(ours(7, known))
    assert words(plan(TWICE, 9, taken, ledger=Ledger(created={f"case:{CASE}": (7,)}))) == {
        CASE: "text taken over by a person"
    }


def replace_marker(tracked: TrackedIssue) -> TrackedIssue:
    return TrackedIssue(tracked.issue, ours=True, marker=None)


def test_a_mute_holds_until_its_day() -> None:
    def muted(until: float) -> Ledger:
        return Ledger(
            mutes={f"case:{CASE}": Mute(f"case:{CASE}", CASE, moment(until), "known", moment(1))}
        )

    assert words(plan(TWICE, 9, ledger=muted(20))) == {CASE: "muted"}
    assert "known" in of(plan(TWICE, 9, ledger=muted(20)), CASE).why
    assert words(plan(TWICE, 9, ledger=muted(10))) == {CASE: "file"}


def test_a_deleted_issue_is_not_written_again() -> None:
    decisions = plan(TWICE, 9, ledger=Ledger(created={f"case:{CASE}": (7,)}), gone=(7,))
    assert words(decisions) == {CASE: "deleted or moved"}


def test_a_creation_that_is_not_settled_is_not_repeated() -> None:
    assert words(plan(TWICE, 9, ledger=Ledger(unsettled=frozenset({f"case:{CASE}"})))) == {
        CASE: "an earlier try is not settled"
    }


# --- recurrence


def test_a_recurrence_edits_the_text_without_a_comment() -> None:
    decision = of(plan([run(8.5, CASE), *TWICE], 9, ours(7, marker(CASE, [8]))), CASE)
    assert (decision.action, decision.changes) == (IssueAction.UPDATE, ())
    assert decision.marker is not None
    assert decision.marker.days == {"2021-06-09": 1, "2021-06-10": 2}
    assert decision.marker.last == moment(9.6)


def test_a_second_run_over_the_same_window_changes_nothing() -> None:
    tracker = MemoryTracker()
    first = plan(TWICE, 9)
    for decision in first.acting:
        tracker.apply(decision, moment(10))
    assert words(plan(TWICE, 9, *tracker.issues.values())) == {CASE: "up to date"}


@pytest.mark.parametrize(
    ("new", "what"),
    [
        (run(9.5, failure(CASE, message="quite another text")), "message"),
        (run(9.5, CASE, branch="release-5.1"), "branch"),
    ],
)
def test_only_what_is_new_is_worth_a_comment(new: Run, what: str) -> None:
    decision = of(plan([run(8.5, CASE), new], 9, ours(7, marker(CASE, [8]))), CASE)
    assert (decision.action, [change.what for change in decision.changes]) == (
        IssueAction.COMMENT,
        [what],
    )
    again = ours(7, decision.marker) if decision.marker else None
    assert again is not None
    assert words(plan([run(8.5, CASE), new], 9, again)) == {CASE: "up to date"}


def test_back_after_a_silence_is_worth_a_comment() -> None:
    issue = ours(7, marker(CASE, [-5]))
    decision = of(plan([run(-4.5, CASE), run(9.5, CASE)], 9, issue), CASE)
    assert [(change.what, change.said) for change in decision.changes] == [("back", "14")]


def test_one_comment_a_day_and_the_rest_is_announced_tomorrow() -> None:
    other = failure(CASE, message="quite another text")
    issue = ours(7, marker(CASE, [8]), commented=moment(10.1))
    decision = of(plan([run(8.5, CASE), run(9.5, other)], 9, issue), CASE)
    assert decision.action is IssueAction.UPDATE
    assert decision.marker is not None
    tomorrow = of(
        plan(
            [run(9.5, other), run(10.5, other)],
            10,
            ours(7, decision.marker, commented=moment(10.1)),
        ),
        CASE,
    )
    assert (tomorrow.action, [change.what for change in tomorrow.changes]) == (
        IssueAction.COMMENT,
        ["message"],
    )


def test_counts_never_shrink_when_logs_are_gone() -> None:
    known = marker(CASE, [7, 8], a_day=5)
    decision = of(plan([run(8.5, CASE), run(9.5, CASE)], 9, ours(7, known)), CASE)
    assert decision.marker is not None
    assert decision.marker.days == {"2021-06-08": 5, "2021-06-09": 5, "2021-06-10": 1}


def test_failures_of_windows_that_were_not_planned_are_added_later() -> None:
    runs = [run(5.5, CASE), run(7.5, CASE), *green(9, 10)]
    decision = plan(runs, 9, ours(7, marker(CASE, [5]))).all[0]
    assert decision.action is IssueAction.UPDATE
    assert decision.marker is not None
    assert decision.marker.last == moment(7.5)


# --- closing


def _quiet(quiet: int, failures: int = 6, a_day: int = 20) -> tuple[list[Run], TrackedIssue]:
    """Failures on consecutive days, then green runs for `quiet` days, and the issue about it."""
    days = list(range(failures))
    runs = [run(day + 0.5, CASE) for day in days]
    return [*runs, *green(0, failures + quiet, a_day)], ours(7, marker(CASE, days))


@pytest.mark.parametrize(
    ("quiet", "word"),
    [(2, "quiet, not for long enough"), (6, "quiet, not for long enough"), (40, "close")],
)
def test_silence_closes_when_it_is_evidence(quiet: int, word: str) -> None:
    runs, issue = _quiet(quiet)
    decisions = plan(runs, 5 + quiet, issue, memory=90).all
    assert [(decision.reason or decision.action).value for decision in decisions] == [word]


def test_the_rule_of_the_watcher() -> None:
    """6 failures in 20 days: (20/51)^5 = 0.9% after 31 quiet days."""
    from ci_stat.issues.decisions.silence import Silence

    silence = Silence(6, 20 * DAY, 31 * DAY, timedelta(0), 400, 600)
    assert silence.chance == pytest.approx(0.0093, abs=0.0001)


@pytest.mark.parametrize(
    ("days", "quiet", "word"),
    [
        ([0], 13, "quiet, not for long enough"),  # one bad day, 1 of 20 runs each: it may come back
        ([0, 0.1, 0.2, 0.3, 0.4], 26, "quiet, not for long enough"),
        ([0, 0.1, 0.2, 0.3, 0.4], 29, "close"),
        (
            [0, 0.1, 0.2, 0.3, 7, 7.1, 7.2],
            40,
            "quiet, not for long enough",
        ),  # two bad days are two occasions
        ([0, 0.1, 0.2, 0.3, 7, 7.1, 7.2], 91, "close"),
    ],
)
def test_many_failures_on_one_bad_day_are_one_occasion(
    days: list[float], quiet: int, word: str
) -> None:
    runs = [run(day, CASE) for day in days]
    last = int(days[-1])
    known = marker(
        CASE,
        sorted({int(day) for day in days}),
        a_day=len(days),
        first=moment(days[0]),
        last=moment(days[-1]),
    )
    issue = ours(7, known)
    actions = words(plan([*runs, *green(0, last + quiet + 1, 20)], last + quiet, issue, memory=200))
    assert actions == {CASE: word}


@pytest.mark.parametrize(("quiet", "word"), [(13, "quiet, not for long enough"), (15, "close")])
def test_what_was_broken_and_is_mended_is_closed_sooner(quiet: int, word: str) -> None:
    runs = [run(day / 20, CASE) for day in range(40)]
    issue = ours(7, marker(CASE, [0, 1], a_day=20, first=moment(0), last=moment(1.95)))
    assert words(plan([*runs, *green(2, 3 + quiet, 20)], 1 + quiet, issue, memory=90)) == {
        CASE: word
    }


def test_few_runs_are_not_a_silence() -> None:
    runs, issue = _quiet(60, a_day=20)
    early = [run for run in runs if run.started is not None and run.started < moment(6)]
    assert words(plan([*early, run(40.5)], 64, issue, memory=90)) == {
        CASE: "quiet, in too few runs"
    }


def test_no_close_while_a_person_writes() -> None:
    runs, issue = _quiet(40)
    spoken = TrackedIssue(issue.issue, True, issue.marker, person_wrote=moment(35))
    assert words(plan(runs, 45, spoken, memory=90)) == {CASE: "a person wrote lately"}
    long_ago = TrackedIssue(issue.issue, True, issue.marker, person_wrote=moment(30))
    assert words(plan(runs, 45, long_ago, memory=90)) == {CASE: "close"}


def test_what_a_person_opened_again_stays_open() -> None:
    runs, issue = _quiet(40)
    closed = plan(runs, 45, issue, memory=90).acting[0]
    assert closed.marker is not None
    again = ours(7, closed.marker)
    assert words(plan(runs, 45, again, memory=90)) == {CASE: "a person wrote lately"}


def test_issues_of_other_authors_are_not_closed() -> None:
    runs, _ = _quiet(40)
    assert plan(runs, 45, theirs(7, f"unstable test `{CASE}`"), memory=90).all == ()


# --- how much


def test_at_most_three_new_ones_and_the_loudest_first() -> None:
    runs = [run(9 + n / 50, f"suite.Test{name}") for name in range(5) for n in range(2 + name)]
    decisions = plan(runs, 9)
    assert [decision.name for decision in decisions.acting] == [
        "suite.Test4",
        "suite.Test3",
        "suite.Test2",
    ]
    assert [decision.reason for decision in decisions.all if decision not in decisions.acting] == [
        Reason.CAP
    ] * 2


def test_at_most_ten_changes() -> None:
    issues = [ours(n, marker(f"suite.Test{n}", [8])) for n in range(1, 15)]
    runs = [run(9.1 + n / 50, f"suite.Test{n}") for n in range(1, 15)]
    decisions = plan(runs, 9, *issues)
    assert Counter(words(decisions).values()) == {"update": 10, "cap reached": 4}


def test_what_began_lately_is_filed_before_what_fails_for_long() -> None:
    old = [run(day + n / 20, f"suite.TestOld{n}") for day in range(3, 10) for n in range(4)]
    louder = [run(9.5 + n / 50, f"suite.TestOld{n % 4}") for n in range(20)]
    new = [run(9.9, "suite.TestNew"), run(9.95, "suite.TestNew")]
    decisions = plan([*old, *louder, *new], 9)
    assert decisions.acting[0].name == "suite.TestNew"


def test_a_second_run_of_the_day_gets_no_second_quota() -> None:
    runs = [run(9 + n / 50, f"suite.Test{name}") for name in range(5) for n in range(2 + name)]
    tracker = MemoryTracker()
    for decision in plan(runs, 9).acting:
        tracker.apply(decision, moment(10.2))
    again = plan(runs, 9, *tracker.issues.values())
    assert Counter(words(again).values()) == {"up to date": 3, "cap reached": 2}
    tomorrow = plan(
        [*runs, run(10.1, "suite.Test0"), run(10.2, "suite.Test1")], 10, *tracker.issues.values()
    )
    assert [decision.action.value for decision in tomorrow.acting] == ["file", "file"]


def test_ten_changes_are_for_the_whole_day_but_what_was_begun_is_ended() -> None:
    issues = [ours(n, marker(f"suite.Test{n}", [8])) for n in range(1, 4)]
    runs = [run(9.1 + n / 50, f"suite.Test{n}") for n in range(1, 4)]
    today = dict.fromkeys(range(2, 12), moment(10.1))  # ten others and #2, #3
    decisions = plan(runs, 9, *issues, ledger=Ledger(changed=today))
    assert words(decisions) == {
        "suite.Test1": "cap reached",
        "suite.Test2": "update",
        "suite.Test3": "update",
    }
    yesterday = dict.fromkeys(range(2, 12), moment(9.1))
    assert len(plan(runs, 9, *issues, ledger=Ledger(changed=yesterday)).acting) == 3


def test_a_plan_that_cannot_be_right_does_nothing() -> None:
    runs = [run(9 + n / 100, f"suite.Test{n // 2}") for n in range(42)]
    decisions = plan(runs, 9)
    assert "21 new issues" in decisions.stopped
    assert plan(runs[:40], 9).stopped == ""


def test_a_list_that_is_not_whole_stops_everything() -> None:
    decisions = plan(TWICE, 9, problem="page 3 is short")
    assert "page 3 is short" in decisions.stopped


# --- laws

_cases = st.sampled_from([f"s.Test{n}" for n in range(7)])
_runs = st.lists(
    st.tuples(st.floats(0, 9.99), st.sets(_cases, max_size=7), st.sampled_from(["master", "dev"])),
    max_size=40,
)


def _history(drawn: list[tuple[float, set[str], str]]) -> list[Run]:
    return [run(day, *sorted(cases), branch=branch) for day, cases, branch in drawn]


@given(_runs)
def test_every_failing_case_has_one_answer_and_a_reason_where_nothing_is_done(
    drawn: list[tuple[float, set[str], str]],
) -> None:
    runs = _history(drawn)
    decisions = plan(runs, 9)
    failed = {name for day, cases, _ in drawn if day >= 9 for name in cases}
    cases = [decision.name for decision in decisions.all if decision.kind == "case"]
    assert sorted(cases) == sorted(failed)
    assert all(
        (decision.reason is None) != (decision.action is IssueAction.SKIP)
        for decision in decisions.all
    )
    assert all(decision.why for decision in decisions.all)
    new = sum(decision.action is IssueAction.FILE for decision in decisions.all)
    assert new <= 3
    assert len(decisions.acting) <= 10


@given(_runs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(
    drawn: list[tuple[float, set[str], str]], random: object
) -> None:
    runs = _history(drawn)
    mixed = runs[:]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert words(plan(runs, 9)) == words(plan(mixed, 9))


@given(_runs)
def test_what_was_done_is_not_done_again(drawn: list[tuple[float, set[str], str]]) -> None:
    """Plan each day twice: the second time, only actions beyond the limits are left."""
    runs, tracker, rules = (
        _history(drawn),
        MemoryTracker(),
        Rules(new=100, changes=100, implausible=100),
    )
    for day in range(10):
        for again in (False, True):
            decisions = plan(runs, day, *tracker.issues.values(), rules=rules)
            assert not (again and decisions.acting), words(decisions)
            for decision in decisions.acting:
                tracker.apply(decision, moment(day + 1.3))
    keys = Counter(
        tracked.marker.key
        for tracked in tracker.issues.values()
        if tracked.marker and tracked.issue.open
    )
    assert set(keys.values()) <= {1}


def test_a_snapshot_is_not_changed_by_planning() -> None:
    held = Snapshot("o/r", moment(10), "ci-bot", (ours(7, marker(CASE, [8])),))
    before = repr(held)
    plan([run(8.5, CASE), *TWICE], 9, *held.issues)
    assert repr(held) == before


def test_evidence_is_cut_at_the_windows_end() -> None:
    window = evidence([run(9.5, CASE), run(10.5, CASE)], 9)
    assert [len(history.occurrences) for history in window.histories.values()] == [1]
    assert replace(window, unread=()) == window


# --- cases from a review


@pytest.mark.parametrize(
    "blind",
    [
        {"status": Status.FAILURE, "log": LogState.MISSING},
        {"failures": (failure("disk full", "env"),), "status": Status.FAILURE},
        {"failures": (failure("syntax error", "compile"),), "status": Status.FAILURE},
        {"branch": "release-5.0"},
    ],
    ids=["no log", "machines", "compile error", "another branch"],
)
def test_runs_that_could_not_show_the_failure_do_not_count_as_silence(
    blind: dict[str, object],
) -> None:
    runs, issue = _quiet(0)
    later = [run(6 + n / 20, **blind) for n in range(40 * 20)]  # type: ignore[arg-type]
    assert words(plan([*runs, *later], 45, issue, memory=90))[CASE] == "quiet, in too few runs"


def test_an_issue_of_another_job_is_left_alone() -> None:
    runs, issue = _quiet(40)
    other = ours(7, marker(CASE, range(6), jobs=("another-job",)))
    assert words(plan(runs, 45, other, memory=90)) == {CASE: "another job's issue"}
    assert words(plan(TWICE, 9, other)) == {CASE: "another job's issue"}
    assert words(plan(runs, 45, issue, memory=90)) == {CASE: "close"}


def test_what_failed_since_the_window_is_known() -> None:
    runs, issue = _quiet(40)
    history = [*runs, run(46.1, CASE)]
    assert words(plan(history, 45, issue, memory=90)) == {CASE: "close"}
    later = plan(history, 45, issue, memory=90, until=46.2)
    assert words(later) == {CASE: "quiet, not for long enough"}
    assert "it failed again after the window" in of(later, CASE).why


def test_of_an_old_window_only_what_failed_since_is_filed() -> None:
    assert words(plan(TWICE, 9, until=15)) == {CASE: "over since"}
    assert words(plan([*TWICE, run(14.5, CASE)], 9, until=15)) == {CASE: "file"}
    assert words(plan(TWICE, 9, until=10.4)) == {CASE: "file"}


def test_an_incident_is_muted_by_the_key_of_its_issue() -> None:
    cases = [f"suite{n}.TestBroken" for n in range(12)]
    tracker = MemoryTracker()
    for decision in plan([run(3.5, *cases)], 3).acting:
        tracker.apply(decision, moment(4))
    (issue,) = tracker.issues.values()
    assert issue.marker is not None
    mute = Mute(issue.marker.key, "incident", moment(30), "known", moment(4))
    runs = [
        run(1.5, *cases),
        run(3.5, *cases),
        run(9.5, *cases),
    ]  # an earlier run became known: another key
    decisions = plan(runs, 9, issue, ledger=Ledger(mutes={issue.marker.key: mute}))
    assert decisions.acting == ()


def test_incidents_that_drift_are_compared_with_the_first() -> None:
    def tests(day: int) -> list[str]:
        return [f"suite.Test{n}" for n in range(day * 3, day * 3 + 12)]

    window = evidence([run(day + 0.5, *tests(day)) for day in range(8)], 8)
    assert len(window.incidents) > 1


def test_the_few_that_are_left_of_an_incident_are_not_filed_one_by_one() -> None:
    cases = [f"suite.Test{n}" for n in range(11)]
    alone = [run(9.1 + n / 100, case) for n in range(7) for case in (cases[n], cases[n])]
    actions = words(plan([*alone, run(9.5, *cases), run(9.6, *cases)], 9))
    assert {actions[case] for case in cases[7:]} == {"part of an incident"}


def test_names_that_stand_masked_in_a_marker_are_known() -> None:
    from ci_stat.issues.model import masked_name

    key = f"case:{CASE}"
    hidden = ours(7, marker(CASE, [8], key=masked_name(key), branches=(masked_name("db1.corp"),)))
    decisions = plan(
        [run(8.5, CASE, branch="db1.corp"), run(9.5, CASE, branch="db1.corp")], 9, hidden
    )
    assert words(decisions) == {CASE: "update"}


def test_half_a_surrogate_pair_in_a_name_is_written_out() -> None:
    (decision,) = plan([run(9.1, "Test\ud800X"), run(9.2, "Test\ud800X")], 9).all
    assert decision.name.encode() == b"Test\\ud800X"


def test_a_muted_or_locked_issue_is_not_even_brought_up_to_date() -> None:
    runs = [run(5.5, CASE), run(7.5, CASE), *green(9, 10)]
    known = marker(CASE, [5])
    mute = Mute(known.key, CASE, moment(30), "known", moment(1))
    assert words(plan(runs, 9, ours(7, known))) == {CASE: "update"}
    assert words(plan(runs, 9, ours(7, known), ledger=Ledger(mutes={known.key: mute}))) == {
        CASE: "muted"
    }
    assert words(plan(runs, 9, ours(7, known, locked=True))) == {CASE: "locked"}
    assert words(plan(runs, 9, ours(7, known, labels=("ci_stat/mute",)))) == {
        CASE: "switched off by label"
    }


def test_of_many_updates_those_that_waited_longest_come_first() -> None:
    issues = [ours(n, marker(f"suite.Test{n}", [9 - n])) for n in range(1, 8)]
    runs = [run(9.1 + n / 50, f"suite.Test{n}") for n in range(1, 8)]
    decisions = plan(runs, 9, *issues, rules=Rules(changes=2, back=DAY * 100))
    assert [decision.name for decision in decisions.acting] == ["suite.Test7", "suite.Test6"]


def test_of_several_closed_issues_the_last_one_closed_counts() -> None:
    title = f"unstable test `{CASE}`"
    decision = of(
        plan(TWICE, 9, theirs(8, title, -20), theirs(5, title, 8), theirs(6, title, -3)), CASE
    )
    assert (decision.action, decision.issue and decision.issue.issue.number) == (
        IssueAction.REOPEN,
        5,
    )


def test_a_run_that_started_at_the_close_is_not_after_it() -> None:
    assert words(plan(TWICE, 9, ours(7, marker(CASE, [8]), closed=9.6))) == {
        CASE: "run older than the fix"
    }


def test_a_title_that_was_cut_is_recognised() -> None:
    name = "suite.TestWithAVeryLongNameThatNoTitleCanHold" * 3
    cut = theirs(7, f"Case failure: {name[:100]}...")
    assert words(plan([run(9.2, name), run(9.6, name)], 9, cut)) == {name: "known and open"}

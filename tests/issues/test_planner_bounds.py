"""Decisions at the bounds of each rule, with the reasons in words."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from ci_stat.issues.collect import History
from ci_stat.issues.decisions.candidates import passes_gate
from ci_stat.issues.decisions.marker_updates import stamp
from ci_stat.issues.decisions.planner import decide
from ci_stat.issues.decisions.replay import MemoryTracker
from ci_stat.issues.decisions.rules import Change, Decision, Decisions, Rules
from ci_stat.issues.model import Marker, Reason, Snapshot, TrackedIssue, masked_name
from ci_stat.records import IssueAction, Ledger, LogState, Mute, Run, Status
from tests.support.issues import (
    JOB,
    ZONE,
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
KEY = f"case:{CASE}"
TITLE = f"unstable test `{CASE}`"
ENV = failure("disk full", "env")
SECOND = 1 / 86_400  # of a day
MANY = [f"together.Test{n:02}" for n in range(12)]
NOW = 10.3  # when the window of day 9 is planned
MASTER = marker(CASE, [8])


def runs(*days: float) -> list[Run]:
    return [run(day, CASE) for day in days]


TWICE = runs(9.2, 9.6)


def muted(key: str, until: float) -> Ledger:
    return Ledger(mutes={key: Mute(key, "it", moment(until), "known", moment(1))})


def numbers(decision: Decision) -> tuple[int, int]:
    """Numbers of the issue and of the closed one that it follows."""
    return (
        decision.issue.issue.number if decision.issue else 0,
        decision.before.issue.number if decision.before else 0,
    )


# --- the gate


@pytest.mark.parametrize(
    ("days", "word", "why"),
    [
        (
            [9.2],
            "below the gate",
            "failed once; an issue needs 2 failed runs, or failed runs in 2 windows",
        ),
        ([9.2, 9.6], "file", "failed in 2 runs of the window (the threshold is 2)"),
        ([7.5, 8.5, 9.5], "file", "failed in 3 windows of the last 7 days (the threshold is 2)"),
        ([3.0, 9.5], "file", "failed in 2 windows of the last 7 days (the threshold is 2)"),
        (
            [3 - SECOND, 9.5],
            "flaky but rare",
            "failed once, and once too long ago to count; "
            "an issue needs 2 failed runs, or failed runs in 2 windows",
        ),
        (
            [1.1, 1.2, 1.3, 9.5],
            "flaky but rare",
            "failed once, and 3 times too long ago to count; "
            "an issue needs 2 failed runs, or failed runs in 2 windows",
        ),
        ([9.0, 10 - SECOND], "file", "failed in 2 runs of the window (the threshold is 2)"),
    ],
)
def test_the_gate_says_what_it_counted(days: list[float], word: str, why: str) -> None:
    decision = of(plan(runs(*days), 9), CASE)
    assert ((decision.reason or decision.action).value, decision.why) == (word, why)
    assert (decision.runs, decision.last) == (sum(day >= 9 for day in days), moment(days[-1]))


@pytest.mark.parametrize(
    ("day", "windows"),
    [(8.0, 2), (9 - SECOND, 2), (9.0, 1), (8 - SECOND, 2), (7.0, 2), (10 - SECOND, 1)],
)
def test_a_window_begins_at_its_first_moment(day: float, windows: int) -> None:
    rules = Rules(failures=9)
    decision = of(plan(runs(day, 9.5), 9, rules=rules), CASE)
    assert (decision.action is IssueAction.FILE) == (windows == 2)


@pytest.mark.parametrize(
    ("day", "passed"), [(0.0, True), (10.5, True), (14.0, False), (-0.1, False)]
)
def test_a_window_that_is_longer_than_the_memory_counts_whole(day: float, passed: bool) -> None:
    history = History(runs(day), (JOB,), ZONE, 10, 0.25)
    evidence = history.evidence(moment(0), moment(14), moment(-30), until=moment(20))
    occurrences = evidence.histories[KEY].own
    assert passes_gate(occurrences, evidence, Rules(windows=1)) is passed
    assert passes_gate(occurrences, evidence, Rules(windows=2)) is False


def test_what_failed_by_itself_before_the_window_only_stays_part_of_its_incident() -> None:
    decisions = plan([*runs(6.5, 7.5), *green(0, 9), run(9.5, CASE, *MANY)], 9)
    assert words(decisions)[CASE] == "part of an incident"
    assert of(decisions, CASE).why == "it failed only in runs in which many tests failed together"


@pytest.mark.parametrize(("known", "incident"), [(15, True), (16, False)])
def test_five_are_an_incident_where_they_are_a_quarter_of_the_tests_that_failed(
    known: int, incident: bool
) -> None:
    old = [run(n / 4, f"old.Test{n}") for n in range(known)]
    assert bool(plan([*old, run(9.5, *MANY[:5])], 9).acting) is incident


# --- failures that are not of tests, and mutes


@pytest.mark.parametrize(
    ("failed", "reason", "why"),
    [
        ([ENV, CASE], Reason.MACHINES, "the infrastructure broke 1 run, so no test is to blame"),
        (
            [failure(CASE, guess=True)],
            Reason.GUESS,
            "no rule recognises this line of the log, so it may be harmless",
        ),
        (
            [failure(CASE, "compile", guess=True)],
            Reason.GUESS,
            "no rule recognises this line of the log, so it may be harmless",
        ),
        (
            [failure(CASE, "compile")],
            Reason.NO_TEST,
            "a failure of kind compile belongs to a run, not to a test",
        ),
    ],
)
def test_why_a_failure_is_nothing_for_an_issue(failed: list[Any], reason: Reason, why: str) -> None:
    decision = of(plan([run(9.5, *failed)], 9), CASE)
    assert (decision.action, decision.reason, decision.why, decision.mute) == (
        IssueAction.SKIP,
        reason,
        why,
        None,
    )
    assert (decision.runs, decision.last) == (1, moment(9.5))


def test_what_the_machines_do_after_a_failure_is_theirs_and_the_failure_the_tests() -> None:
    assert words(plan([run(9.2, CASE, ENV), run(9.6, CASE, ENV)], 9)) == {
        "disk full": "part of an outage",
        CASE: "file",
    }


def test_outages_and_incidents_together_are_not_evidence() -> None:
    decision = of(plan([run(9.2, ENV, CASE), *green(0, 9), run(9.5, CASE, *MANY)], 9), CASE)
    assert (decision.reason, decision.runs, decision.last) == (Reason.INCIDENT, 2, moment(9.5))


@pytest.mark.parametrize(
    ("until", "word"), [(NOW - SECOND, "file"), (NOW, "file"), (NOW + SECOND, "muted")]
)
def test_a_mute_ends_at_its_moment(until: float, word: str) -> None:
    ledger = muted(KEY, until)
    decision = of(plan(TWICE, 9, ledger=ledger), CASE)
    assert (decision.reason or decision.action).value == word
    assert decision.mute == (ledger.mutes[KEY] if word == "muted" else None)
    assert (decision.why == "muted until 2021-06-11: known") is (word == "muted")


@pytest.mark.parametrize(("until", "word"), [(NOW, "update"), (NOW + SECOND, "muted")])
def test_a_mute_of_an_issue_that_lacks_failures_ends_at_its_moment(until: float, word: str) -> None:
    history = [*runs(5.5, 7.5), *green(9, 10)]
    assert words(plan(history, 9, ours(7, marker(CASE, [5])), ledger=muted(KEY, until))) == {
        CASE: word
    }


@pytest.mark.parametrize("issue_too", [False, True])
def test_an_incident_is_muted_by_its_own_key_too(issue_too: bool) -> None:
    history = [*green(0, 9), run(9.5, *MANY)]
    (filed,) = plan(history, 9).acting
    assert filed.marker is not None
    known = structs.replace(filed.marker, key="incident:another")
    issues = [ours(7, known)] if issue_too else []
    assert plan(history, 9, *issues, ledger=muted(filed.key, 30)).acting == ()
    assert len(plan(history, 9, ledger=muted("incident:another", 30)).acting) == 1


# --- one answer for each


def test_failed_runs_without_failures_are_reported_by_the_state_of_their_logs() -> None:
    lost = [
        run(9 + n / 9, status=Status.FAILURE, log=log)
        for n, log in enumerate(["", "cut", LogState.CUT])
    ]
    decisions = plan(lost, 9).all
    assert [
        (decision.key, decision.kind, decision.name, decision.runs) for decision in decisions
    ] == [
        ("", "", "1 failed run: no failure in the log", 1),
        ("", "", "2 failed runs: cut", 2),
    ]
    assert {decision.why for decision in decisions} == {
        "the failures of these runs are unknown, so nothing can be filed"
    }


def test_an_issue_has_one_answer_though_two_failures_are_about_it() -> None:
    cases = [CASE, "suite.TestOther"]
    both = [
        ours(7, MASTER),
        ours(8, marker(cases[1], [8])),
        ours(9, marker("suite.TestQuiet", [9])),
    ]
    history = [run(day, *cases) for day in (8.5, 9.5)]
    decisions = plan(history, 9, *both)
    assert sorted(numbers(decision)[0] for decision in decisions.all) == [7, 8, 9]


def test_closed_and_linked_issues_have_no_entry_of_their_own() -> None:
    quiet = marker("suite.TestQuiet", [1])
    assert plan(green(0, 10), 9, ours(7, quiet, closed=5.0)).all == ()
    decisions = plan([*runs(9.2, 9.6)], 9, ours(7, marker(CASE, [-9]), closed=-5.0))
    assert [(decision.action, numbers(decision)) for decision in decisions.all] == [
        (IssueAction.FILE, (0, 7))
    ]


def test_incidents_come_first_and_then_what_fails_most() -> None:
    names = [f"suite.Test{n}" for n in range(4)]
    history = [
        run(9 + n / 50 + at / 1000, name)
        for at, name in enumerate(names)
        for n in range((at * 3) % 4 + 1)
    ]
    away = [theirs(n, f"unstable test `{name}`") for n, name in enumerate(names, 1)]
    decisions = plan([*green(0, 9), *history, run(9.9, *MANY)], 9, *away)
    assert [decision.name for decision in decisions.all if decision.name in names] == [
        names[1],
        names[2],
        names[3],
        names[0],
    ]
    assert decisions.all[0].kind == "incident"
    assert decisions.all[0].runs == 1


# --- what the tracker holds


@pytest.mark.parametrize(
    ("issue", "word", "why"),
    [
        (theirs(7, TITLE), "known and open", "#7 is open, by another author"),
        (
            ours(7, MASTER, labels=("ci_stat/mute",)),
            "switched off by label",
            "#7 has the label ci_stat/mute",
        ),
        (ours(7, MASTER, locked=True), "locked", "#7 is locked"),
        (
            ours(7, MASTER, closed=8.9, locked=True),
            "file",
            "failed in 2 runs of the window (the threshold is 2); #7 is locked",
        ),
        (
            ours(7, structs.replace(MASTER, jobs=("one", "two"))),
            "another job's issue",
            "#7 is open, and is about one, two",
        ),
        (ours(7, MASTER), "update", "#7 is open; it failed twice more"),
        (ours(7, marker(CASE, [9])), "update", "#7 is open; it failed once more"),
        (
            ours(7, MASTER, closed=9.6),
            "run older than the fix",
            "#7 was closed 2021-06-10, after these runs had started",
        ),
        (
            theirs(7, TITLE, 8.0, "not_planned"),
            "closed as not planned",
            "#7 was closed as not planned; the label ci_stat/refile allows a new issue",
        ),
        (ours(7, MASTER, closed=9.3), "reopen", "#7 was closed 2021-06-10, and 1 later run failed"),
        (theirs(7, TITLE, 8.0), "reopen", "#7 was closed 2021-06-09, and 2 later runs failed"),
        (
            ours(7, MASTER, closed=-0.9),
            "file",
            "failed in 2 runs of the window (the threshold is 2); "
            "#7 was closed too long ago to be reopened",
        ),
    ],
)
def test_why_it_is_so_at_the_tracker(issue: TrackedIssue, word: str, why: str) -> None:
    (decision,) = plan([*runs(8.5), *TWICE], 9, issue).all
    assert ((decision.reason or decision.action).value, decision.why) == (word, why)
    assert 7 in numbers(decision)


def test_ours_without_our_text_is_left_alone_while_open_and_opened_again_when_closed() -> None:
    ledger = Ledger(created={KEY: (7,)})
    taken, closed = (structs.replace(ours(7, MASTER, at), marker=None) for at in (None, 9.0))
    assert (
        of(plan(TWICE, 9, taken, ledger=ledger), CASE).why
        == "#7 is ours, but its text has been replaced"
    )
    decision = of(plan(TWICE, 9, closed, ledger=ledger), CASE)
    assert (decision.action, decision.marker, [change.what for change in decision.changes]) == (
        IssueAction.REOPEN,
        None,
        ["again"],
    )


@pytest.mark.parametrize(("closed", "word"), [(NOW - 10, "reopen"), (NOW - 10 - SECOND, "file")])
@pytest.mark.parametrize("mine", [True, False])
def test_an_issue_is_opened_again_for_ten_days(closed: float, word: str, mine: bool) -> None:
    issue = ours(7, marker(CASE, [-9]), closed) if mine else theirs(7, TITLE, closed)
    assert words(plan(TWICE, 9, issue)) == {CASE: word}


def test_a_closed_issue_without_a_close_date_counts_from_its_creation() -> None:
    assert words(plan(TWICE, 9, theirs(7, TITLE, 3, closed_at=None, created_at=moment(9.7)))) == {
        CASE: "run older than the fix"
    }
    assert words(plan(TWICE, 9, theirs(7, TITLE, 3, closed_at=None, created_at=moment(9.1)))) == {
        CASE: "reopen"
    }


def test_a_reopened_issue_announces_news_but_no_quiet_period() -> None:
    other = failure(CASE, message="quite another text")
    issue = ours(7, marker(CASE, [0]), closed=1.0)
    decision = of(plan([*runs(0.5), run(9.5, other)], 9, issue), CASE)
    assert [(change.what, change.said) for change in decision.changes] == [
        ("again", "2021-06-02"),
        ("message", "quite another text"),
    ]
    assert decision.marker is not None
    assert decision.marker.fingerprints == (*MASTER.fingerprints, other.fingerprint)
    assert decision.marker.days == {"2021-06-01": 1, "2021-06-10": 1}
    assert decision.stamp == stamp("reopen", "o/r", 7, moment(1).isoformat())


@pytest.mark.parametrize(
    ("commented", "ledger", "silent"),
    [
        (None, Ledger(), False),
        (moment(10.0), Ledger(), True),
        (moment(11) - timedelta(seconds=1), Ledger(), True),
        (moment(10) - timedelta(seconds=1), Ledger(), False),
        (None, Ledger(commented={7: moment(10.1)}), True),
        (None, Ledger(commented={7: moment(9.9)}), False),
        (None, Ledger(commented={8: moment(10.1)}), False),
        (moment(9.9), Ledger(commented={7: moment(10.1)}), True),
    ],
)
def test_people_get_one_comment_a_day(commented: Any, ledger: Ledger, silent: bool) -> None:
    other = [*runs(8.5), run(9.5, failure(CASE, message="quite another text"))]
    decision = of(plan(other, 9, ours(7, MASTER, commented=commented), ledger=ledger), CASE)
    assert decision.action is (IssueAction.UPDATE if silent else IssueAction.COMMENT)
    assert (decision.stamp == "") is (decision.changes == ()) is silent
    assert decision.marker is not None
    assert (len(decision.marker.fingerprints) == 1) is silent
    closed = of(
        plan(other, 9, ours(7, MASTER, closed=9.1, commented=commented), ledger=ledger), CASE
    )
    assert closed.action is IssueAction.REOPEN
    assert (closed.stamp == "") is silent


def test_a_comment_carries_the_marks_of_its_news_and_nothing_is_announced_twice() -> None:
    history = [*runs(8.5), run(9.5, failure(CASE, message="quite another text"), branch="dev")]
    decision = of(plan(history, 9, ours(7, MASTER)), CASE)
    assert decision.why == "#7 is open, with news: a new message, a new branch"
    assert [change.what for change in decision.changes] == ["message", "branch"]
    assert len(set(decision.marks)) == 2
    assert decision.stamp == stamp("comment", *sorted(decision.marks))
    half = of(
        plan(history, 9, structs.replace(ours(7, MASTER), announced=decision.marks[:1])), CASE
    )
    assert (half.action, half.marks) == (IssueAction.COMMENT, decision.marks[1:])
    assert [change.what for change in half.changes] == ["branch"]
    assert half.why == "#7 is open, with news: a new branch"
    whole = of(plan(history, 9, structs.replace(ours(7, MASTER), announced=decision.marks)), CASE)
    assert (whole.action, whole.marker) == (IssueAction.UPDATE, decision.marker)


@pytest.mark.parametrize(
    ("day", "action"), [(15.5 - SECOND, IssueAction.UPDATE), (15.5, IssueAction.COMMENT)]
)
def test_back_after_a_week_is_worth_a_comment(day: float, action: IssueAction) -> None:
    decision = of(plan(runs(8.5, day), 15, ours(7, MASTER)), CASE)
    assert decision.action is action
    assert decision.changes == ((Change("back", "7"),) if action is IssueAction.COMMENT else ())


# --- new ones


def test_a_creation_has_a_name_of_its_own_for_each_issue_it_follows() -> None:
    old = marker(CASE, [-9])
    trackers: tuple[list[TrackedIssue], ...] = ([], [ours(7, old, -5.0)], [ours(8, old, -5.0)])
    decisions = [of(plan(TWICE, 9, *issues), CASE) for issues in trackers]
    assert [decision.stamp for decision in decisions] == [
        stamp("create", "o/r", KEY, number) for number in (0, 7, 8)
    ]
    assert [decision.marker.create for decision in decisions if decision.marker] == [
        decision.stamp for decision in decisions
    ]
    assert [decision.marker.why for decision in decisions if decision.marker] == [
        decision.why for decision in decisions
    ]


def test_an_incident_is_filed_for_one_run() -> None:
    (decision,) = plan([*green(0, 9), run(9.5, *MANY)], 9).acting
    assert decision.why == "12 tests failed together in 1 run"
    assert (decision.runs, decision.last) == (1, moment(9.5))


def test_a_creation_that_is_not_settled_is_not_repeated_for_incidents_either() -> None:
    history = [*green(0, 9), run(9.5, *MANY)]
    (filed,) = plan(history, 9).acting
    decisions = plan(history, 9, ledger=Ledger(unsettled=frozenset({filed.key})))
    assert (decisions.acting, decisions.all[0].reason) == ((), Reason.UNSETTLED)


OUTAGE = run(11.5, ENV, CASE)


@pytest.mark.parametrize(
    ("more", "until", "word"),
    [
        ([], 12 - SECOND, "file"),
        ([], 12, "over since"),
        (runs(10.0), 12, "file"),
        (runs(11.9), 12, "file"),
        ([OUTAGE], 12, "over since"),  # the machines say nothing about it
        (runs(8.5), 12, "over since"),
    ],
)
def test_two_days_after_a_window_one_may_ask_whether_it_is_over(
    more: list[Run], until: float, word: str
) -> None:
    assert words(plan([*TWICE, *more], 9, until=until))[CASE] == word


@pytest.mark.parametrize(("later", "acts"), [([], False), ([run(11.5, *MANY)], True)])
def test_an_incident_is_over_when_its_tests_no_longer_fail_together(
    later: list[Run], acts: bool
) -> None:
    others = [f"others.Test{n:02}" for n in range(12)]
    history = [*green(0, 9), run(9.2, *MANY), run(10.5, *others), *later]
    decisions = plan(history, 9, until=12)
    assert bool(decisions.acting) is acts
    assert decisions.all[0].kind == "incident"
    assert (decisions.all[0].reason is Reason.OVER) is not acts


# --- issues of which nothing failed


def test_failures_of_earlier_windows_are_added_with_a_reason() -> None:
    decision = of(plan([*runs(5.5, 7.5), *green(9, 10)], 9, ours(7, marker(CASE, [5]))), CASE)
    assert (decision.action, decision.why, decision.runs) == (
        IssueAction.UPDATE,
        "#7 is missing failures of earlier windows",
        0,
    )
    assert decision.changes == ()


def test_an_issue_that_knows_all_its_failures_is_only_quiet() -> None:
    decision = of(plan([*runs(5.5, 7.5), *green(9, 10)], 9, ours(7, marker(CASE, [5, 7]))), CASE)
    assert (decision.reason, decision.runs) == (Reason.QUIET, 0)
    assert decision.silence is not None


def test_failures_of_outages_and_incidents_are_not_added_later() -> None:
    history = [*runs(5.5), run(6.5, ENV, CASE), run(7.5, CASE, *MANY), *green(0, 10)]
    decisions = plan(history, 9, ours(7, marker(CASE, [5])))
    assert [(decision.reason, numbers(decision)[0]) for decision in decisions.all] == [
        (Reason.QUIET, 7)
    ]


@pytest.mark.parametrize(
    ("issue", "failed", "why"),
    [
        ({}, [ENV, CASE], "#7: it failed in this window, but only in runs that do not count"),
        ({}, [CASE, *MANY], "#7: it failed in this window, but only in runs that do not count"),
        ({"locked": True}, [ENV, CASE], "#7 is locked"),
        ({"labels": ("ci_stat/mute",)}, [ENV, CASE], "#7 has the label ci_stat/mute"),
    ],
)
@pytest.mark.parametrize("day", [45.0, 45.5])
def test_an_issue_is_not_quiet_while_it_fails_in_runs_that_do_not_count(
    issue: dict[str, Any], failed: list[Any], why: str, day: float
) -> None:
    history = [*runs(*(n / 20 for n in range(120))), *green(6, 46, 20), run(day, *failed)]
    known = marker(CASE, range(6), a_day=20, first=moment(0), last=moment(5.95))
    (decision,) = (
        decision
        for decision in plan(history, 45, ours(7, known, **issue), memory=90).all
        if decision.issue
    )
    assert (decision.action, decision.why) == (IssueAction.SKIP, why)
    (before,) = (
        decision
        for decision in plan(history, 44, ours(7, known), memory=90, until=45).all
        if decision.issue
    )
    assert before.action is IssueAction.CLOSE


def test_a_failure_after_the_window_ends_the_silence() -> None:
    history = [*runs(5.5), *green(9, 10), *runs(10.0)]
    decision = of(plan(history, 9, ours(7, marker(CASE, [5])), until=10.1), CASE)
    assert (decision.reason, decision.why) == (Reason.QUIET, "#7: it failed again after the window")
    assert decision.silence is None


def _filed(history: Sequence[Run]) -> TrackedIssue:
    """The only issue after the first three days."""
    tracker = MemoryTracker()
    for day in range(3):
        for decision in plan(history, day, *tracker.issues.values()).acting:
            tracker.apply(decision, moment(day + 1.3))
    (issue,) = tracker.issues.values()
    return issue


@pytest.mark.parametrize("failed", [[CASE], MANY], ids=["case", "incident"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    ("day", "until", "word"),
    [
        (None, None, IssueAction.CLOSE),
        (130.1, None, IssueAction.UPDATE),  # on a day that nobody planned
        (161.1, 161.2, Reason.QUIET),  # since the window
    ],
)
def test_an_issue_is_not_closed_when_it_failed_on_a_day_that_was_not_planned(
    failed: list[str], masked: bool, day: float | None, until: float | None, word: str
) -> None:
    """For a test and for an incident, also if the names in its text are masked."""
    begin = [run(at, *failed) for at in (0.5, 0.7, 1.5, 1.7, 2.5)]
    issue = _filed([*begin, *green(0, 3, 20)])
    assert issue.marker is not None
    if masked:
        names = tuple(map(masked_name, issue.marker.members))
        hidden = structs.replace(issue.marker, key=masked_name(issue.marker.key), members=names)
        issue = structs.replace(issue, marker=hidden)
    later = [] if day is None else [run(day, *failed)]
    decisions = plan([*begin, *green(0, 161), *later], 160, issue, memory=200, until=until)
    assert [decision.reason or decision.action for decision in decisions.all if decision.issue] == [
        word
    ]


def _together(members: Sequence[str], **more: Any) -> Marker:
    """The marker of an incident of JOB with one run on day 6.

    Its key is that of a run before the evidence.
    """
    names = tuple(f"case:{name}" for name in members)
    return marker(
        CASE,
        [6],
        **({"key": "incident:abc", "kind": "incident", "members": names, "jobs": (JOB,)} | more),
    )


@pytest.mark.parametrize("failed", [[CASE], MANY], ids=["case", "incident"])
@pytest.mark.parametrize("day", [7.3, 9.3])
def test_a_mute_by_the_key_of_a_plan_applies_to_an_issue_with_another_key(
    failed: list[str], day: float
) -> None:
    """An incident's issue has the key of its first run; a name with a secret is masked."""
    history = [run(day, *failed), run(9.2)]
    known = (
        marker(CASE, [6], key=masked_name(f"case:{CASE}")) if failed == [CASE] else _together(MANY)
    )
    (key,) = (
        (incident.key for incident in evidence(history, 9).incidents)
        if failed == MANY
        else [f"case:{CASE}"]
    )
    decisions = plan(history, 9, ours(5, known), ledger=muted(key, 40)).all
    lines = [decision for decision in decisions if decision.reason is not Reason.INCIDENT]
    assert [(decision.reason, decision.issue is not None) for decision in lines] == [
        (Reason.MUTED, True)
    ]


@pytest.mark.parametrize("failed", [[CASE], MANY], ids=["case", "incident"])
def test_failures_of_another_job_are_not_added(failed: list[str]) -> None:
    known = marker(CASE, [6], jobs=(JOB,)) if failed == [CASE] else _together(MANY)
    history = [run(7.3, *failed, job="other"), run(9.2, job="other"), run(9.3)]
    for jobs in (("other",), (JOB, "other")):
        window = History(history, jobs, ZONE, 10, 0.25).evidence(moment(9), moment(10), moment(-21))
        held = Snapshot("o/r", moment(10), "ci-bot", (ours(5, known),))
        (decided,) = (
            decision
            for decision in decide(window, held, Ledger(), Rules(), moment(10.3)).all
            if decision.issue
        )
        assert (decided.action, decided.marker) == (IssueAction.SKIP, None)


def test_two_incidents_of_one_issue_are_one() -> None:
    """Both are similar to the issue, but not to each other: one comment announces both."""
    tests = [f"s.Test{n:02}" for n in range(24)]
    first, second = tests[:12], tests[12:]
    history = [run(9.1, *first), run(9.2, *first), run(9.5, *second)]
    decisions = plan(history, 9, ours(5, _together(tests[6:18])))
    (decided,) = (decision for decision in decisions.all if decision.issue)
    assert (decided.action, decided.runs) == (IssueAction.COMMENT, 3)
    assert decided.marker is not None
    assert decided.marker.days["2021-06-10"] == 3
    assert set(decided.marker.members) == {f"case:{ref}" for ref in tests}
    again = plan(history, 9, ours(5, decided.marker)).all
    assert [decision.reason for decision in again if decision.issue] == [Reason.UP_TO_DATE]


# --- what was done today


def _today(filed: Sequence[float], mine: bool = True, rules: Rules | None = None) -> list[str]:
    issues = [
        structs.replace(tracked, issue=structs.replace(tracked.issue, created_at=moment(day)))
        for n, day in enumerate(filed, 1)
        for tracked in [ours(n, marker(f"done.Test{n}", [9]))]
    ]
    if not mine:
        issues = [structs.replace(tracked, ours=False) for tracked in issues]
    decisions: Decisions = plan(
        [run(9 + n / 50, f"suite.Test{n // 2}") for n in range(8)], 9, *issues, rules=rules
    )
    return [decision.name for decision in decisions.acting if decision.action is IssueAction.FILE]


@pytest.mark.parametrize(
    ("filed", "mine", "left"),
    [
        ([], True, 3),
        ([10.0], True, 2),
        ([11 - SECOND], True, 2),
        ([10 - SECOND], True, 3),
        ([10.1, 10.1], True, 1),
        ([10.1] * 3, True, 0),
        ([10.1] * 4, True, 0),  # somebody lowered the limit since
        ([10.1] * 3, False, 3),  # people file as many as they like
    ],
)
def test_three_new_ones_are_for_the_whole_day(filed: list[float], mine: bool, left: int) -> None:
    assert len(_today(filed, mine)) == left


def test_new_ones_are_changes_too() -> None:
    assert len(_today([10.1], rules=Rules(changes=2))) == 1
    assert len(_today([9.9], rules=Rules(changes=2))) == 2


# --- tracker in memory, and marker


def test_the_marker_of_an_incident_grows_by_its_new_tests() -> None:
    tracker = MemoryTracker()
    history = [*green(0, 9), run(9.5, *MANY)]
    for decision in plan(history, 9).acting:
        tracker.apply(decision, moment(10))
    more = [*MANY, "together.TestMore"]
    (decision,) = plan([*history, run(10.5, *more)], 10, *tracker.issues.values()).acting
    assert (decision.action, decision.changes) == (
        IssueAction.COMMENT,
        (Change("members", "together.TestMore"),),
    )
    assert decision.why == "#1 is open, with news: new tests"
    assert isinstance(decision.marker, Marker)
    assert decision.marker.members[-1] == "case:together.TestMore"
    assert decision.runs == 1

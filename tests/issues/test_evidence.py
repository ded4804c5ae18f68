"""Evidence cut from a history: its runs and failures, their keys, and what they say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

import pytest
from msgspec import structs

from ci_stat.issues.collect import History, elsewhere
from ci_stat.issues.evidence import Elsewhere, Evidence, RunRef, issue_key, key_of_case
from ci_stat.records import CaseFailure, LogState, Run, Status
from tests.support.issues import DAY, JOB, ZONE, evidence, failure, moment, run

CASE = "suite.TestFlaky"
KEY = f"case:{CASE}"
ENV = failure("disk full", "env")


def days_of(refs: Sequence[RunRef]) -> list[float]:
    return [round((ref.started - moment(0)) / DAY, 6) for ref in refs]


def hit_days(window: Evidence, key: str = KEY) -> list[float]:
    return days_of([occurrence.run for occurrence in window.histories[key].occurrences])


# --- keys


@pytest.mark.parametrize(
    ("length", "whole"), [(299, True), (300, True), (301, False), (5_000, False)]
)
def test_a_key_of_more_than_300_characters_ends_with_a_hash_of_the_whole(
    length: int, whole: bool
) -> None:
    name = "s.Test".ljust(length - len("case:"), "x")
    key, _ = issue_key(failure(name))
    if whole:
        assert key == f"case:{name}"
    else:
        head, mark, end = key.rpartition("~")
        assert (head, mark, len(end)) == (f"case:{name}"[:283], "~", 16)
        assert key != issue_key(failure(f"{name[:-1]}y"))[0]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (CASE, KEY),
        (f"FAIL: a_test.go:7: {CASE}", KEY),
        (f"{CASE}/sub one", KEY),
        (KEY, KEY),
        ("case:suite.TestX/sub", "case:suite.TestX/sub"),
        ("incident:0123456789abcdef", "incident:0123456789abcdef"),
        ("race:v1:0123", "race:v1:0123"),
        ("race:executor", "case:race:executor"),  # a case of that name: no fingerprint stands in it
        ("other:v1:0123", "case:other:v1:0123"),
    ],
)
def test_the_key_of_what_a_person_types(typed: str, key: str) -> None:
    assert key_of_case(typed) == key


# --- which runs


def test_a_history_holds_the_finished_runs_from_its_first_moment_to_before_its_last() -> None:
    runs = [
        run(4.99),
        run(5.0),
        run(6.0, CASE),
        run(7.0, status=Status.ABORTED),
        run(7.5, time=None),
        run(7.6, status="UNSTABLE"),
        run(9.99),
        run(10.0),
    ]
    window = evidence(runs, 9, memory=4)
    assert days_of(window.runs) == [5, 6, 9.99]


def test_failures_count_from_the_first_moment_to_before_the_last() -> None:
    runs = [run(day, CASE) for day in (4.99, 5.0, 9.0, 10.0, 10.5, 11.0, 11.5)]
    assert hit_days(evidence(runs, 9, memory=4)) == [5, 9]
    later = evidence(runs, 9, memory=4, until=11)
    assert hit_days(later) == [5, 9, 10, 10.5]
    assert days_of(
        [occurrence.run for occurrence in later.in_window(later.histories[KEY].occurrences)]
    ) == [9]


@pytest.mark.parametrize(("until", "known"), [(None, 10), (9.5, 10), (10, 10), (12, 12)])
def test_nothing_is_forgotten_before_the_windows_end(until: float | None, known: float) -> None:
    window = evidence([run(9.2, CASE)], 9, until=until)
    assert window.until == moment(known)
    assert replace(window, later=moment(9.5)).until == moment(10)


def test_what_is_known_at_the_end_leaves_out_what_came_later() -> None:
    many, later = ([f"{suite}.Test{n}" for n in range(12)] for suite in ("a", "b"))
    runs = [
        run(9.2, *many),
        run(9.5, CASE),
        run(10.0, CASE),
        run(10.2, *many),
        run(10.4, *later),
        run(10.6),
    ]
    known = evidence(runs, 9, until=12)
    assert (len(known.incidents), hit_days(known), len(known.runs)) == (2, [9.5, 10], 6)
    cut = known.at_end
    assert cut.until == moment(10)
    assert hit_days(cut) == [9.5]
    assert days_of(cut.runs) == [9.2, 9.5]
    assert set(cut.histories) == {KEY, *(f"case:{name}" for name in many)}
    assert [
        days_of([occurrence.run for occurrence in incident.occurrences])
        for incident in cut.incidents
    ] == [[9.2]]
    assert cut.at_end is cut


@pytest.mark.parametrize(("first", "count"), [(9.1, 4), (9.2, 3), (9.11, 3), (9.4, 1), (9.9, 0)])
def test_runs_since_a_moment_begin_with_it(first: float, count: int) -> None:
    window = evidence([run(day) for day in (9.1, 9.2, 9.3, 9.4)], 9)
    assert window.runs_since(moment(first)) == count


def test_days_are_those_of_the_zone() -> None:
    window = evidence([], 9)
    assert [window.day(moment(9) + DAY / 24 * hours) for hours in (-1, 0, 23, 24)] == [
        "2021-06-09",
        "2021-06-10",
        "2021-06-10",
        "2021-06-11",
    ]


def test_a_run_without_branch_or_commit_has_none() -> None:
    (ref,) = evidence([structs.replace(run(9.5), branch=None, commit=None)], 9).runs
    assert (ref.branch, ref.commit) == ("", "")
    (ref,) = evidence([run(9.5, branch="b", commit="c")], 9).runs
    assert (ref.job, ref.branch, ref.commit, ref.succeeded) == (JOB, "b", "c", True)
    assert ref.started == moment(9.5)
    assert ref.started.tzinfo is UTC


def test_failed_runs_without_a_failure_are_counted_in_the_window_only() -> None:
    def lost(day: float, log: LogState) -> Run:
        return run(day, status=Status.FAILURE, log=log)

    runs = [
        lost(8.99, LogState.CUT),
        lost(9.0, LogState.MISSING),
        lost(9.5, LogState.MISSING),
        lost(9.6, LogState.CUT),
        lost(10.0, LogState.REFUSED),
        run(9.7, CASE, log=LogState.TOO_OLD),
        run(9.8),
    ]
    assert evidence(runs, 9, until=11).unread == ((LogState.CUT, 1), (LogState.MISSING, 2))


# --- what a run says


@pytest.mark.parametrize(
    ("failures", "shows"),
    [
        ([], True),  # it succeeded
        ([CASE], True),
        ([CASE, ENV], True),  # what stands first is the cause
        ([ENV, CASE], False),
        ([failure("syntax error", "compile")], False),
        ([failure("it broke", "case", guess=True)], False),
    ],
)
def test_a_run_shows_failures_if_its_tests_ran(
    failures: list[str | CaseFailure], shows: bool
) -> None:
    (ref,) = evidence([run(9.5, *failures)], 9).runs
    assert ref.shows is shows


def test_a_failed_run_without_known_failures_shows_nothing() -> None:
    (ref,) = evidence([run(9.5, status=Status.FAILURE)], 9).runs
    assert (ref.shows, ref.succeeded) == (False, False)


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["", "why"], "why"),
        (["one", "two"], "one"),
        (["one", ""], "one"),
        (["", ""], ""),
    ],
)
def test_of_test_and_subtest_the_first_with_a_message_counts(
    messages: list[str], said: str
) -> None:
    spellings = (CASE, f"{CASE}/sub")
    failures = [
        CaseFailure("case", name, text) for name, text in zip(spellings, messages, strict=True)
    ]
    (occurrence,) = evidence([run(9.5, *failures)], 9).histories[KEY].occurrences
    assert occurrence.failure == next(failure for failure in failures if failure.message == said)


def test_the_newest_failure_gives_kind_and_name() -> None:
    runs = [
        run(9.2, failure("FAIL: a_test.go:7: suite.TestX", file="a_test.go")),
        run(9.5, failure("suite.TestX/sub")),
    ]
    history = evidence(runs, 9).histories["case:suite.TestX"]
    assert (history.kind, history.name, history.newest.name) == (
        "case",
        "suite.TestX",
        "suite.TestX/sub",
    )


# --- elsewhere


def _other(day: float, *failed: str | CaseFailure, job: str = "other", **more: object) -> Run:
    return run(day, *failed, job=job, **more)  # type: ignore[arg-type]


def test_the_same_failure_in_other_jobs_is_counted_by_job_and_branch_most_runs_first() -> None:
    runs = [
        _other(1, CASE, job_id=1),
        _other(2, CASE, job_id=2, branch=None),
        _other(3, CASE, job_id=3, branch=None),
        _other(4, CASE, f"{CASE}/sub", job_id=4, job="third"),
        _other(5, CASE, job_id=5, job="third"),
        _other(6, CASE, job_id=6, job="third"),
    ]
    link = "https://ci.example.com/{}/{}".format
    assert elsewhere(runs, [JOB]) == {
        KEY: (
            Elsewhere("third", "master", 3, link("third", 6)),
            Elsewhere("other", "", 2, link("other", 3)),
            Elsewhere("other", "master", 1, link("other", 1)),
        )
    }


@pytest.mark.parametrize(
    "left_out",
    [
        run(1, CASE),
        _other(1, CASE, status=Status.SUCCESS),
        _other(1, CASE, status=Status.ABORTED),
        _other(1, ENV, CASE),
        _other(1),
    ],
    ids=["own job", "passed", "aborted", "machines", "nothing failed"],
)
def test_runs_that_say_nothing_about_other_jobs(left_out: Run) -> None:
    assert elsewhere([left_out], [JOB]) == {}


def test_other_jobs_are_listed_but_not_counted() -> None:
    seen = (Elsewhere("other", "dev", 3, "https://ci.example.com/other/1"),)
    history = History([run(9.2, CASE, "suite.TestAlone")], (JOB,), ZONE, 10, 0.25)
    window = history.evidence(
        moment(9), moment(10), moment(0), {KEY: seen, "case:suite.TestAway": seen}
    )
    assert {
        history.name: (history.elsewhere, len(history.occurrences))
        for history in window.histories.values()
    } == {
        CASE: (seen, 1),
        "suite.TestAlone": ((), 1),
    }

"""The history of a case: rate, days, since when, flaky commits, messages, durations."""

import pickle
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, event

from ci_stat.statistics.intervals import wilson
from ci_stat.test_results.cases.history import commits, retried
from ci_stat.test_results.cases.model import CaseHistory
from ci_stat.test_results.cases.service import EXCERPTS, Cases
from tests.support.drawn_results import BEGIN, DAY, case, draw

HOUR = timedelta(hours=1)


def history(engine: Engine, name: str = "a", **options: object) -> CaseHistory:
    cases = Cases(engine)
    found = cases.find(name)
    assert found is not None
    return cases.history(found, **options)  # type: ignore[arg-type]


def test_rate_and_days(any_results: Engine) -> None:
    draw(any_results, {"a": "P F S . P", "b": "P P P P P"}, step=DAY)
    found = history(any_results)
    assert (found.total.failed, found.total.runs, found.rate) == (1, 3, 1 / 3)
    assert found.interval == (wilson(1, 3).low, wilson(1, 3).high)
    assert [(day.date, day.failed, day.runs) for day in found.days] == [
        ("2026-11-01", 0, 1),
        ("2026-11-02", 1, 1),
        ("2026-11-03", 0, 0),
        ("2026-11-04", 0, 0),
        ("2026-11-05", 0, 1),
    ]
    assert len(found.runs) == 4


def test_days_are_those_of_the_zone(results: Engine) -> None:
    draw(results, {"a": "P"}, started=BEGIN.replace(hour=20))
    assert history(results).days[0].date == "2026-11-01"
    assert history(results, zone=ZoneInfo("Asia/Shanghai")).days[0].date == "2026-11-02"


def test_the_window_is_half_open_and_ends_with_the_newest_run(results: Engine) -> None:
    draw(results, {"a": "P F P F P . ."})
    assert len(history(results).runs) == 5
    assert len(history(results, since=3 * DAY).runs) == 1  # .. . P from day 4 after 10:00:01 on
    exact = history(results, since=2 * DAY, end=BEGIN + 3 * DAY)
    assert [run.run.info.number for run in exact.runs] == [2, 3]


@pytest.mark.parametrize(
    ("drawn", "runs", "since", "last_passed", "last_failed"),
    [
        ("P P F", 1, 3, 2, None),
        ("P F . S F", 2, 2, 1, None),
        ("F F", 2, 1, None, None),
        ("P F P", 0, None, 3, 2),
        ("F FP", 0, None, 2, 1),
        ("P P", 0, None, 2, None),
    ],
)
def test_how_it_stands_and_since_when(
    results: Engine,
    drawn: str,
    runs: int,
    since: int | None,
    last_passed: int | None,
    last_failed: int | None,
) -> None:
    draw(results, {"a": drawn, "b": " ".join("P" for _ in drawn.split())})
    (state,) = history(results).states
    numbers = [
        run and run.run.info.number for run in (state.since, state.last_passed, state.last_failed)
    ]
    assert (state.runs, *numbers) == (runs, since, last_passed, last_failed)


def test_branches_and_labels_stand_apart_and_pull_requests_do_not_count(results: Engine) -> None:
    draw(results, {"a": "P P"})
    draw(results, {"a": "P F"}, branch="release", first=3)
    draw(results, {"a": "F"}, first=9, labels={"db": "tidb"})
    draw(results, {"a": "F"}, first=20, pull=7)
    found = history(results)
    assert [(one.place.branch, one.place.labels, one.runs) for one in found.states] == [
        ("release", "", 1),
        ("main", "db=tidb", 1),
        ("main", "", 0),
    ]


def test_pull_requests_alone_are_one_place(results: Engine) -> None:
    draw(results, {"a": "P"}, pull=7, branch="one")
    draw(results, {"a": "F"}, pull=8, branch="two", first=2)
    (state,) = history(results).states
    assert (state.place.is_pull, state.runs) == (True, 1)


@pytest.mark.parametrize(
    ("drawn", "flaky", "on"),
    [("P F | P", 1, 2), ("P | F", 0, 2), ("FP", 1, 1), ("S F", 0, 1), ("S", 0, 0)],
)
def test_proven_flaky_is_what_passed_and_failed_on_one_commit(
    results: Engine, drawn: str, flaky: int, on: int
) -> None:
    draw(results, {"a": drawn})
    found = history(results)
    assert (len(found.flaky_commits), commits(found)) == (flaky, on)


def test_labels_on_one_commit_prove_nothing(results: Engine) -> None:
    draw(results, {"a": "P"}, labels={"db": "mysql"})
    draw(results, {"a": "F"}, labels={"db": "tidb"})
    assert history(results).flaky_commits == ()


def test_attempts_are_kept_and_counted_apart(any_results: Engine) -> None:
    draw(any_results, {"a": "FP FF P"})
    found = history(any_results)
    assert retried(found) == (2, 1)
    assert [len(run.attempts) for run in found.runs] == [2, 2, 1]
    assert (found.total.failed, found.total.runs) == (1, 3)


def test_messages_are_grouped_by_fingerprint(any_results: Engine) -> None:
    draw(any_results, {case("a", text="a.py:3\n\n  boom"): "F F P"})
    draw(any_results, {case("a", message="another one"): "E FP"}, first=7)
    found = history(any_results)
    assert [(group.message, group.runs) for group in found.messages] == sorted(
        [("got 2, want 18", 2), ("another one", 2)],
        key=lambda group: next(
            one.fingerprint for one in found.messages if one.message == group[0]
        ),
    )
    group = next(one for one in found.messages if one.message != "another one")
    assert group.excerpt == ("a.py:3", "  boom")
    assert [run.run.info.number for run in (group.first, group.last)] == [1, 2]
    assert {run.fingerprint for run in found.failed[:2]} == {group.fingerprint}


def test_durations_of_each_job_and_their_trend(results: Engine) -> None:
    steady = " ".join("P" * 10)
    draw(results, {"a": steady}, step=HOUR, seconds=1.0)
    draw(results, {"a": steady}, step=HOUR, first=11, seconds=1.5)
    draw(results, {"a": steady}, step=HOUR, job="other", seconds=1.0)
    slower, other = history(results).durations
    assert (slower.job, slower.runs, slower.p50, slower.p95) == ("unit", 20, 1.0, 1.5)
    assert slower.is_trend
    assert slower.change == pytest.approx(0.5)
    assert (other.change, other.is_trend) == (None, False)


def test_a_small_change_of_a_short_test_is_no_trend(results: Engine) -> None:
    steady = " ".join("P" * 10)
    draw(results, {"a": steady}, step=HOUR, seconds=0.010)
    draw(results, {"a": steady}, step=HOUR, first=11, seconds=0.030)  # three times, and 20 ms
    assert not history(results).durations[0].is_trend


def test_a_case_without_any_run_in_the_window(results: Engine) -> None:
    draw(results, {"a": "F"})
    found = history(results, end=BEGIN - DAY)
    assert (found.rate, found.days, found.states, found.messages) == (None, (), (), ())


def test_a_history_is_a_value(results: Engine) -> None:
    draw(results, {"a": "P F FP"})
    found = history(results)
    assert found.flaky_commits  # computed values are no part of the value
    again = pickle.loads(pickle.dumps(found))
    assert (again, again.total) == (found, found.total)
    assert again != history(results, since=DAY)
    assert repr(found) == "<CaseHistory C :: a: failed in 1 of 3 runs>"


def test_only_indexes_are_read(results: Engine) -> None:
    draw(results, {"a": "P F", "b": "P P"})
    statements: list[tuple[str, Any]] = []
    event.listen(
        results,
        "before_cursor_execute",
        lambda _c, _cursor, sql, values, _x, _y: statements.append((sql, values)),
    )
    history(results, "C.a")
    with results.connect() as connection:
        plans = [
            str(row[-1])
            for sql, values in list(statements)
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        ]
    scans = [plan for plan in plans if plan.startswith("SCAN")]
    # The newest run of the database: a row for each run, none for each result.
    assert [plan for plan in scans if "test_runs" not in plan] == []
    assert any("test_attempts USING" in plan and "(block=?" in plan for plan in plans)
    assert any("test_cases USING" in plan and "(name_key=?" in plan for plan in plans)


def test_many_messages_cost_no_query_each(results: Engine) -> None:
    texts = [f"fails {'x' * number}" for number in range(EXCERPTS + 20)]
    for number, message in enumerate(texts, 1):
        draw(results, {case("a", message=message): "F"}, first=number, step=HOUR)
    statements: list[str] = []
    event.listen(
        results, "before_cursor_execute", lambda _c, _cursor, sql, *_: statements.append(sql)
    )
    found = history(results)
    assert len(found.messages) == EXCERPTS + 20
    assert {group.message for group in found.messages} == set(texts)
    assert len(statements) <= EXCERPTS + 10

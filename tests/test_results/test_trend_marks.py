"""Lines of marks, and points without runs."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from ci_stat.test_results.trends.daily import DayCount, count_day
from ci_stat.test_results.trends.model import Period, trends_of
from ci_stat.test_results.trends.views.marks import drawn
from tests.test_results.flakiness.drawn import columns, draw


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ([], ""),
        ([None, None], "__"),
        ([5.0, 5.0], "▄▄"),
        ([0.0, 1.0], "▁█"),
        ([0.0, None, 0.5, 1.0], "▁_▅█"),
        ([0.999, 1.0], "▁█"),
    ],
)
def test_marks(values: list[float | None], marks: str) -> None:
    assert drawn(values) == marks


def a_day(day: int, runs: int = 1) -> DayCount:
    moment = date(2026, 11, day)
    return DayCount("", "unit", moment, runs, 7, 6, 1, 0, 0, 2.5 * runs, runs)


def test_days_without_runs_are_points_without_values() -> None:
    (trend,) = trends_of([a_day(3), a_day(6)], Period.DAY)
    assert [point.begin.day for point in trend.points] == [3, 4, 5, 6]
    empty = trend.points[1]
    assert (empty.runs, empty.pass_rate, empty.flaky_rate, empty.seconds_per_run) == (
        0,
        None,
        None,
        None,
    )


def test_weeks_begin_on_monday() -> None:
    (trend,) = trends_of([a_day(1), a_day(2), a_day(8, 3), a_day(16)], Period.WEEK)
    assert [str(point.begin) for point in trend.points] == [
        "2026-10-26",
        "2026-11-02",
        "2026-11-09",
        "2026-11-16",
    ]
    assert [point.runs for point in trend.points] == [1, 4, 0, 1]
    assert trend.points[1].seconds_per_run == 2.5


@pytest.mark.parametrize(
    ("outcomes", "flaky"),
    [("P F | P", 1), ("P | F", 0), ("FP | P", 1), ("FP F | P F", 2), ("F F | S", 0)],
)
def test_flaky_is_what_passed_and_failed_on_one_commit(outcomes: str, flaky: int) -> None:
    runs, ends = draw(outcomes)
    assert count_day("", "unit", date(2026, 11, 1), runs, ends).flaky == flaky


def test_a_day_is_the_sum_of_its_runs() -> None:
    runs, ends = draw("P F | S FP", "P . | P E")
    ends = replace(ends, seconds=np.array([1, 2, np.nan, 4, 5, 6, 7], np.float32))
    assert count_day("o/n", "unit", date(2026, 11, 1), runs, ends) == DayCount(
        *("o/n", "unit", date(2026, 11, 1)),
        runs=4,
        tests=2,
        passed=4,
        failed=2,
        skipped=1,
        flaky=3,
        seconds=25.0,
        timed_runs=3,
    )


def test_a_day_without_results() -> None:
    runs, ends = columns([], [])
    assert count_day("", "unit", date(2026, 11, 1), runs, ends).tests == 0

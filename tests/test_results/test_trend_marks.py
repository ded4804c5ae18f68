"""Lines of marks, and points without runs."""

from datetime import date

import numpy as np
import pytest

from ci_stat.store.results.daily import Group, GroupDay
from ci_stat.store.results.packed.day_columns import DayColumns
from ci_stat.test_results.trends.daily import DayCount, day_counts
from ci_stat.test_results.trends.model import Period, trends_of
from ci_stat.test_results.trends.views.marks import drawn


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
    return DayCount("", "unit", "main", moment, runs, 7, 6, 1, 0, 0, 2.5 * runs, runs)


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


def a_group(labels: str, cases: list[int], branch: str = "main") -> GroupDay:
    """Each test ran twice: passed and failed on one commit, in 1.5 s each time."""
    ones = np.ones(len(cases), np.int64)
    tests = DayColumns(
        case=np.array(cases, np.int64),
        runs=2 * ones,
        failed=ones,
        errors=0 * ones,
        skipped=0 * ones,
        flaky=ones,
        attempts=2 * ones,
        timed=2 * ones,
        duration=3_000_000 * ones,
        median=1_500_000 * ones,
        longest=1_500_000 * ones,
    )
    return GroupDay(date(2026, 11, 1), Group("unit", "o/n", branch, labels), 2, tests)


def test_labels_of_a_day_are_added_up_and_branches_are_not() -> None:
    days = [a_group("{}", [1, 2]), a_group('{"db": "x"}', [2, 3, 4]), a_group("{}", [1], "dev")]
    dev, main = sorted(day_counts(days), key=lambda count: count.branch)
    assert main == DayCount(
        *("o/n", "unit", "main", date(2026, 11, 1)),
        runs=4,
        tests=4,
        passed=5,
        failed=5,
        skipped=0,
        flaky=5,
        seconds=15.0,
        timed_runs=4,
    )
    assert (dev.branch, dev.runs, dev.tests) == ("dev", 2, 1)

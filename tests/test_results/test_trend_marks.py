"""Lines of marks, and points without runs."""

from datetime import date

import pytest

from ci_stat.test_results.trends.daily import DayCount
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

"""The time spans that are loaded for a window, and the days of a replay."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ci_stat.issues.windows import days_of, history_begin
from ci_stat.records import Window

DAY = timedelta(days=1)
NOON = datetime(2021, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first_failure", "days"),
    [(None, 30), (NOON - DAY, 30), (NOON - 40 * DAY, 40), (NOON - 999 * DAY, 366)],
)
def test_history_reaches_the_first_failure_but_no_more_than_a_year(
    first_failure: datetime | None, days: int
) -> None:
    window = Window.of(NOON, NOON + DAY, ZoneInfo("Asia/Shanghai"))
    assert history_begin(window, 30 * DAY, first_failure) == NOON - days * DAY


def test_a_day_of_a_replay_is_a_day_of_the_clock() -> None:
    """The last Sunday of October has 25 hours in Berlin."""
    zone = ZoneInfo("Europe/Berlin")
    window = Window.of(datetime(2021, 10, 30), datetime(2021, 11, 1), zone)
    days = list(days_of(window))
    assert [(end - begin) / timedelta(hours=1) for begin, end in days] == [24, 25]
    assert (days[0][0], days[-1][1]) == (
        datetime(2021, 10, 29, 22, tzinfo=UTC),
        datetime(2021, 10, 31, 23, tzinfo=UTC),
    )


def test_a_part_of_a_day_is_dropped_at_the_begin_but_one_day_is_kept() -> None:
    zone = ZoneInfo("UTC")
    part = Window.of(datetime(2021, 6, 1, 18), datetime(2021, 6, 3), zone)
    assert [begin.day for begin, _ in days_of(part)] == [2]
    hour = Window.of(datetime(2021, 6, 2, 23), datetime(2021, 6, 3), zone)
    assert list(days_of(hour)) == [
        (datetime(2021, 6, 2, tzinfo=UTC), datetime(2021, 6, 3, tzinfo=UTC))
    ]

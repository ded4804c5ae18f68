"""What the newest row says about `time_zone`."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ci_stat.runs.zone_doubt import zone_doubt

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def doubt(age: timedelta, zone: str = "UTC") -> str:
    newest = NOW.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - age
    return zone_doubt(newest, NOW, ZoneInfo(zone))


@pytest.mark.parametrize(
    "age",
    [
        timedelta(minutes=-4),
        timedelta(minutes=3),
        timedelta(minutes=59),
        timedelta(hours=2, minutes=30),
        timedelta(hours=15),
        timedelta(days=400),
    ],
    ids=str,
)
def test_a_usual_age_is_no_doubt(age: timedelta) -> None:
    assert doubt(age) == ""


def test_a_row_in_the_future() -> None:
    assert doubt(timedelta(hours=-7, minutes=-58)) == (
        "The newest row lies 7 h 58 min in the future. time_zone may be wrong: it is UTC, and the"
        " times look like those of a zone UTC+08:00."
    )
    assert "20 min in the future" in doubt(timedelta(minutes=-20))
    assert "zone UTC+01:00" in doubt(timedelta(minutes=-20))


def test_a_row_from_the_next_year_is_no_matter_of_zones() -> None:
    said = doubt(timedelta(days=-365, hours=-3))
    assert said.startswith("The newest row lies 365 days 3 h in the future. Is the clock")


@pytest.mark.parametrize(("hours", "offset"), [(8, "+00:00"), (1, "+07:00"), (14, "-06:00")])
def test_a_row_that_is_whole_hours_old(hours: int, offset: str) -> None:
    said = doubt(timedelta(hours=hours, minutes=7), "Asia/Shanghai")
    assert f"almost exactly {hours} hour" in said
    assert f"Asia/Shanghai, and the times look like those of a zone UTC{offset}." in said


def test_the_age_of_a_time_that_we_wrote_is_no_doubt() -> None:
    utc = ZoneInfo("UTC")
    ago = (NOW - timedelta(hours=8, minutes=7)).replace(tzinfo=None)
    ahead = (NOW + timedelta(hours=8)).replace(tzinfo=None)
    assert zone_doubt(ago, NOW, utc, is_ours=True) == ""
    assert "8 h 0 min in the future" in zone_doubt(ahead, NOW, utc, is_ours=True)


def test_the_offset_is_that_of_today() -> None:
    assert "UTC+03:00" in doubt(timedelta(hours=-2), "Europe/Berlin"), "winter"

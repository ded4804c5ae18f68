"""Midnight between two looks at the clock: one command has one present."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count

import pytest
from sqlalchemy import Engine

from ci_stat.cli.work import compare as compare_work
from ci_stat.cli.work import windows
from ci_stat.cli.work.tests import window as tests_window
from ci_stat.context import Context
from tests.support.command import Call

BEFORE = datetime(2026, 11, 10, 23, 59, 59, 900_000, tzinfo=UTC)
WINDOWS = [
    (("--begin", "today"), "2026-11-10T00:00:00", "2026-11-10T23:59:59"),
    (("--begin", "yesterday", "--end", "today"), "2026-11-09T00:00:00", "2026-11-10T00:00:00"),
]


class LateClock(datetime):
    """A clock that is a minute later at each look, and passes midnight after the first."""

    looks = count()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "LateClock":
        time = BEFORE + timedelta(minutes=next(cls.looks))
        return cls.fromtimestamp(time.timestamp(), tz)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LateClock, "looks", count())
    for module in (windows, tests_window, compare_work):
        monkeypatch.setattr(module, "datetime", LateClock)


@pytest.fixture
def database(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty CI database in force."""
    monkeypatch.setenv("CI_STAT_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "UTC")


@pytest.mark.parametrize(("options", "begin", "end"), WINDOWS)
@pytest.mark.usefixtures("clock", "database")
def test_both_ends_of_a_window_have_the_same_today(
    call: Call, options: tuple[str, ...], begin: str, end: str
) -> None:
    answer = call("summary", "--json", *options)
    assert answer.code == 0, answer.err
    source = json.loads(answer.out)["source"]
    assert (source["begin"][:19], source["end"][:19]) == (begin, end)


@pytest.mark.parametrize(("options", "begin", "end"), WINDOWS)
@pytest.mark.usefixtures("clock")
def test_so_have_windows_of_test_results(
    options: tuple[str, ...], begin: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_STAT_TIME_ZONE", "UTC")
    given = dict(zip(options[::2], options[1::2], strict=True))
    first, last = given.get("--begin"), given.get("--end")
    with Context() as context:
        asked = tests_window.asked_window(context, "30d", first, last, None, (), (), (), ())
    shown = (asked.begin.isoformat()[:19], asked.end.isoformat()[:19])
    assert shown == (begin, end)


@pytest.mark.usefixtures("clock", "database")
def test_so_has_the_window_to_compare_with(call: Call) -> None:
    answer = call("compare", "--begin", "today", "--with", "yesterday..today", "--json")
    assert answer.code == 12, "the table is empty"
    before = json.loads(answer.out)["before"]["source"]
    assert before["begin"] == "2026-11-09T00:00:00+00:00"
    assert before["end"] == "2026-11-10T00:00:00+00:00"


@pytest.mark.usefixtures("database")
def test_today_of_a_report_is_that_of_its_now(call: Call) -> None:
    options = ("--now", "2021-06-16T15:07", "--begin", "yesterday", "--end", "today", "--json")
    answer = call("report", "daily", *options)
    assert answer.code == 9, "the table is empty"
    window = json.loads(answer.out)["window"]
    assert window["begin"] == "2021-06-15T00:00:00+00:00"
    assert window["end"] == "2021-06-16T00:00:00+00:00"

"""The comparison of a window: equal from rows and from a Result, and stored only when final."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records import Origin, RunFilter, RunRow, Window
from ci_stat.reports.counted_windows import SETTLED, CountedWindows
from ci_stat.reports.failure_history import LOOK_BACK, FailureHistory, sightings_of
from ci_stat.reports.windows import DAILY, DAY, HOURLY, chosen_window, report_window, shifted
from ci_stat.result.counting import window_facts
from ci_stat.runs.database import Source
from ci_stat.store.ci_data.write import prepare, write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.failure_history import StoredSightings
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.window_counts import StoredCounts
from tests.conftest import SHANGHAI, day
from tests.support.command import Call
from tests.support.rows import BEGIN, row

NOW = datetime(2021, 6, 20, 12, tzinfo=SHANGHAI)
Fill = Callable[[Sequence[RunRow]], None]


@pytest.fixture
def state_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.sqlite'}"


@pytest.fixture
def counted(source: Source, state_url: str) -> CountedWindows:
    return counted_at(source, state_url)


def counted_at(source: Source, state_url: str, now: datetime = NOW) -> CountedWindows:
    engine = open_engine(state_url)
    prepare_state(engine)
    return CountedWindows(source, StoredCounts(engine, source.name), now)


@pytest.fixture
def history(source: Source, state_url: str) -> FailureHistory:
    engine = open_engine(state_url)
    prepare_state(engine)
    return FailureHistory(source, StoredSightings(engine, source.name), NOW)


_ROWS = st.lists(
    st.builds(
        lambda job, number, status, minute, took, pr: row(
            job, number, status, pr=pr, time=BEGIN + timedelta(minutes=minute), duration=took
        ),
        st.sampled_from(["unit", "Unit ", "lint"]),
        st.integers(1, 10**6),
        st.sampled_from(["SUCCESS", "FAILURE", "X"]),
        st.integers(0, 1439),
        st.none() | st.integers(0, 10**8),
        st.none() | st.integers(1, 3),
    ),
    max_size=12,
    unique_by=lambda run: (run.job, run.job_id),
)


@given(rows=_ROWS)
def test_the_database_and_a_result_give_the_same_facts(
    rows: list[RunRow], fill: Fill, source: Source
) -> None:
    fill(rows)
    asked, loaded = source.window_facts([day()])[0], window_facts(source.load(day()))
    assert asked.count == loaded.count
    assert {job: sorted(took) for job, took in asked.durations.items()} == {
        job: sorted(took) for job, took in loaded.durations.items()
    }
    assert asked.ended_after == loaded.ended_after


def rows_of(*hours: float) -> list[RunRow]:
    return [
        row("unit", number, time=BEGIN + timedelta(hours=hour))
        for number, hour in enumerate(hours, 1)
    ]


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many windows are counted from now on, call by call."""
    calls: list[int] = []
    original = Source.window_facts

    def noting(self: Source, windows: Sequence[RunFilter]) -> object:
        calls.append(len(windows))
        return original(self, windows)

    monkeypatch.setattr(Source, "window_facts", noting)
    return calls


def test_a_window_is_counted_once(
    fill: Fill, counted: CountedWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rows_of(1, 2, 30))
    calls = counting(monkeypatch)
    first, second = counted.counts([day()]), counted.counts([day()])
    assert (first, calls) == (second, [1, 0])
    assert first[0].count.tally.total == 2


def test_rows_that_came_later_are_counted(
    fill: Fill, counted: CountedWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rows_of(1, 2))
    counted.counts([day()])
    fill(rows_of(1, 2, 3))
    assert counted.counts([day()])[0].count.tally.total == 3


def test_a_window_that_may_get_more_rows_is_not_kept(
    fill: Fill, source: Source, state_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rows_of(1))
    soon = counted_at(source, state_url, day().window.end + SETTLED - timedelta(seconds=1))
    calls = counting(monkeypatch)
    soon.keep(day(), source.load(day()))
    soon.counts([day()])
    soon.counts([day()])
    assert calls == [1, 1]


def test_own_facts_serve_the_next_report(
    fill: Fill, counted: CountedWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(rows_of(1, 2, 3))
    counted.keep(day(), counted.source.load(day()))
    calls = counting(monkeypatch)
    assert counted.counts([day()])[0].count.tally.total == 3
    assert calls == [0]
    other = replace(day(), jobs=("lint",))
    assert counted.counts([other])[0].count.tally.total == 0


def test_the_days_of_a_chart(fill: Fill, counted: CountedWindows) -> None:
    fill(rows_of(1, 2, 25, 26, 27))
    window = shifted(day(), DAY)
    own = counted.source.load(window)
    for _ in range(2):
        days = counted.days(window, own.tally + own.special_tally, 3)
        assert [(day_count.label, day_count.tally.total) for day_count in days] == [
            ("2021-06-18", 0),
            ("2021-06-19", 2),
            ("2021-06-20", 3),
        ]


def test_broken_facts_are_counted_anew(fill: Fill, counted: CountedWindows, state_url: str) -> None:
    fill(rows_of(1))
    counted.counts([day()])
    with open_engine(state_url).begin() as connection:
        connection.exec_driver_sql("update window_facts set value = '{broken'")
    assert counted.counts([day()])[0].count.tally.total == 1


def test_without_our_own_state(fill: Fill, source: Source) -> None:
    fill(rows_of(1))
    counted = CountedWindows(source, None, NOW)
    history = FailureHistory(source, None, NOW)
    assert counted.counts([day()])[0].count.tally.total == 1
    assert history.first_seen(day(), source.load(day()).all_runs, BEGIN, 14) == ({}, None)


def test_an_import_makes_us_forget(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that replaces rows, which no number of rows betrays."""
    monkeypatch.setenv("CI_STAT_URL", f"sqlite:///{tmp_path / 'ci.sqlite'}")
    monkeypatch.setenv("CI_STAT_STATE_URL", f"sqlite:///{tmp_path / 'state.sqlite'}")
    file = tmp_path / "runs.jsonl"

    def bring(status: str) -> None:
        lines = [
            {
                "job_name": "unit",
                "job_id": n,
                "status": status,
                "time": f"2021-06-{n:02}T08:00:00+08:00",
            }
            for n in range(1, 21)
        ]
        file.write_text("\n".join(map(json.dumps, lines)))
        assert call("import", str(file)).code == 0

    def beside() -> dict[str, list[float]]:
        asked = ("report", "daily", "--begin", "2021-06-19", "--now", "2021-06-20T13:00", "--json")
        numbers = json.loads(call(*asked).out)["numbers"]
        return {number["name"]: number["others"] for number in numbers}

    bring("SUCCESS")
    assert (beside()["failures"], beside()["failures"]) == ([0, 0], [0, 0])
    bring("FAILURE")
    assert beside()["failures"] == [1, 1]


# What is new


def failing(*at: tuple[int, str]) -> list[RunRow]:
    return [
        row("unit", n, "FAILURE", time=BEGIN + timedelta(hours=hour), analysis_res={"case": [name]})
        for n, (hour, name) in enumerate(at, 1)
    ]


def test_sightings_are_the_first_and_the_last(fill: Fill, source: Source) -> None:
    fill(failing((1, "s.A"), (2, "s.B"), (3, "s.A")))
    sightings = sightings_of(source.load(day()).all_runs)
    spans = {
        key[1]: (sighting.first_seen.hour, sighting.last_seen.hour, sighting.number)
        for key, sighting in sightings.items()
    }
    assert spans == {"s.A": (1, 3, 1), "s.B": (2, 2, 2)}


def test_rows_that_came_late_are_found_at_the_next_look(
    fill: Fill, history: FailureHistory
) -> None:
    """A build of the previous hour runs for an hour; its row comes after that hour was read."""
    first = RunFilter(Window.of(BEGIN + timedelta(hours=10), BEGIN + timedelta(hours=11), SHANGHAI))
    second = shifted(first, timedelta(hours=1))
    fill(failing((9, "s.Old")))
    history.first_seen(first, history.source.load(first).all_runs, BEGIN, 14)
    late = row(
        "lint",
        7,
        "FAILURE",
        time=BEGIN + timedelta(hours=10, minutes=50),
        analysis_res={"case": ["s.Late"]},
    )
    fill([*failing((9, "s.Old")), late])
    assert timedelta(hours=2) < LOOK_BACK
    runs = [
        row(
            "unit",
            9,
            "FAILURE",
            time=BEGIN + timedelta(hours=11, minutes=5),
            analysis_res={"case": ["s.Late"]},
        )
    ]
    write_rows(history.source.engine, runs)
    seen, _ = history.first_seen(second, history.source.load(second).all_runs, BEGIN, 14)
    assert {key[1]: sighting.first_seen for key, sighting in seen.items()} == {
        "s.Late": BEGIN + timedelta(hours=10, minutes=50)
    }


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 1, 0, 3)])
def test_reports_in_any_order_agree_on_what_is_new(
    fill: Fill, history: FailureHistory, order: Sequence[int]
) -> None:
    fill(failing((1, "s.A"), (25, "s.B"), (26, "s.A"), (49, "s.B"), (73, "s.A")))
    firsts = {}
    for days in order:
        window = shifted(day(), DAY * days)
        seen, since = history.first_seen(window, history.source.load(window).all_runs, BEGIN, 14)
        firsts[days] = {
            key[1]: sighting.first_seen.day
            for key, sighting in seen.items()
            if sighting.first_seen < BEGIN + DAY * days
        }
        assert since == BEGIN
    assert {days: firsts[days] for days in sorted(firsts)} == {
        days: expected
        for days, expected in {0: {}, 1: {"s.A": 19}, 2: {"s.B": 20}, 3: {"s.A": 19}}.items()
        if days in firsts
    }


# Which window


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("kind", "now", "begin", "end"),
    [
        (HOURLY, "2021-06-19T15:07", "2021-06-19T14:00:00+02:00", "2021-06-19T15:00:00+02:00"),
        (HOURLY, "2021-06-19T00:00", "2021-06-18T23:00:00+02:00", "2021-06-19T00:00:00+02:00"),
        (DAILY, "2021-06-19T00:17", "2021-06-18T00:00:00+02:00", "2021-06-19T00:00:00+02:00"),
        (DAILY, "2021-03-29T08:17", "2021-03-28T00:00:00+01:00", "2021-03-29T00:00:00+02:00"),
        (DAILY, "2021-11-01T08:17", "2021-10-31T00:00:00+02:00", "2021-11-01T00:00:00+01:00"),
        (HOURLY, "2021-03-28T03:07", "2021-03-28T01:00:00+01:00", "2021-03-28T03:00:00+02:00"),
    ],
)
def test_the_last_whole_window(kind: str, now: str, begin: str, end: str) -> None:
    window = report_window(kind, datetime.fromisoformat(now).replace(tzinfo=BERLIN), BERLIN)
    assert (window.begin.isoformat(), window.end.isoformat()) == (begin, end)


def test_no_hour_of_the_night_when_clocks_go_back_is_refused() -> None:
    """The table cannot tell the two hours from 2 to 3 apart.

    A report covers both of them, together with the hours around them.
    """
    for minutes in range(0, 300, 15):
        now = datetime(2021, 10, 30, 23, tzinfo=UTC) + timedelta(minutes=minutes)
        window = report_window(HOURLY, now, BERLIN)
        begin, end = window.wall()
        assert begin < end <= begin + timedelta(hours=2)
        assert window.end <= now.astimezone(BERLIN)


def test_a_report_that_waits() -> None:
    now = datetime(2021, 6, 19, 15, 7, tzinfo=BERLIN)
    assert report_window(HOURLY, now, BERLIN, timedelta(minutes=60)).end.hour == 14
    assert report_window(HOURLY, now, BERLIN, timedelta(minutes=7)).end.hour == 15


@pytest.mark.parametrize(
    ("kind", "since", "end", "begin"),
    [
        (DAILY, timedelta(days=7), None, "2021-06-12 00:00"),
        (HOURLY, timedelta(hours=3), None, "2021-06-19 09:00"),
        (HOURLY, timedelta(minutes=90), "2021-06-18 08:30", "2021-06-18 07:00"),
        (DAILY, timedelta(days=2), "2021-06-18 08:30", "2021-06-16 08:30"),
    ],
)
def test_a_window_of_a_length(kind: str, since: timedelta, end: str | None, begin: str) -> None:
    now = datetime(2021, 6, 19, 12, 34, tzinfo=SHANGHAI)
    last = datetime.fromisoformat(end).replace(tzinfo=SHANGHAI) if end else None
    window = chosen_window(kind, now, SHANGHAI, end=last, since=since)
    assert f"{window.begin:%Y-%m-%d %H:%M}" == begin
    assert window.end - window.begin == since
    assert window.end == (last or report_window(kind, now, SHANGHAI).end)


def test_whole_days_are_days_of_the_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2021, 3, 30, 12, tzinfo=berlin)
    window = chosen_window(DAILY, now, berlin, since=timedelta(days=7))
    assert (str(window.begin)[:16], str(window.end)[:16]) == (
        "2021-03-23 00:00",
        "2021-03-30 00:00",
    )


def test_prepared_by_another(tmp_path: Path) -> None:
    """A source whose table is empty has facts too: none."""
    engine = open_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    prepare(engine)
    (facts,) = Source(engine, Origin(SHANGHAI)).window_facts([day()])
    assert (facts.count.tally.total, facts.durations, facts.ended_after) == (0, {}, [])

"""Runs of past days, kept in our state: they are not read again, and none is lost."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from ci_stat.errors import ConnectionLost
from ci_stat.questions import run_days as days_module
from ci_stat.questions.gather import Gatherer
from ci_stat.questions.pull_runs import count_places, pull_runs
from ci_stat.questions.run_days import settled_days
from ci_stat.records import Run, RunFilter, RunRow
from ci_stat.runs.database import Source
from ci_stat.store.ci_data import lookups, run_days
from ci_stat.store.ci_data.write import write_rows
from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.window_counts import StoredCounts
from tests.conftest import Fill
from tests.questions import scenes
from tests.support.rows import BEGIN

DAYS = 20
PULL = 7


@pytest.fixture
def counts(source: Source, tmp_path: Path) -> Iterator[StoredCounts]:
    if source.engine.dialect.name == "sqlite":
        pytest.skip("an embedded table has an index of pull requests")
    state = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    prepare_state(state)
    yield StoredCounts(state, source.name)
    state.dispose()


@pytest.fixture
def read_days(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The windows in which runs of a pull request were looked for, in days from the begin."""
    windows: list[tuple[int, int]] = []
    read = lookups.pull_runs

    def seen(connection: Connection, names: RunFilter, *arguments: Any) -> list[Run]:
        begin, end = names.window.wall()
        windows.append(((begin - BEGIN).days, (end - BEGIN).days))
        return read(connection, names, *arguments)

    monkeypatch.setattr(lookups, "pull_runs", seen)
    return windows


def history() -> list[RunRow]:
    """A run of another pull request each day, and runs of the wanted one on days 3 and 4."""
    others = [scenes.run(24 * at + 12, 1000 + at) for at in range(DAYS)]
    return [*others, scenes.run(80, PULL), scenes.run(100, PULL)]


def ask(source: Source, counts: StoredCounts | None, number: int = PULL) -> list[int]:
    gatherer = Gatherer(source, lambda: None, counts=lambda: counts)
    window = source.window(BEGIN, BEGIN + timedelta(days=DAYS))
    settled = settled_days(gatherer, window)
    runs = [run.job_id for run in pull_runs(gatherer, window, number, settled)]

    around = source.window(BEGIN + timedelta(hours=30), BEGIN + timedelta(days=DAYS, hours=-5))
    places = count_places(gatherer, around, ["unit"], settled)
    assert places == gatherer.count_places(around, ["unit"])
    return runs


def test_only_the_newest_days_are_searched(
    source: Source, fill: Fill, counts: StoredCounts, read_days: list[tuple[int, int]]
) -> None:
    fill(history())
    expected = ask(source, None)
    assert len(expected) == 2
    read_days.clear()
    for _ in range(2):
        assert ask(source, counts) == expected
    assert sorted(set(read_days)) == [(18, 20)], "the newest days"


def test_a_day_is_read_for_its_pull_requests_once(
    source: Source, fill: Fill, counts: StoredCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(history())
    assert len(ask(source, counts)) == 2

    def must_not(*_: object) -> None:
        raise AssertionError("no day has changed")

    monkeypatch.setattr(run_days, "runs_by_day", must_not)
    assert len(ask(source, counts)) == 2
    assert ask(source, counts, 1006) == [scenes.run(24 * 6 + 12, 1006).job_id]
    assert ask(source, counts, 4711) == []


def late(engine: Engine) -> None:
    assert write_rows(engine, [scenes.run(24 * 9, PULL)]) == []


def moved(engine: Engine) -> None:
    """A run moves to another day, as when its row is written again with another time."""
    with engine.begin() as connection:
        connection.execute(
            text("update ci_data set time = :time where job_id = :number"),
            {"time": BEGIN + timedelta(days=11), "number": scenes.run(80, PULL).job_id},
        )


def replaced(engine: Engine) -> None:
    """As many rows as before, but one of them is another one."""
    with engine.begin() as connection:
        number = scenes.run(24 * 6 + 12, 1006).job_id
        connection.execute(text("delete from ci_data where job_id = :n"), {"n": number})
    assert write_rows(engine, [scenes.run(24 * 6 + 13, PULL)]) == []


def deleted(engine: Engine) -> None:
    with engine.begin() as connection:
        number = scenes.run(100, PULL).job_id
        connection.execute(text("delete from ci_data where job_id = :n"), {"n": number})


@pytest.mark.parametrize("change", [late, moved, replaced, deleted])
def test_a_day_whose_rows_have_changed_is_read_again(
    source: Source, fill: Fill, counts: StoredCounts, change: Callable[[Engine], None]
) -> None:
    fill(history())
    before = ask(source, counts)
    change(source.engine)
    after = ask(source, counts)
    assert after == ask(source, None)
    assert after != before or change is moved


def test_rows_that_an_import_rewrites_are_forgotten(
    source: Source, fill: Fill, counts: StoredCounts
) -> None:
    """An import can give old rows another pull request: it deletes the counts of their days."""
    fill(history())
    assert len(ask(source, counts)) == 2
    other = scenes.run(24 * 6 + 12, 1006)
    with source.engine.begin() as connection:
        connection.execute(
            text("update ci_data set description = :d where job_id = :n"),
            {"d": '{"ghprbPullId": "7"}', "n": other.job_id},
        )
    assert isinstance(other.time, datetime)
    counts.forget(other.time, other.time)
    assert len(ask(source, counts)) == 3


def test_a_row_on_no_day_of_the_calendar_ends_the_use_of_days(
    source: Source,
    fill: Fill,
    counts: StoredCounts,
    monkeypatch: pytest.MonkeyPatch,
    read_days: list[tuple[int, int]],
) -> None:
    fill(history())
    monkeypatch.setattr(run_days, "day_checks", lambda *_: None)
    assert len(ask(source, counts)) == 2
    assert set(read_days) == {(0, DAYS)}


def test_without_our_state_the_window_is_read(
    source: Source, fill: Fill, counts: StoredCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(history())

    def lost(*_: object) -> None:
        raise ConnectionLost("The connection to the state is lost.")

    monkeypatch.setattr(counts, "get", lost)
    assert len(ask(source, counts)) == 2


def test_days_that_cannot_be_kept_are_answered_all_the_same(
    source: Source, fill: Fill, counts: StoredCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(history())

    def full(*_: object) -> None:
        raise ConnectionLost("The disk is full.")

    monkeypatch.setattr(counts, "put", full)
    assert len(ask(source, counts)) == 2


def test_a_damaged_entry_is_read_again(source: Source, fill: Fill, counts: StoredCounts) -> None:
    fill(history())
    assert len(ask(source, counts)) == 2
    days = [(BEGIN + timedelta(days=at)).date() for at in range(DAYS)]
    counts.put({days_module._count_key(day): b'{"check": 1}' for day in days})
    assert len(ask(source, counts)) == 2

"""Mutes: the last word on a failure holds, until its time is over."""

import importlib.util
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.records import Mute
from ci_stat.store import mutes as module
from ci_stat.store.engine import open_engine
from ci_stat.store.issues import Issues, kept_key
from ci_stat.store.mutes import Mutes
from ci_stat.store.state import State
from ci_stat.store.state_tables import write
from tests.store.test_issues import HOSTILE

NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TIDB = "https://api.github.com pingcap/tidb"


@dataclass
class World:
    engine: Engine
    now: datetime = NOON

    def mutes(self, tracker: str = TIDB) -> Mutes:
        return Mutes(self.engine, tracker, lambda: self.now)


@pytest.fixture
def world(url: str) -> World:
    """An empty state, without what takes time: PyMySQL's connecting, SQLite's wait for the disk."""
    made = open_engine(url.replace("pymysql", "mysqldb") if importlib.util.find_spec("MySQLdb") else url)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    State(made, "ci").prepare()
    return World(made)


def mute(key: str = "case:TestCargo", days: int = 7, why: str = "#7 will be fixed on Monday") -> Mute:
    return Mute(key, "TestCargo", NOON + days * DAY, why, NOON)


def test_a_mute_comes_back(world: World) -> None:
    mutes = world.mutes()
    assert mutes.all() == {}
    mutes.mute(mute())
    mutes.mute(mute("case:other", 2))
    assert world.mutes().all() == {"case:other": mute("case:other", 2), "case:TestCargo": mute()}
    assert list(mutes.all()) == ["case:other", "case:TestCargo"]


def test_the_last_word_holds(world: World) -> None:
    mutes = world.mutes()
    for each in (mute(), mute(days=9), mute(days=1, why="")):
        mutes.mute(each)
        mutes.mute(each)
        assert mutes.all() == {each.key: each}


def test_a_mute_ends(world: World) -> None:
    mutes = world.mutes()
    for days in (1, 2, 3):
        mutes.mute(mute(f"case:{days}", days))
    assert list(mutes.all(NOON)) == ["case:1", "case:2", "case:3"]
    assert list(mutes.all(NOON + DAY - timedelta(microseconds=1))) == ["case:1", "case:2", "case:3"]
    assert list(mutes.all(NOON + DAY)) == ["case:2", "case:3"]
    assert list(mutes.all(NOON + 3 * DAY)) == []
    assert len(mutes.all()) == 3


def test_taken_back(world: World) -> None:
    mutes = world.mutes()
    assert not mutes.unmute("case:TestCargo")
    mutes.mute(mute())
    assert not mutes.unmute("case:testcargo")
    assert mutes.unmute("case:TestCargo")
    assert not mutes.unmute("case:TestCargo")
    assert mutes.all() == {}


def test_what_is_over_need_not_be_taken_back(world: World) -> None:
    mutes = world.mutes()
    mutes.mute(mute())
    world.now += 7 * DAY
    assert not mutes.unmute("case:TestCargo")
    assert mutes.all() == {}


def test_repositories_stay_apart(world: World) -> None:
    mutes, other = world.mutes(), world.mutes("https://api.github.com pingcap/tikv")
    mutes.mute(mute())
    assert other.all() == {}
    assert not other.unmute("case:TestCargo")
    other.mute(mute(days=1))
    assert mutes.all() == world.mutes(TIDB.upper()).all() == {"case:TestCargo": mute()}


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        (datetime.max.replace(tzinfo=timezone(-DAY / 2)), datetime.max.replace(tzinfo=UTC)),
        (datetime.min.replace(tzinfo=timezone(DAY / 2)), datetime.min.replace(tzinfo=UTC)),
        (datetime(2021, 7, 1, tzinfo=timezone(DAY / 3)), datetime(2021, 6, 30, 16, tzinfo=UTC)),
    ],
)
def test_any_time_of_the_calendar(world: World, until: datetime, kept: datetime) -> None:
    mutes = world.mutes()
    mutes.mute(Mute("k", "n", until, "for good", NOON))
    assert [each.until for each in mutes.all().values()] == [kept]
    assert bool(mutes.all(NOON)) == (kept > NOON)


def test_hostile_texts_stay_apart(world: World) -> None:
    mutes = world.mutes()
    for number, name in enumerate(HOSTILE):
        mutes.mute(Mute(name, name, NOON + number * DAY, name, NOON))
    found = mutes.all()
    assert {key: each.until for key, each in found.items()} == {
        kept_key(name): NOON + number * DAY for number, name in enumerate(HOSTILE)
    }
    assert all(key == each.key for key, each in found.items())
    assert found["a "].why == "a "
    assert Issues(world.engine, TIDB, "", lambda: NOON).ledger(found, HOSTILE).mutes.keys() == set(HOSTILE)
    world.now -= DAY
    assert all(mutes.unmute(name) for name in HOSTILE)


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_breaks(world: World, monkeypatch: pytest.MonkeyPatch, done: bool) -> None:
    mutes = world.mutes()

    def breaking(*arguments: Any) -> int:
        if done:
            write(*arguments)
        monkeypatch.setattr(module, "write", write)
        raise ConnectionLost("broken")

    monkeypatch.setattr(module, "write", breaking)
    mutes.mute(mute())
    assert mutes.all() == {"case:TestCargo": mute()}
    monkeypatch.setattr(module, "write", breaking)
    assert mutes.unmute("case:TestCargo")
    assert mutes.all() == {}


def test_no_table(url: str) -> None:
    with pytest.raises(DatabaseError):
        World(open_engine(url)).mutes().mute(mute())

"""What people said of a failure: the last word holds, until its time is over."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.records import Accepted, Mute
from ci_stat.store.engine import open_engine
from ci_stat.store.state import case_notes as module
from ci_stat.store.state.case_notes import AcceptedCases, Mutes
from ci_stat.store.state.issue_call_row import kept_key
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.tables import accepted
from ci_stat.store.state.writing import write
from tests.store.state.test_issue_calls import HOSTILE

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
def world(empty_state: Engine) -> World:
    return World(empty_state)


def mute(
    key: str = "case:TestCargo", days: int = 7, why: str = "#7 will be fixed on Monday"
) -> Mute:
    return Mute(key, "TestCargo", NOON + days * DAY, why, NOON)


def test_a_mute_comes_back(world: World) -> None:
    mutes = world.mutes()
    assert mutes.all() == {}
    mutes.keep([mute()])
    mutes.keep([mute("case:other", 2)])
    assert world.mutes().all() == {"case:other": mute("case:other", 2), "case:TestCargo": mute()}
    assert list(mutes.all()) == ["case:other", "case:TestCargo"]


def test_the_last_word_holds(world: World) -> None:
    mutes = world.mutes()
    for note in (mute(), mute(days=9), mute(days=1, why="")):
        mutes.keep([note])
        mutes.keep([note])
        assert mutes.all() == {note.key: note}


def test_a_mute_ends(world: World) -> None:
    mutes = world.mutes()
    for days in (1, 2, 3):
        mutes.keep([mute(f"case:{days}", days)])
    assert list(mutes.all(NOON)) == ["case:1", "case:2", "case:3"]
    assert list(mutes.all(NOON + DAY - timedelta(microseconds=1))) == ["case:1", "case:2", "case:3"]
    assert list(mutes.all(NOON + DAY)) == ["case:2", "case:3"]
    assert list(mutes.all(NOON + 3 * DAY)) == []
    assert len(mutes.all()) == 3


def test_taken_back(world: World) -> None:
    mutes = world.mutes()
    assert not mutes.end(["case:TestCargo"])
    mutes.keep([mute()])
    assert not mutes.end(["case:testcargo"])
    assert mutes.end(["case:TestCargo"])
    assert not mutes.end(["case:TestCargo"])
    assert mutes.all() == {}


def test_what_is_over_need_not_be_taken_back(world: World) -> None:
    mutes = world.mutes()
    mutes.keep([mute()])
    world.now += 7 * DAY
    assert not mutes.end(["case:TestCargo"])
    assert mutes.all() == {}


def test_repositories_stay_apart(world: World) -> None:
    mutes, other = world.mutes(), world.mutes("https://api.github.com pingcap/tikv")
    mutes.keep([mute()])
    assert other.all() == {}
    assert not other.end(["case:TestCargo"])
    other.keep([mute(days=1)])
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
    mutes.keep([Mute("k", "n", until, "for good", NOON)])
    assert [note.until for note in mutes.all().values()] == [kept]
    assert bool(mutes.all(NOON)) == (kept > NOON)


def test_hostile_texts_stay_apart(world: World) -> None:
    mutes = world.mutes()
    for number, name in enumerate(HOSTILE):
        mutes.keep([Mute(name, name, NOON + number * DAY, name, NOON)])
    by_key = mutes.all()
    assert {key: note.until for key, note in by_key.items()} == {
        kept_key(name): NOON + number * DAY for number, name in enumerate(HOSTILE)
    }
    assert all(key == note.key for key, note in by_key.items())
    assert by_key["a "].why == "a "
    assert IssueCalls(world.engine, TIDB, "", lambda: NOON).ledger(
        by_key, HOSTILE
    ).mutes.keys() == set(HOSTILE)
    world.now -= DAY
    assert mutes.end(HOSTILE) == len(set(map(kept_key, HOSTILE)))


def test_what_is_accepted_is_not_muted_and_comes_in_any_number(world: World) -> None:
    accepted = AcceptedCases(world.engine, TIDB, lambda: world.now)
    world.mutes().keep([mute()])
    notes = [Accepted(f"case:{n}", f"{n}", NOON + DAY, "the backlog", NOON) for n in range(1201)]
    accepted.keep(notes)
    accepted.keep(notes[:3])
    accepted.keep([])
    assert accepted.all(NOON) == {note.key: note for note in notes}
    assert world.mutes().all() == {"case:TestCargo": mute()}
    assert accepted.end(["case:7", "case:none"]) == 1
    assert accepted.all(NOON).keys() == {note.key for note in notes} - {"case:7"}
    assert accepted.all(NOON + DAY) == {}
    assert accepted.end(note.key for note in notes) == 1200
    assert accepted.all() == {}


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_breaks(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    mutes = world.mutes()

    def breaking(*arguments: Any) -> int:
        if done:
            write(*arguments)
        monkeypatch.setattr(module, "write", write)
        raise ConnectionLost("broken")

    monkeypatch.setattr(module, "write", breaking)
    mutes.keep([mute()])
    assert mutes.all() == {"case:TestCargo": mute()}
    monkeypatch.setattr(module, "write", breaking)
    assert mutes.end(["case:TestCargo"])
    assert mutes.all() == {}


def test_a_state_of_before_has_nothing_accepted(url: str) -> None:
    """Who may only read it does without: then no more is filed than before."""
    world = World(open_engine(url))
    prepare_state(world.engine)
    accepted.drop(world.engine)
    notes = AcceptedCases(world.engine, TIDB, lambda: world.now)
    assert notes.all() == {}
    prepare_state(world.engine)
    notes.keep([Accepted("case:x", "x", NOON + DAY, "looked", NOON)])
    assert list(notes.all()) == ["case:x"]


def test_no_table(url: str) -> None:
    with pytest.raises(DatabaseError):
        World(open_engine(url)).mutes().keep([mute()])

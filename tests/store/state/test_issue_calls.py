"""Issue calls: only one process makes a call, and a killed process leaves a record of it."""

import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.records import Intent, IntentKind, IntentState, Ledger, Mute
from ci_stat.store.engine import open_engine
from ci_stat.store.state import compare_and_set
from ci_stat.store.state.issue_call_row import kept_key
from ci_stat.store.state.issue_calls import IssueCalls
from ci_stat.store.state.outbox import KEPT
from ci_stat.store.state.process_id import this_process
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.tables import metadata
from ci_stat.store.state.writing import write
from tests.support import strategies
from tests.support.drawn import FULL
from tests.support.forks import Forked, fork
from tests.support.hostile import ATTACKS
from tests.support.proxy import Proxy

INTENDED, DONE, FAILED, UNCERTAIN = IntentState
CREATE, COMMENT, EDIT = IntentKind
MINUTE = timedelta(minutes=1)
NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
TIDB = "https://api.github.com pingcap/tidb"
KEY = "case:executor.TestCargo"


@dataclass
class World:
    """Processes that share a ledger, and their clock."""

    engine: Engine
    now: datetime = NOON
    pids: Iterator[int] = field(default_factory=lambda: count(1))

    def process(self, tracker: str = TIDB) -> IssueCalls:
        return IssueCalls(self.engine, tracker, f"a:{next(self.pids)}:boot.7", lambda: self.now)

    def attempts(self) -> list[int]:
        with self.engine.connect() as connection:
            return list(
                connection.execute(
                    text("select attempt from outward_calls order by started")
                ).scalars()
            )


@pytest.fixture
def world(empty_state: Engine) -> World:
    return World(empty_state)


def call(id: str = "i1", kind: str = CREATE, key: str = KEY, **more: Any) -> Intent:
    return Intent(
        id,
        kind,
        {CREATE: "file", COMMENT: "comment"}.get(IntentKind(kind), "update"),
        key,
        "TestCargo",
        **more,
    )


def ids(intents: list[Intent]) -> list[str]:
    return [intent.id for intent in intents]


# One after the other


def of_keys(ledger: Ledger) -> Ledger:
    """Without when each issue was last changed: that has a test of its own."""
    return structs.replace(ledger, changed={})


def test_when_issues_were_last_changed(world: "World") -> None:
    one = world.process()
    for number, kind in enumerate(IntentKind, 1):
        assert one.intend(Intent(f"call {kind}", kind, "update", KEY, "name", number))
        one.settle(f"call {kind}", IntentState.DONE, number=number)
    one.intend(Intent("open", IntentKind.EDIT, "update", KEY, "name", 9))
    assert set(one.ledger().changed) == {1, 2, 3}


def test_from_intent_to_answer(world: World) -> None:
    one, other = world.process(), world.process()
    intent = call(why="failed 3 times in 2 days", owner="whoever", state=DONE)
    assert one.intend(intent)
    stored = msgspec.structs.replace(
        intent, state=INTENDED, owner="a:1:boot.7", started=NOON, changed=NOON
    )
    assert one.unsettled() == other.unsettled() == one.list(9) == [stored]
    assert of_keys(other.ledger()) == Ledger(unsettled=frozenset({KEY}))
    world.now += MINUTE
    assert one.settle("i1", DONE, number=7, code=201, reason="made")
    assert other.list(9) == [
        msgspec.structs.replace(
            stored, state=DONE, number=7, code=201, reason="made", changed=world.now
        )
    ]
    assert other.unsettled() == []
    assert of_keys(other.ledger()) == Ledger(created={KEY: (7,)})
    assert not one.intend(intent)
    assert not other.intend(intent)


def test_by_the_driver_that_is_always_there(mariadb_url: str) -> None:
    prepare_state(open_engine(mariadb_url))
    world = World(open_engine(mariadb_url))
    one, other = world.process(), world.process()
    assert one.intend(call())
    assert not other.intend(call())
    assert other.settle("i1", FAILED)
    assert other.intend(call())
    assert other.settle("i1", DONE, number=7)
    assert of_keys(one.ledger()) == Ledger(created={KEY: (7,)})


def test_what_may_be_on_its_way_is_settled_first(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.intend(call())
    assert not one.intend(call())
    assert not other.intend(call())
    assert one.settle("i1", UNCERTAIN, reason="no answer")
    for process in (one, other):
        assert not process.intend(call())
        assert [(intent.state, intent.reason) for intent in process.unsettled()] == [
            (UNCERTAIN, "no answer")
        ]
    assert other.settle("i1", FAILED, reason="it is not there")
    assert one.unsettled() == []
    assert of_keys(one.ledger()) == Ledger()
    world.now += MINUTE
    assert other.intend(call(why="again", number=3))
    (again,) = one.unsettled()
    assert (again.state, again.started, again.owner, again.why) == (
        INTENDED,
        world.now,
        "a:2:boot.7",
        "again",
    )
    assert (again.reason, again.code, again.number) == ("", None, 3)
    assert world.attempts() == [2]


def test_an_uncertain_call_that_is_found(world: World) -> None:
    one, other = world.process(), world.process()
    one.intend(call())
    one.settle("i1", UNCERTAIN)
    assert one.settle("i1", UNCERTAIN, reason="still")
    assert other.settle("i1", DONE, number=7)
    assert other.ledger().created == {KEY: (7,)}


@pytest.mark.parametrize("end", [DONE, FAILED])
def test_settled_is_settled(world: World, end: IntentState) -> None:
    one, other = world.process(), world.process()
    assert not one.settle("i1", DONE, number=1)
    one.intend(call())
    assert one.settle("i1", end, number=7)
    before = one.list(9)
    for process in (one, other):
        for state in (DONE, FAILED, UNCERTAIN):
            assert not process.settle("i1", state, number=9, reason="late")
    assert one.list(9) == before
    for nonsense in (INTENDED, "gone"):
        with pytest.raises(ValueError, match="not the outcome of a call"):
            one.settle("i1", nonsense)  # type: ignore[arg-type]


def test_the_answer_to_an_earlier_try_says_nothing_of_the_next(world: World) -> None:
    """Another process has taken over the call: our failure is not a reason for a third call."""
    slow, other, third = (world.process() for _ in range(3))
    slow.intend(call())
    other.settle("i1", FAILED, reason="it is not there")
    assert other.intend(call())
    for state in (FAILED, UNCERTAIN, FAILED):
        assert not slow.settle("i1", state)
    assert not third.intend(call())
    assert slow.settle("i1", DONE, number=7)  # that it was made is true of any try
    assert not other.settle("i1", FAILED)
    assert third.ledger().created == {KEY: (7,)}


def test_who_has_looked_may_settle_the_newest_try(world: World) -> None:
    slow, other = world.process(), world.process()
    slow.intend(call())
    other.settle("i1", FAILED)
    other.intend(call())
    assert ids(slow.unsettled()) == ["i1"]
    assert slow.settle("i1", FAILED)
    assert slow.intend(call())


def test_a_creation_without_a_number_is_looked_for(world: World) -> None:
    one = world.process()
    one.intend(call())
    assert one.settle("i1", DONE)
    assert [intent.state for intent in one.unsettled()] == [UNCERTAIN]
    one.settle("i1", DONE, number=7)
    one.intend(call("i2", EDIT, number=7))
    one.settle("i2", DONE)
    assert one.unsettled() == []


def test_what_a_dead_process_left(world: World) -> None:
    one = world.process()
    for number in (2, 1, 3):
        one.intend(call(f"i{number}"))
        world.now += MINUTE
    one.settle("i1", DONE, number=1)
    del one
    assert [(intent.id, intent.owner) for intent in world.process().unsettled()] == [
        ("i2", "a:1:boot.7"),
        ("i3", "a:1:boot.7"),
    ]


# What planning is told


def test_the_ledger(world: World) -> None:
    one = world.process()
    for id, number in (("i1", 30), ("i2", 4), ("i3", 200)):
        one.intend(call(id))
        one.settle(id, DONE, number=number)
    one.intend(call("i4", key="case:other"))
    one.intend(call("i5", key="case:third"))
    one.settle("i5", FAILED)
    one.intend(call("i6", key="case:fourth"))
    one.settle("i6", UNCERTAIN)
    for id, number, end in (
        ("c1", 4, DONE),
        ("c2", 4, DONE),
        ("c3", 5, FAILED),
        ("c4", 5, UNCERTAIN),
        ("c5", 30, DONE),
    ):
        world.now += MINUTE
        one.intend(call(id, COMMENT, number=number))
        world.now += MINUTE
        one.settle(id, end, comment=900)
    one.intend(call("e1", EDIT, number=77))
    one.settle("e1", DONE)
    mutes = {KEY: Mute(KEY, "TestCargo", NOON, "", NOON)}
    assert of_keys(world.process().ledger(mutes)) == Ledger(
        created={KEY: (4, 30, 200)},
        unsettled=frozenset({"case:other", "case:fourth"}),
        done=frozenset({"c1", "c2", "c5"}),
        commented={4: NOON + 3 * MINUTE, 30: NOON + 9 * MINUTE},
        mutes=mutes,
    )


def test_a_comment_was_made_when_its_call_began(world: World) -> None:
    """However late somebody found out, and whatever his clock said then."""
    one = world.process()
    one.intend(call("c1", COMMENT, number=7))
    world.now += 999 * MINUTE
    one.settle("c1", DONE, comment=2**40)
    world.now -= 1500 * MINUTE
    one.intend(call("c2", COMMENT, number=7))
    one.settle("c2", DONE)
    assert one.ledger().commented == {7: NOON}
    assert {intent.id: intent.comment for intent in one.list(9)} == {"c1": 2**40, "c2": 0}


def test_a_lost_state_is_learned_again(world: World) -> None:
    one, other = world.process(), world.process()
    one.adopt(KEY, "TestCargo", 7, "i1")
    before = one.list(9)
    for process in (one, other):
        process.adopt(KEY, "TestCargo", 7, "i1")
        process.adopt("case:x", "x", 8, "i1")
    assert (
        one.list(9)
        == before
        == [
            Intent(
                "i1",
                CREATE,
                "file",
                KEY,
                "TestCargo",
                7,
                DONE,
                NOON,
                NOON,
                "a:1:boot.7",
                reason="found at the tracker",
            )
        ]
    )
    assert not other.intend(call())
    assert of_keys(other.ledger()) == Ledger(created={KEY: (7,)})
    one.adopt(KEY, "TestCargo", 5, "")
    one.adopt(KEY, "TestCargo", 6, "")
    assert of_keys(other.ledger()) == Ledger(created={KEY: (5, 6, 7)})


@pytest.mark.parametrize("state", [INTENDED, FAILED, UNCERTAIN])
def test_an_issue_that_is_found_was_created(world: World, state: IntentState) -> None:
    one, other = world.process(), world.process()
    one.intend(call(why="often"))
    if state is not INTENDED:
        one.settle("i1", state)
    world.now += MINUTE
    other.adopt(KEY, "TestCargo", 7, "i1")
    (intent,) = other.list(9)
    assert (intent.state, intent.number, intent.started, intent.changed) == (
        DONE,
        7,
        NOON,
        world.now,
    )
    assert (intent.owner, intent.why) == ("a:1:boot.7", "often")
    assert not one.settle("i1", FAILED)
    assert not one.intend(call())


def test_no_text_of_an_issue_settles_a_comment(world: World) -> None:
    one = world.process()
    one.intend(call("c1", COMMENT, number=3))
    one.adopt(KEY, "TestCargo", 7, "c1")
    assert [(intent.state, intent.number) for intent in one.unsettled()] == [(INTENDED, 3)]


def test_history(world: World) -> None:
    one = world.process()
    for number in range(4):
        one.intend(call(f"i{number}", key=f"case:{number % 2}"))
        world.now += MINUTE
    one.settle("i1", FAILED)
    assert ids(one.list(9)) == ["i1", "i3", "i2", "i0"]
    assert ids(one.list(2)) == ["i1", "i3"]
    assert one.list(0) == []
    assert ids(one.list(9, "case:0")) == ["i2", "i0"]
    assert ids(one.list(1, "case:1")) == ["i1"]
    assert one.list(9, "case:2") == one.list(9, "Case:0") == []
    assert ids(one.list(9, since=NOON + 3 * MINUTE)) == ["i1", "i3"]
    assert ids(one.list(9, "case:0", NOON + 2 * MINUTE)) == ["i2"]
    assert ids(one.list(9, since=datetime.max.replace(tzinfo=UTC))) == []


def test_repositories_stay_apart(world: World) -> None:
    one, same = world.process(), world.process("https://api.github.com PingCAP/TiDB")
    others = [
        world.process(f"https://{rest}")
        for rest in ("api.github.com pingcap/tikv", "ghe.example pingcap/tidb")
    ]
    assert one.intend(call())
    assert not same.intend(call())
    for other in others:
        assert other.unsettled() == other.list(9) == []
        assert not other.settle("i1", DONE, number=1)
        assert of_keys(other.ledger()) == Ledger()
        assert other.intend(call())
        other.settle("i1", FAILED)
    assert ids(same.unsettled()) == ["i1"]


def test_a_state_that_a_later_version_wrote_may_be_on_its_way(world: World) -> None:
    one = world.process()
    one.intend(call())
    with world.engine.begin() as connection:
        connection.execute(text("update outward_calls set state = 'queued'"))
    assert [intent.state for intent in one.unsettled()] == [UNCERTAIN]
    assert one.ledger().unsettled == {KEY}
    assert not world.process().intend(call())
    assert one.settle("i1", FAILED)


def test_what_is_forgotten(world: World) -> None:
    """Old comments and changes; never which issues are ours, nor what has no answer."""
    one = world.process()
    for number, kind in enumerate((CREATE, COMMENT, EDIT), 1):
        for end in (DONE, FAILED, UNCERTAIN):
            one.intend(call(f"{kind} {end}", kind, number=number))
            one.settle(f"{kind} {end}", end, number=number)
    world.now += KEPT
    assert one.prune() == 0
    world.now += MINUTE
    assert one.prune() == 4
    left = {f"{kind} {UNCERTAIN}" for kind in IntentKind} | {
        f"{CREATE} {DONE}",
        f"{CREATE} {FAILED}",
    }
    assert set(ids(one.list(99))) == left
    assert one.ledger().created == {KEY: (1,)}


# Hostile texts


HOSTILE = [
    *ATTACKS,
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a\0",
    "\0",
    "ä",
    "a\u0308",
    "ß",
    "ss",
    "\ud800",
    "\\ud800",
    "\ud800\udc00",
    "\U00010000",
    "\\",
    "\\'",
    "%s %(x)s {0}",
    "'; DROP TABLE outward_calls; --",
    "%",
    "_",
    "sha:",
    "🙂" * 1999 + "a",
    "🙂" * 1999 + "b",
    "🙂" * 2000 + "a",
    "🙂" * 2000 + "b",
    "x" * 2000,
    "x" * 100_000,
]


def test_hostile_keys_and_ids_stay_apart(world: World) -> None:
    one = world.process()
    for number, name in enumerate(HOSTILE, 1):
        assert one.intend(Intent(name, CREATE, "file", name, name, why=name))
        assert one.settle(name, DONE, number=number, reason=name)
        assert one.intend(Intent(f"c{name}", COMMENT, name, name, name, number=number))
        assert one.settle(f"c{name}", DONE)
    ledger = world.process().ledger(keys=HOSTILE)
    assert ledger.created == {name: (number,) for number, name in enumerate(HOSTILE, 1)}
    assert ledger.done == {kept_key(f"c{name}") for name in HOSTILE}
    for name in HOSTILE:
        assert len(one.list(9, name)) == 2
        assert not one.intend(Intent(name, CREATE, "file", name, name))


@pytest.mark.parametrize("attack", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_read_can_be_settled(world: World, attack: str) -> None:
    """Long or invalid texts are replaced by a hash, which is equivalent to them."""
    strange = IssueCalls(world.engine, attack, attack, lambda: world.now)
    strange.intend(Intent(attack, attack, attack, attack, attack, why=attack))
    (intent,) = strange.unsettled()
    assert len(intent.key) <= 2000
    assert strange.settle(
        intent.id, UNCERTAIN, number=2**70, comment=2**70, code=2**70, reason=attack
    )
    (intent,) = strange.list(9, intent.key)
    assert (intent.number, intent.comment, intent.code) == (0, 0, None)
    assert strange.settle(intent.id, FAILED)
    assert strange.intend(intent)
    if attack.isascii() and len(attack) < 32:
        assert (
            intent.id,
            intent.key,
            intent.name,
            intent.reason,
            intent.why,
            intent.kind,
            intent.owner,
        ) == (attack,) * 7


def test_long_texts_are_cut_for_people(world: World) -> None:
    one = world.process()
    long = "é" * 2001
    one.adopt(long, long, 7, "i1")
    (intent,) = one.list(9, long)
    assert intent.name == "é" * 1999 + "…"
    assert intent.key == kept_key(long)
    assert intent.key.startswith("sha:")
    assert one.ledger().created == {intent.key: (7,)}
    mute = Mute(intent.key, "x", NOON, "", NOON)
    ledger = one.ledger({intent.key: mute}, keys=[long, KEY])
    assert (ledger.created, ledger.mutes) == ({long: (7,)}, {long: mute})


@given(st.text(max_size=30) | strategies.texts)
def test_what_was_kept_is_kept_as_itself(key: str) -> None:
    assert kept_key(kept_key(key)) == kept_key(key)
    assert kept_key(key) == key or max(key) >= "\ud800"


# Any history


_trackers = count()
_steps = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["intend", "intend", DONE, FAILED, UNCERTAIN, "look", "adopt"]),
    ),
    max_size=14,
)


@dataclass
class Story:
    """Two processes and one id, and the rules once more as plainly as they can be said.

    `change`: of the row, the how manieth; `seen`: the last one that each of them knows of.
    """

    processes: list[IssueCalls]
    state: str = ""
    change: int = 0
    seen: list[int | None] = field(default_factory=lambda: [None, None])
    on_their_way: int = 0

    def to(self, who: int, state: str) -> None:
        self.state, self.change = state, self.change + 1
        self.seen[who] = self.change

    def step(self, who: int, what: str) -> None:
        one = self.processes[who]
        if what == "intend":
            granted = one.intend(call())
            assert granted == (self.state in ("", FAILED))
            self.seen[who] = self.change
            if granted:
                self.on_their_way += 1
                self.to(who, INTENDED)
        elif what == "look":
            assert [intent.state for intent in one.unsettled()] == [self.state] * self.is_open()
            self.seen[who] = self.change if self.is_open() else self.seen[who]
        elif what == "adopt":
            one.adopt(KEY, "TestCargo", 7, "i1")
            if self.state != DONE:
                self.to(who, DONE)
        else:
            self.settle(who, IntentState(what), one.settle("i1", IntentState(what), number=7))

    def settle(self, who: int, state: IntentState, noted: bool) -> None:
        stale = state is not DONE and self.seen[who] not in (None, self.change)
        assert noted == (self.is_open() and not stale)
        if noted:
            self.to(who, state)

    def is_open(self) -> bool:
        return self.state in (INTENDED, UNCERTAIN)

    def check(self, was: str) -> None:
        if not self.is_open():
            self.on_their_way = 0
        assert self.on_their_way <= 1
        assert was != DONE or self.state == DONE
        ledger = self.processes[0].ledger()
        assert ledger.created == ({KEY: (7,)} if self.state == DONE else {})
        assert ledger.unsettled == ({KEY} if self.is_open() else set())


@given(_steps)
def test_no_history_has_two_calls_on_their_way_or_loses_one(
    world: World, steps: list[tuple[int, str]]
) -> None:
    tracker = f"{TIDB} {next(_trackers)}"
    story = Story([world.process(tracker), world.process(tracker)])
    for who, what in steps:
        was = story.state
        story.step(who, what)
        story.check(was)


# Answers that get lost


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_breaks_while_a_step_is_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Whether the server had done it before or not, the step is done once."""

    def breaking(*arguments: Any) -> int:
        if done:
            write(*arguments)
        monkeypatch.setattr(compare_and_set, "write", write)
        raise ConnectionLost("broken")

    def then_breaks() -> None:
        monkeypatch.setattr(compare_and_set, "write", breaking)

    one = world.process()
    for state in (FAILED, UNCERTAIN):
        then_breaks()
        assert one.intend(call())
        assert not world.process().intend(call())
        then_breaks()
        assert one.settle("i1", state)
    then_breaks()
    assert one.settle("i1", DONE, number=7)
    then_breaks()
    one.adopt(KEY, "TestCargo", 8, "i2")
    assert world.attempts() == [2, 1] or world.attempts() == [1, 2]
    assert one.ledger().created == {KEY: (7, 8)}


def test_somebody_else_was_quicker_while_the_connection_broke(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = world.process(), world.process()

    def breaking(*arguments: Any) -> int:
        monkeypatch.setattr(compare_and_set, "write", write)
        assert other.intend(call())
        raise ConnectionLost("broken")

    monkeypatch.setattr(compare_and_set, "write", breaking)
    assert not one.intend(call())


def test_a_database_that_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be called then; what had been noted all the same is looked for."""
    one = world.process()

    def breaking(*arguments: Any) -> int:
        write(*arguments)
        raise ConnectionLost("broken")

    with monkeypatch.context() as patch:
        patch.setattr(compare_and_set, "write", breaking)
        with pytest.raises(ConnectionLost):
            one.intend(call())
    assert ids(one.unsettled()) == ["i1"]
    assert not one.intend(call())
    with monkeypatch.context() as patch:
        patch.setattr(compare_and_set, "write", breaking)
        with pytest.raises(ConnectionLost):
            one.settle("i1", UNCERTAIN)
    assert [intent.state for intent in one.unsettled()] == [UNCERTAIN]
    assert one.settle("i1", FAILED)


def test_others_all_the_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_and_set, "write", lambda *_: 0)
    with pytest.raises(DatabaseError, match="keep changing a row of our state"):
        world.process().intend(call())


def test_the_server_hangs_up_at_any_byte(mariadb_url: str) -> None:
    """Who is told that the call is his finds it noted; who is not told so makes none."""
    prepare_state(open_engine(mariadb_url))
    world, address = World(open_engine(mariadb_url)), make_url(mariadb_url)
    told = []
    for cut in (*range(0, 200, 20), *range(200, 400, 5 if FULL else 10)):
        proxy = Proxy(address.port or 3306, cuts=(None, cut))
        proxy.start()
        near = open_engine(address.set(host="127.0.0.1", port=proxy.port))
        try:
            told.append(replace(world, engine=near).process().intend(call(f"i{cut}")))
        except DatabaseError:
            told.append(False)
        finally:
            proxy.stop()
        noted = f"i{cut}" in ids(world.process().unsettled())
        assert noted or not told[-1]
    assert set(told) == {True, False}


# Several at once


_PROCESS = """
    import sys
    from datetime import UTC, datetime
    from ci_stat.records import Intent, IntentState
    from ci_stat.store.engine import open_engine
    from ci_stat.store.state.issue_calls import IssueCalls
    from ci_stat.store.state.process_id import this_process

    tracker = "https://api.github.com pingcap/tidb"
    engine = open_engine(sys.argv[1])
    ledger = IssueCalls(engine, tracker, this_process(), lambda: datetime.now(UTC))

    def call(number):
        return Intent(f"i{number}", "create", "file", f"case:{number}", "TestCargo")
"""
_RACE = """
    print("ready", flush=True)
    sys.stdin.readline()
    mine = []
    for number in range(int(sys.argv[2])):
        if ledger.intend(call(number)):
            mine.append(number)
            if number % 2:
                assert ledger.settle(f"i{number}", IntentState.DONE, number=number)
    print(mine)
"""
_LEAVES = """
    assert ledger.intend(call(1)) and ledger.intend(call(2)) and ledger.intend(call(3))
    ledger.settle("i1", IntentState.DONE, number=1)
    ledger.settle("i2", IntentState.UNCERTAIN)
    print("done", flush=True)
    sys.stdin.readline()
"""

Start = Callable[..., Forked]


@pytest.fixture
def start(world: World) -> Iterator[Start]:
    """Starts a process with a ledger of its own."""
    started: list[Forked] = []

    def run(script: str, *arguments: object) -> Forked:
        code = textwrap.dedent(_PROCESS) + textwrap.dedent(script)
        url = world.engine.url.render_as_string(hide_password=False)
        started.append(fork(code, url, *arguments))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.finish()


@pytest.mark.chaos
@pytest.mark.concurrent
def test_of_processes_at_once_one_is_told_to_call(world: World, start: Start) -> None:
    """New calls, and some that had failed."""
    rounds, before = 50, world.process()
    for number in range(0, rounds, 3):
        before.intend(call(f"i{number}"))
        before.settle(f"i{number}", FAILED)
    racers = [start(_RACE, rounds) for _ in range(3)]
    assert [racer.line() for racer in racers] == ["ready"] * 3
    for racer in racers:
        racer.go_on()
    granted = [number for racer in racers for number in eval(racer.line())]
    assert sorted(granted) == list(range(rounds))
    intents = IssueCalls(world.engine, TIDB, this_process(), lambda: datetime.now(UTC)).list(999)
    assert {intent.id: intent.state for intent in intents} == {
        f"i{n}": DONE if n % 2 else INTENDED for n in range(rounds)
    }
    assert sorted(world.attempts()) == sorted(1 + (number % 3 == 0) for number in range(rounds))


@pytest.mark.chaos
@pytest.mark.concurrent
def test_of_threads_at_once_one_is_told_to_call(world: World) -> None:
    rounds, granted, barrier = 50, [], threading.Barrier(2)

    def race(issues: IssueCalls) -> None:
        for number in range(rounds):
            barrier.wait(30)
            if issues.intend(call(f"i{number}")):
                granted.append(number)

    engines = [open_engine(world.engine.url) for _ in range(2)]
    threads = [
        threading.Thread(target=race, args=[replace(world, engine=engine).process()])
        for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == list(range(rounds))


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_process_that_is_killed_leaves_word(world: World, start: Start) -> None:
    killed = start(_LEAVES)
    assert killed.line() == "done"
    killed.kill()
    killed.wait()
    intents = world.process().unsettled()
    assert [(intent.id, intent.state) for intent in intents] == [
        ("i2", UNCERTAIN),
        ("i3", INTENDED),
    ]
    assert {intent.owner.split(":")[1] for intent in intents} == {str(killed.pid)}
    assert of_keys(world.process().ledger()) == Ledger(
        created={"case:1": (1,)}, unsettled=frozenset({"case:2", "case:3"})
    )


# The tables


def test_a_state_from_before_there_were_issues_gets_the_tables(world: World) -> None:
    for table in ("outward_calls", "issue_mutes", "issue_accepted", "issue_locks"):
        metadata.tables[table].drop(world.engine)
    with pytest.raises(DatabaseError, match="outward_calls"):
        world.process().unsettled()
    prepare_state(world.engine)
    assert world.process().intend(call())

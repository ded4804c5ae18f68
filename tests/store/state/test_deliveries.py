"""A report is sent once, whichever processes send it or die, with any texts."""

import os
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event, text

from ci_stat.errors import ConnectionLost, DatabaseError, SchemaMismatch
from ci_stat.records import (
    Delivery,
    DeliveryKey,
    DeliveryState,
    Extraction,
    LogState,
    Names,
    Outcome,
    Window,
)
from ci_stat.rendering.document import Document, Tone
from ci_stat.reports.delivery import deliver
from ci_stat.reports.outgoing import OutgoingReport
from ci_stat.store.engine import open_engine
from ci_stat.store.state import compare_and_set, process_id
from ci_stat.store.state.deliveries import Claim, Deliveries
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.outbox import KEPT, LEASE, LostClaim
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.writing import write
from tests.support import mariadb
from tests.support.forks import Forked, fork
from tests.support.hostile import ATTACKS

PREPARING, SENDING, SENT, FAILED, UNCERTAIN = DeliveryState
MINUTE = timedelta(minutes=1)
NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
KEY = DeliveryKey(
    "hourly", "2021-06-19T19:00:00+08:00", "2021-06-19T20:00:00+08:00", "feishu chat oc_1"
)

WINDOW = Window.of(NOON, NOON + 60 * MINUTE, ZoneInfo("UTC"))
DOCUMENT = Document("title", "", Tone.BAD, "", ())
REPORT = OutgoingReport("hourly", "hourly-trouble", WINDOW, Names(), DOCUMENT)


@dataclass
class World:
    """Processes on hosts `a` and `b` that share a ledger, and their clock."""

    engine: Engine
    now: datetime = NOON
    living: set[str] = field(default_factory=set)
    pids: Iterator[int] = field(default_factory=lambda: count(1))

    def process(self, host: str = "a", database: str = "ci") -> Deliveries:
        """The ledger of a new process. Who is on another host is not seen to die."""
        owner = f"{host}:{next(self.pids)}:boot.7"
        self.living.add(owner)
        alive = lambda other: other in self.living or other.partition(":")[0] != host  # noqa: E731
        return Deliveries(self.engine, database, owner, lambda: self.now, alive)

    def dies(self, process: Deliveries) -> None:
        self.living.discard(process._owner)

    def row(self, **more: object) -> Delivery:
        """The only row, as everybody reads it."""
        (delivery,) = self.process().list(9)
        return replace(delivery, **more)  # type: ignore[arg-type]


@pytest.fixture
def world(empty_state: Engine) -> World:
    return World(empty_state)


def outcome(state: DeliveryState, reason: str = "", **more: object) -> Outcome:
    return Outcome(state, reason, **more)  # type: ignore[arg-type]


def until(world: World, stage: str, process: Deliveries, key: DeliveryKey = KEY) -> None:
    """Go from the claim to this stage: `preparing`, `sending`, or the end that it names."""
    assert process.claim(key).granted
    if stage == PREPARING:
        return
    process.sending(key, "card")
    if stage != SENDING:
        assert process.finish(key, outcome(DeliveryState(stage), "said so"), "card")


# One after the other


def test_from_claim_to_sent(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.claim(KEY) == Claim(True, None, "", NOON, 1)
    assert world.row().state == PREPARING
    world.now += MINUTE
    one.sending(KEY, "card")
    assert (world.row().state, world.row().form, world.row().changed) == (
        SENDING,
        "card",
        world.now,
    )
    world.now += MINUTE
    assert one.finish(KEY, outcome(SENT, "ok", code=0, message_id="om_1"), "text")
    assert world.row() == Delivery(
        KEY, SENT, "a:1:boot.7", NOON, world.now, 1, "text", 0, "ok", "om_1"
    )
    for process in (one, other):
        assert process.claim(KEY) == Claim(
            False, SENT, "already sent at 2021-06-19 12:02:00 UTC", NOON, 1
        )


def test_by_the_driver_that_is_always_there(mariadb_url: str) -> None:
    prepare_state(open_engine(mariadb_url))
    world = World(open_engine(mariadb_url))
    one, other = world.process(), world.process()
    until(world, FAILED, one)
    until(world, PREPARING, one)
    world.dies(one)
    until(world, SENT, other)
    assert world.row() == Delivery(KEY, SENT, other._owner, NOON, NOON, 3, "card", None, "said so")


def test_what_failed_for_certain_is_sent_again(world: World) -> None:
    one = world.process()
    until(world, FAILED, one)
    world.now += MINUTE
    decision = one.claim(KEY)
    assert decision == Claim(
        True, FAILED, "not delivered at 2021-06-19 12:00:00 UTC: said so", world.now, 2
    )
    until_sent = replace(world.row(), state=SENT, form="text", reason="", started=world.now)
    one.sending(KEY, "text")
    one.finish(KEY, outcome(SENT), "text")
    assert world.row() == until_sent


def test_another_is_at_it(world: World) -> None:
    one, other = world.process(), world.process("b")
    one.claim(KEY)
    words = "another process (pid 1 on host a) has been preparing it since 2021-06-19 12:00:00 UTC"
    assert other.claim(KEY, force=True, resumable=60 * MINUTE) == Claim(
        False, PREPARING, words, NOON, 1
    )
    one.sending(KEY, "card")
    assert other.claim(KEY, force=True).reason == words.replace("preparing", "sending")
    mine = words.replace("another", "this").replace("preparing", "sending")
    assert one.claim(KEY, force=True) == Claim(False, SENDING, mine, NOON, 1)


def test_who_died_before_sending_has_sent_nothing(world: World) -> None:
    one, other = world.process(), world.process()
    one.claim(KEY)
    world.dies(one)
    assert (world.row().state, world.row().reason) == (
        FAILED,
        "the process (pid 1 on host a) that was preparing it has exited: nothing was sent",
    )
    decision = other.claim(KEY)
    assert (decision.granted, decision.state, decision.tries) == (True, PREPARING, 2)
    with pytest.raises(LostClaim, match="nothing was sent"):
        one.sending(KEY, "card")
    assert not one.finish(KEY, outcome(SENT), "card")
    other.sending(KEY, "card")


def test_who_died_while_sending_leaves_it_uncertain(world: World) -> None:
    one, other = world.process(), world.process()
    until(world, SENDING, one)
    world.dies(one)
    world.now += MINUTE
    words = (
        "outcome uncertain since 2021-06-19 12:00:00 UTC:"
        " the process (pid 1 on host a) that was sending it has exited"
    )
    assert world.row().state == UNCERTAIN
    for _ in range(2):
        assert other.claim(KEY) == Claim(False, UNCERTAIN, words, NOON, 1)
    assert not one.finish(KEY, outcome(SENT), "card")
    decision = other.claim(KEY, force=True)
    assert (decision.granted, decision.state, decision.reason, decision.first_started) == (
        True,
        UNCERTAIN,
        words,
        world.now,
    )


@pytest.mark.parametrize("dead", [True, False])
def test_an_uncertain_attempt_is_taken_up_while_the_far_end_knows_it(
    world: World, dead: bool
) -> None:
    one, other = world.process(), world.process()
    one.claim(KEY)
    world.now += 10 * MINUTE
    one.sending(KEY, "card")
    if dead:
        world.dies(one)
    else:
        one.finish(KEY, outcome(UNCERTAIN, "no answer"), "card")
    world.now += 49 * MINUTE
    assert not other.claim(KEY).granted
    decision = other.claim(KEY, resumable=50 * MINUTE)
    assert (decision.granted, decision.first_started, decision.tries) == (True, NOON, 2)
    assert decision.state == UNCERTAIN
    other.sending(KEY, "card")
    other.finish(KEY, outcome(UNCERTAIN, "no answer"), "card")
    # The far end counts from the first time that it was sent.
    world.now += MINUTE
    assert not other.claim(KEY, resumable=50 * MINUTE).granted


def test_a_dead_sender_is_taken_up_at_once(world: World) -> None:
    one, other = world.process(), world.process()
    until(world, SENDING, one)
    world.dies(one)
    decision = other.claim(KEY, resumable=50 * MINUTE)
    assert (decision.granted, decision.state, decision.first_started) == (True, SENDING, NOON)


def test_an_attempt_that_was_taken_up_too_slowly_is_not_sent(world: World) -> None:
    one = world.process()
    until(world, UNCERTAIN, one)
    before = world.row()
    world.now += 49 * MINUTE
    assert one.claim(KEY, resumable=50 * MINUTE).granted
    world.now += MINUTE
    with pytest.raises(LostClaim, match="might arrive twice"):
        one.sending(KEY, "card")
    assert world.row() == before


def test_a_process_on_another_host_is_believed_to_live_for_a_while(world: World) -> None:
    one, other, near = world.process("b"), world.process(), world.process("b")
    one.claim(KEY)
    world.now += LEASE - timedelta(seconds=1)
    assert not other.claim(KEY).granted
    world.now += timedelta(seconds=1)
    assert not near.claim(KEY).granted  # it sees that the process lives
    assert other.claim(KEY).granted
    with pytest.raises(LostClaim):
        one.sending(KEY, "card")
    assert world.row().owner == other._owner


def test_a_clock_that_was_far_ahead_does_not_lock_the_row_for_years(world: World) -> None:
    one = world.process("b")
    world.now += timedelta(days=5000)
    one.claim(KEY)
    world.now = NOON
    assert world.process().claim(KEY).granted


# What is known is not lost


@pytest.mark.parametrize("known", [SENT, UNCERTAIN])
@pytest.mark.parametrize("end", [PREPARING, SENDING, FAILED, "released"])
def test_a_second_attempt_that_comes_to_nothing_changes_nothing(
    world: World, known: str, end: str
) -> None:
    """A report that was sent stays sent after a forced second attempt failed or died."""
    one, other = world.process(), world.process()
    until(world, known, one)
    before = world.row()
    world.now += MINUTE
    assert other.claim(KEY, force=True).granted
    assert world.row().state == PREPARING
    if end == "released":
        assert other.release(KEY)
        assert world.row() == before
    elif end == FAILED:
        other.sending(KEY, "text")
        assert other.finish(KEY, outcome(FAILED, "refused"), "text")
        reason = "said so; tried again at 2021-06-19 12:01:00 UTC: failed: refused"
        assert world.row() == replace(before, tries=2, reason=reason)
    elif end == SENDING:
        other.sending(KEY, "text")
    world.dies(other)
    decision = one.claim(KEY)
    assert (decision.granted, decision.state) == (False, known)
    assert "12:00:00" in decision.reason
    assert world.row().state == known


def test_a_forced_attempt_is_a_new_one_for_the_far_end(world: World) -> None:
    """The server would take it for the old message; one that may have arrived is continued."""
    one = world.process()
    until(world, SENT, one)
    world.now += MINUTE
    assert one.claim(KEY, force=True, resumable=50 * MINUTE).first_started == world.now
    other = replace(KEY, about="x")
    until(world, UNCERTAIN, one, other)
    world.now += MINUTE
    assert one.claim(other, force=True, resumable=50 * MINUTE).first_started == world.now - MINUTE


def test_release_as_if_nothing_had_happened(world: World) -> None:
    one = world.process()
    assert not one.release(KEY)
    one.claim(KEY)
    assert one.release(KEY)
    assert one.list(9) == []
    until(world, FAILED, one)
    before = world.row()
    world.now += MINUTE
    one.claim(KEY)
    assert one.release(KEY)
    assert not one.release(KEY)
    assert world.row() == before
    until(world, SENDING, one)
    assert not one.release(KEY)
    assert world.row().state == SENDING


def test_another_form_of_the_same_report(world: World) -> None:
    one = world.process()
    one.claim(KEY)
    for form in ("card", "text", "text"):
        one.sending(KEY, form)
    assert (world.row().form, world.row().tries) == ("text", 1)


def test_what_was_not_claimed_is_not_sent(world: World) -> None:
    one = world.process()
    with pytest.raises(LostClaim, match="did not claim"):
        one.sending(KEY, "card")
    assert not one.finish(KEY, outcome(SENT), "card")
    until(world, SENT, one)
    with pytest.raises(LostClaim):
        one.sending(KEY, "card")
    assert issubclass(LostClaim, DatabaseError)


def test_an_outcome_is_an_end(world: World) -> None:
    one = world.process()
    until(world, SENDING, one)
    with pytest.raises(ValueError, match="not the outcome"):
        one.finish(KEY, outcome(SENDING), "card")


def test_a_state_that_nobody_knows_is_uncertain(world: World, empty: Engine) -> None:
    one = world.process()
    until(world, SENT, one)
    with empty.begin() as connection:
        connection.execute(text("update outward_calls set state = 'of tomorrow'"))
    assert one.claim(KEY).state == UNCERTAIN
    assert one.claim(KEY, force=True).granted


# Which is which


def test_keys_that_differ_are_apart(world: World) -> None:
    one = world.process()
    parts = ("report", "audience", "about")
    keys = [
        KEY,
        *(
            replace(KEY, **{part: other})
            for part in parts
            for other in ("Hourly", "hourly ", "hourly\0", "")
        ),
    ]
    keys += [replace(KEY, report="ab", audience="c"), replace(KEY, report="a", audience="bc")]
    keys += [
        replace(KEY, begin=KEY.end),
        replace(KEY, end="2021-06-19T21:00:00+08:00"),
        replace(KEY, end="no time"),
    ]
    different = set(keys)
    for key in different:
        assert one.claim(key).granted
        assert not one.claim(key).granted
    assert len(one.list(99)) == len(different)
    assert {delivery.key for delivery in one.list(99)} == different


def test_a_window_is_the_same_in_every_zone(world: World) -> None:
    one = world.process()
    until(world, SENT, one)
    same = replace(KEY, begin="2021-06-19T11:00:00Z", end="2021-06-19T12:00:00+00:00")
    assert one.claim(same).state == SENT


def test_two_databases_in_one_state_stay_apart(world: World) -> None:
    one, other = world.process(), world.process(database="ci2")
    until(world, SENT, one)
    assert other.claim(KEY).granted
    assert (len(one.list(9)), len(other.list(9))) == (1, 1)
    assert before(other, replace(KEY, begin=KEY.end)) is not None
    assert before(world.process(database="ci3"), replace(KEY, begin=KEY.end)) is None


HOSTILE = [
    *ATTACKS,
    "\ud800",
    "a\udfffb",
    "'; DROP TABLE outward_calls; --",
    "%s %(x)s {0}",
    "\\'",
    "🙂" * 3000,
    "",
    " ",
]


@pytest.mark.parametrize("attack", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts(world: World, attack: str) -> None:
    one, other = world.process(), world.process()
    key = DeliveryKey(attack, attack, attack, attack, attack)
    shown = attack.replace("\ud800", "\\ud800").replace("\udfff", "\\udfff")
    assert one.claim(key).granted
    one.sending(key, attack)
    assert one.finish(key, outcome(UNCERTAIN, attack, code=2**70, message_id=attack), attack)
    assert "\x1b" not in other.claim(key).reason
    delivery = world.row()
    if len(attack) < 40:
        assert delivery.key == DeliveryKey(shown, shown, shown, shown, shown)
        assert (delivery.reason, delivery.message_id, delivery.form, delivery.code) == (
            shown,
            shown,
            shown,
            None,
        )
    if len(attack) > 2000:
        assert delivery.reason == attack[:1999] + "…"
        assert delivery.key.audience == attack[:254] + "…"
    assert before(one, replace(KEY, audience=attack)) is None


def test_long_keys_with_the_same_beginning_are_apart(world: World) -> None:
    one = world.process()
    keys = [replace(KEY, about="x" * 5000 + end, audience="y" * 400 + end) for end in "ab"]
    assert [one.claim(key).granted for key in keys] == [True, True]
    later = replace(keys[1], begin=KEY.end)
    delivery = before(one, later)
    assert delivery is not None
    assert delivery.key == keys[1]


def test_an_owner_may_be_called_anything(world: World) -> None:
    for number, name in enumerate(["", ":", "::", "a:b:c", "\x1b\0\ud800:7:x", "z" * 999]):
        key = replace(KEY, about=str(number))
        strange = Deliveries(world.engine, "ci", name, lambda: world.now, lambda _: True)
        assert strange.claim(key).granted
        decision = Deliveries(
            world.engine, "ci", "a:1:boot.7", lambda: world.now, lambda _: True
        ).claim(key)
        assert not decision.granted
        assert "\x1b" not in decision.reason
        strange.sending(key, "card")
        assert strange.finish(key, outcome(SENT), "card")


# What was before, and what there is


def before(ledger: Deliveries, key: DeliveryKey) -> Delivery | None:
    """The last delivery before the window of `key`."""
    return next(iter(ledger.earlier(key)), None)


def hour(number: int, report: str = "hourly", **more: str) -> DeliveryKey:
    begin = datetime(2021, 6, 19, tzinfo=UTC) + timedelta(hours=number)
    return DeliveryKey(
        report, begin.isoformat(), (begin + 60 * MINUTE).isoformat(), "feishu chat oc_1", **more
    )


def test_the_report_before_this_one(world: World) -> None:
    one = world.process()
    assert before(one, hour(5)) is None
    for key, end in (
        (hour(1), SENT),
        (hour(3), FAILED),
        (hour(6), SENT),
        (hour(5), SENT),
        (hour(4, "daily"), SENT),
        (hour(4, about="unit"), SENT),
        (replace(hour(4), audience="mail a@b.c"), SENT),
    ):
        until(world, end, one, key)
        world.now += MINUTE
    delivery = before(one, hour(5))
    assert delivery is not None
    assert (delivery.key, delivery.state, delivery.reason) == (hour(3), FAILED, "said so")
    assert [
        delivery and delivery.key
        for delivery in (before(one, hour(number)) for number in (0, 2, 3, 4))
    ] == [
        None,
        hour(1),
        hour(1),
        hour(3),
    ]
    assert before(one, replace(hour(5), begin="no time")) is None


def test_a_report_and_its_trouble_are_one_family(world: World) -> None:
    one = world.process()
    until(world, SENT, one, hour(3))
    world.now += MINUTE
    until(world, SENT, one, hour(3, "hourly-trouble"))
    for report in ("hourly", "hourly-trouble"):
        delivery = before(one, hour(4, report))
        assert delivery is not None
        assert delivery.key.report == "hourly-trouble"


def test_before_compares_moments(world: World) -> None:
    """09:00+08:00 comes before 02:00Z, whatever the letters say."""
    one = world.process()
    until(
        world,
        SENT,
        one,
        replace(KEY, begin="2021-06-19T08:00:00+08:00", end="2021-06-19T09:00:00+08:00"),
    )
    assert before(one, replace(KEY, begin="2021-06-19T00:59:59Z")) is None
    assert before(one, replace(KEY, begin="2021-06-19T02:00:00Z")) is not None
    assert before(one, replace(KEY, begin="2021-06-18T21:00:00-04:00")) is not None
    assert before(one, replace(KEY, begin="0001-01-01T00:00:00+14:00")) is None


def test_the_one_before_was_left_by_a_dead_process(world: World) -> None:
    one, other = world.process(), world.process()
    until(world, SENDING, one, hour(1))
    until(world, PREPARING, other, hour(2))
    world.dies(one)
    deliveries = [before(world.process(), hour(n)) for n in (2, 3)]
    assert [delivery and delivery.state for delivery in deliveries] == [UNCERTAIN, PREPARING]
    world.dies(other)
    last = before(world.process(), hour(3))
    assert last is not None
    assert last.state == FAILED


def test_list_newest_first(world: World) -> None:
    one, dead = world.process(), world.process()
    for number, end in enumerate((SENT, FAILED, UNCERTAIN, PREPARING, SENDING)):
        until(world, end, dead if end in (PREPARING, SENDING) else one, hour(number))
        world.now += MINUTE
    assert [delivery.state for delivery in one.list(9)] == [
        SENDING,
        PREPARING,
        UNCERTAIN,
        FAILED,
        SENT,
    ]
    assert [delivery.key for delivery in one.list(2)] == [hour(4), hour(3)]
    assert [delivery.key for delivery in one.list(9, since=NOON + 3 * MINUTE)] == [hour(4), hour(3)]
    assert [delivery.key for delivery in one.list(9, {SENT, FAILED})] == [hour(1), hour(0)]
    assert [delivery.key for delivery in one.list(1, {SENT, FAILED})] == [hour(1)]
    assert one.list(9, []) == one.list(0) == []
    world.dies(dead)
    assert [delivery.state for delivery in one.list(9)] == [
        UNCERTAIN,
        FAILED,
        UNCERTAIN,
        FAILED,
        SENT,
    ]
    assert [delivery.key for delivery in one.list(9, {UNCERTAIN})] == [hour(4), hour(2)]
    assert one.list(9, {SENDING}) == []


# Any history


@dataclass
class FarEnd:
    """A chat that shows each uuid once in an hour, or (without dedup) everything."""

    dedups: bool
    shown: int = 0
    known: dict[datetime, datetime] = field(default_factory=dict)

    def receive(self, uuid: datetime, now: datetime) -> None:
        if self.dedups and uuid in self.known and now - self.known[uuid] < 60 * MINUTE:
            return
        self.known[uuid] = now
        self.shown += 1


@dataclass
class Work:
    """A process's claim. `before`: the state if nothing comes of it; `uuid`: of its message."""

    process: int
    since: datetime
    before: "tuple[DeliveryState | None, datetime | None]"
    resumed: bool
    uuid: datetime
    state: DeliveryState = PREPARING
    arrived: bool | None = None  # None: nothing was sent
    lives: bool = True


_RANKS = [None, FAILED, UNCERTAIN, SENT]


@dataclass
class Story:
    """Three processes, two of them on one host, and a simple model of the rules.

    `known`: the certain state; `first`: when its attempt was first sent; `work`: the open claim.
    """

    world: World
    database: str
    chat: FarEnd
    known: DeliveryState | None = None
    first: datetime | None = None
    work: Work | None = None
    forced: int = 0

    def __post_init__(self) -> None:
        self.life = 50 * MINUTE if self.chat.dedups else None
        self.processes = [self.process(number) for number in range(3)]
        self.claims: list[Work | None] = [None] * 3

    def process(self, number: int) -> Deliveries:
        return self.world.process("aab"[number], self.database)

    def is_busy(self, who: int) -> bool:
        if self.work is None:
            return False
        seen = (self.work.process == 2) == (who == 2)
        return self.work.lives if seen else self.world.now - self.work.since < LEASE

    def is_fresh(self) -> bool:
        if self.known is not UNCERTAIN or self.first is None or self.life is None:
            return False
        return self.world.now - self.first < self.life

    def settle(self) -> None:
        if self.work is not None:
            left = UNCERTAIN if self.work.state is SENDING else FAILED
            self.known, self.work = max(self.known, left, key=_RANKS.index), None

    def claim(self, who: int, force: bool) -> None:
        decision = self.processes[who].claim(KEY, force, self.life)
        if self.is_busy(who):
            assert not decision.granted
            return
        known = self.known
        self.settle()
        fresh = self.is_fresh()
        assert decision.granted == (force or fresh or self.known in (None, FAILED))
        if decision.granted:
            before = (
                None
                if self.known is FAILED and known is None and decision.state is None
                else self.known,
                self.first,
            )
            self.work = self.claims[who] = Work(
                who, self.world.now, before, fresh, decision.first_started
            )
            self.first, self.forced = self.first if fresh else None, self.forced + force

    def send(self, who: int, arrives: bool) -> None:
        claim, now = self.claims[who], self.world.now
        if claim is None or claim.arrived is not None:
            return
        if claim is not self.work or (claim.resumed and not self.is_fresh()):
            with pytest.raises(LostClaim):
                self.processes[who].sending(KEY, "card")
            self.give_back(claim)
            return
        self.processes[who].sending(KEY, "card")
        claim.state, claim.since, claim.arrived, self.first = (
            SENDING,
            now,
            arrives,
            self.first or now,
        )
        if arrives:
            self.chat.receive(claim.uuid, now)

    def finish(self, who: int, as_known: bool) -> None:
        claim = self.claims[who]
        if claim is None or claim.arrived is None:
            return
        end = UNCERTAIN if not as_known else SENT if claim.arrived else FAILED
        assert self.processes[who].finish(KEY, outcome(end), "card") == (claim is self.work)
        if claim is self.work and _RANKS.index(claim.before[0]) > _RANKS.index(end):
            self.give_back(claim)
        elif claim is self.work:
            self.known, self.work = end, None
        self.claims[who] = None

    def release(self, who: int, _: bool) -> None:
        claim = self.claims[who]
        given = self.processes[who].release(KEY)
        assert given == (claim is not None and claim is self.work and claim.arrived is None)
        if given and claim is not None:
            self.give_back(claim)

    def give_back(self, claim: Work) -> None:
        if claim is self.work:
            (self.known, self.first), self.work = claim.before, None
        self.claims[claim.process] = None

    def die(self, who: int, _: bool) -> None:
        self.world.dies(self.processes[who])
        if self.work is not None and self.work.process == who:
            self.work.lives = False
        self.processes[who], self.claims[who] = self.process(who), None

    def wait(self, which: int, long: bool) -> None:
        self.world.now += (14, 16, 40, 70)[which + long] * MINUTE

    def check(self) -> None:
        assert self.chat.shown <= 1 + self.forced
        states = [delivery.state for delivery in self.processes[0].list(9)]
        if self.is_busy(0) and self.work:
            assert states == [self.work.state]
        else:
            ended = replace(self)
            ended.settle()
            assert states == [state for state in [ended.known] if state]
            assert self.chat.shown == 0 or ended.known in (UNCERTAIN, SENT)
            assert self.chat.shown > 0 or ended.known is not SENT


Step = tuple[str, int, bool]
_PLANS = (
    "claim",
    "claim die",
    "claim wait release",
    "claim send",
    "claim send die",
    "claim send finish",
    "claim wait send die",
    "claim wait send finish",
    "send",
    "finish",
    "die",
    "wait",
    "wait",
)


@st.composite
def _blocks(draw: st.DrawFn) -> list[Step]:
    """What one of them does in a row; parts of it are what others do in between."""
    who, plan = draw(st.integers(0, 2)), draw(st.sampled_from(_PLANS))
    return [(name, who, draw(st.booleans())) for name in plan.split()]


_steps = st.lists(_blocks(), max_size=9).map(
    lambda blocks: [step for block in blocks for step in block]
)
_numbers = count()


@settings(max_examples=2 * settings.default.max_examples)  # type: ignore[union-attr]
@given(_steps, st.booleans())
def test_no_history_shows_a_report_twice(world: World, steps: list[Step], dedups: bool) -> None:
    """Any steps in any order, with kills: a chat shows at most one message, and one more for each
    forced attempt.
    """
    world.now = NOON
    story = Story(world, f"ci {next(_numbers)}", FarEnd(dedups))
    for name, who, how in steps:
        getattr(story, name)(who, how)
        story.check()


# What is forgotten


def test_each_delivery_of_reports_forgets_the_old_ones(world: World) -> None:
    """Those whose end is known; not what a process works on."""
    one = world.process()
    ends = dict(zip((SENT, FAILED, UNCERTAIN, PREPARING, SENDING), range(5), strict=True))
    for end, number in ends.items():
        until(world, end, one, hour(number))

    world.now = NOON + KEPT
    assert deliver(REPORT, [], one, world.now) == []
    assert len(one.list(9)) == 5
    world.now += MINUTE
    deliver(REPORT, [], one, world.now)
    assert {delivery.state for delivery in one.list(9)} == {UNCERTAIN, PREPARING, SENDING}
    assert one.claim(hour(0)).granted


def test_a_report_arrives_though_the_old_ones_cannot_be_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(*_: object) -> int:
        raise ConnectionLost("broken")

    one = world.process()
    monkeypatch.setattr(compare_and_set, "write", breaking)
    with pytest.raises(ConnectionLost):
        one.prune()
    assert deliver(REPORT, [], one, NOON) == []


# Answers that get lost, and rows that are locked


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_breaks_while_a_step_is_stored(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Whether the server had done it before or not, the step is done once."""
    really = write

    def breaking(*arguments: object) -> int:
        if done:
            really(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(compare_and_set, "write", really)
        raise ConnectionLost("broken")

    def then_breaks() -> None:
        monkeypatch.setattr(compare_and_set, "write", breaking)

    one = world.process()
    for number in range(2):
        then_breaks()
        assert one.claim(KEY).tries == number + 1
        then_breaks()
        one.sending(KEY, "card")
        then_breaks()
        assert one.finish(KEY, outcome([FAILED, SENT][number]), "card")
    assert (world.row().state, world.row().tries) == (SENT, 2)


@pytest.mark.parametrize("done", [True, False])
def test_a_database_that_is_gone_before_sending(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Nothing is sent then, so nothing is left behind, whether or not the database had noted it."""
    really, one = write, world.process()

    def breaking(*arguments: object) -> int:
        if done:
            really(*arguments)  # type: ignore[arg-type]
        raise ConnectionLost("broken")

    one.claim(KEY)
    monkeypatch.setattr(compare_and_set, "write", breaking)
    with pytest.raises(ConnectionLost):
        one.sending(KEY, "card")
    monkeypatch.setattr(compare_and_set, "write", really)
    assert world.row().state == (SENDING if done else PREPARING)
    assert one.release(KEY)
    assert one.list(9) == []


@contextmanager
def locked(engine: Engine, seconds: float) -> Iterator[None]:
    """The ledger is locked by somebody else for so long."""

    def hold(connection: Connection) -> None:
        time.sleep(seconds)
        connection.rollback()

    with closing(open_engine(engine.url).connect()) as connection:
        connection.execute(text("update outward_calls set reason = 'locked'"))
        thread = threading.Thread(target=hold, args=(connection,))
        thread.start()
        yield
        thread.join()


def test_a_lock_is_waited_for(world: World, empty: Engine) -> None:
    """Longer than the database itself waits."""
    impatient = open_engine(empty.url, connect_timeout=1)
    if empty.dialect.name != "sqlite":
        event.listen(
            impatient,
            "connect",
            lambda raw, _: raw.cursor().execute("set innodb_lock_wait_timeout = 1"),
        )
    else:
        event.listen(impatient, "connect", lambda raw, _: raw.execute("pragma busy_timeout = 100"))
    one = replace(world, engine=impatient).process()
    one.claim(KEY)
    with locked(empty, 1.2 if empty.dialect.name != "sqlite" else 0.3):
        one.sending(KEY, "card")
    assert world.row().state == SENDING


# Real processes

_PROCESS = """
    import os, sys
    from datetime import UTC, datetime, timedelta
    from ci_stat.records import DeliveryKey, DeliveryState, Outcome
    from ci_stat.store.state.deliveries import Deliveries
    from ci_stat.store.state.process_id import is_alive, this_process
    from ci_stat.store.engine import open_engine

    engine = open_engine(sys.argv[1])
    ledger = Deliveries(engine, "ci", this_process(), lambda: datetime.now(UTC), is_alive)

    def key(number):
        begin, end = "2021-06-19T19:00:00Z", "2021-06-19T20:00:00Z"
        return DeliveryKey("hourly", begin, end, f"chat {number}")
"""
_RACE = """
    print("ready", flush=True)
    sys.stdin.readline()
    mine = []
    for number in range(int(sys.argv[2])):
        if ledger.claim(key(number)).granted:
            mine.append(number)
            ledger.sending(key(number), "card")
            assert ledger.finish(key(number), Outcome(DeliveryState.SENT), "card")
    print(mine)
"""
_STAGES = """
    for number in range(3):
        assert ledger.claim(key(number)).granted
    ledger.sending(key(1), "card")
    ledger.sending(key(2), "card")
    ledger.finish(key(2), Outcome(DeliveryState.SENT), "card")
    print("done", flush=True)
    sys.stdin.readline()
"""
_LOOP = """
    chat = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for number in range(int(sys.argv[3])):
        if ledger.claim(key(number)).granted:
            ledger.sending(key(number), "card")
            os.write(chat, f"{number}\\n".encode())
            ledger.finish(key(number), Outcome(DeliveryState.SENT), "card")
        print(number, flush=True)
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


def real(world: World) -> Deliveries:
    """The ledger of this very process."""
    return Deliveries(world.engine, "ci", this_process(), lambda: datetime.now(UTC), is_alive)


def key_of(number: int) -> DeliveryKey:
    return DeliveryKey("hourly", "2021-06-19T19:00:00Z", "2021-06-19T20:00:00Z", f"chat {number}")


@pytest.mark.chaos
@pytest.mark.concurrent
def test_of_processes_at_once_one_is_granted(world: World, start: Start) -> None:
    """New reports, some that failed, and some whose process died."""
    rounds = 50
    before_us = f"{this_process()[:-3]}000"  # somebody who had this number before
    dead = Deliveries(world.engine, "ci", before_us, lambda: datetime.now(UTC), is_alive)
    for number in range(rounds):
        if number % 3:
            dead.claim(key_of(number))
        if number % 3 == 1:
            dead.finish(key_of(number), outcome(FAILED), "card")
    racers = [start(_RACE, rounds) for _ in range(3)]
    assert [racer.line() for racer in racers] == ["ready"] * 3
    for racer in racers:
        racer.go_on()
    granted = [number for racer in racers for number in eval(racer.line())]
    assert sorted(granted) == list(range(rounds))
    deliveries = real(world).list(999)
    assert [(delivery.state, delivery.tries) for delivery in deliveries] == [
        (SENT, 2 if int(delivery.key.audience.split()[1]) % 3 else 1) for delivery in deliveries
    ]


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_process_killed_at_each_step(world: World, start: Start) -> None:
    killed, ledger = start(_STAGES), real(world)
    assert killed.line() == "done"
    decision = [ledger.claim(key_of(number)) for number in range(3)]
    assert [(claim.granted, claim.state) for claim in decision] == [
        (False, PREPARING),
        (False, SENDING),
        (False, SENT),
    ]
    assert f"another process (pid {killed.pid} on host" in decision[1].reason
    killed.kill()
    os.waitid(
        os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT
    )  # it has ended, and nobody has asked how
    decision = [ledger.claim(key_of(number)) for number in range(3)]
    assert [(claim.granted, claim.state) for claim in decision] == [
        (True, PREPARING),
        (False, UNCERTAIN),
        (False, SENT),
    ]
    killed.wait()
    again = ledger.claim(key_of(1), resumable=timedelta(hours=1))
    assert (again.granted, again.first_started) == (True, decision[1].first_started)


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_process_killed_anywhere_sends_nothing_twice(
    world: World, start: Start, tmp_path: Path
) -> None:
    chat, reports = tmp_path / "chat", 60
    for killed_after in ("4", "23", "31"):
        process = start(_LOOP, chat, reports)
        while process.line() != killed_after:
            pass
        time.sleep(0.003)
        process.kill()
        process.wait()
    last = start(_LOOP, chat, reports)
    while last.line():
        pass
    assert last.wait() == 0
    shown = chat.read_text().split()
    assert len(shown) == len(set(shown))
    left = {delivery.key for delivery in real(world).list(999, {UNCERTAIN})}
    assert len(left) <= 3
    assert {key_of(number) for number in range(reports)} - {
        key_of(int(number)) for number in shown
    } <= left


# Who lives


def test_who_lives() -> None:
    me = this_process()
    host, pid, start = me.rsplit(":", 2)
    assert pid == str(os.getpid())
    assert is_alive(me)
    assert not is_alive(f"{host}:{pid}:{start}1")  # another process that had our number
    assert not is_alive(f"{host}:{2**22 + 1}:{start}")
    assert not is_alive(f"{host}:{10**30}:{start}")


def test_who_cannot_be_seen_from_here_is_believed_to_live() -> None:
    host, pid, start = this_process().rsplit(":", 2)
    for other in (
        f"x{host}:{pid}:{start}",
        f"{host}:{pid}:x{start}1",
        f"{host}:x:{start}",
        "",
        ":",
        "::",
        "\0",
    ):
        assert is_alive(other)


def test_without_proc_the_number_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_id, "_system", lambda: "")
    monkeypatch.setattr(process_id, "_ticks", lambda _: None)
    me = this_process()
    assert me.endswith(f":{os.getpid()}:")
    assert is_alive(me)
    assert is_alive(me.replace(f":{os.getpid()}:", ":1:"))
    assert not is_alive(me.replace(f":{os.getpid()}:", f":{2**22 + 1}:"))
    assert not process_id.is_seen(me, me)  # so that the lease ends it


# A state that is older


def test_a_reader_of_a_state_from_before_there_were_deliveries(
    world: World, empty: Engine, request: pytest.FixtureRequest
) -> None:
    """It still serves for logs, and says what is missing when it is asked for deliveries."""
    extracted = {("unit", 1): Extraction(LogState.READ)}
    ExtractionStore(empty, "ci").keep(extracted, "1-abc")
    with empty.begin() as connection:
        for table in ("outward_calls", "failure_sightings", "sighting_spans"):
            connection.execute(text(f"drop table {table}"))
    with reading_only(empty, request) as reader:
        state = ExtractionStore(reader, "ci")
        prepare_state(state.engine)
        assert state.stored(extracted, "1-abc") == extracted
        with pytest.raises(DatabaseError, match="outward_calls"):
            replace(world, engine=reader).process().claim(KEY)
        with pytest.raises(SchemaMismatch, match=r"The state in .* lacks a table") as caught:
            replace(world, engine=reader).process().list(9)
        assert "upgrades it" in caught.value.hint
    prepare_state(empty)
    assert world.process().claim(KEY).granted


def test_who_may_only_read_may_not_claim(
    world: World, empty: Engine, request: pytest.FixtureRequest
) -> None:
    with reading_only(empty, request) as reader:
        one = replace(world, engine=reader).process()
        with pytest.raises(DatabaseError):
            one.claim(KEY)
        assert one.list(9) == []


@contextmanager
def reading_only(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if engine.dialect.name == "sqlite":
        yield open_engine(f"sqlite:///file:{engine.url.database}?mode=ro&uri=true")
        return
    server: mariadb.Server = request.getfixturevalue("server")
    with server.account("ledger_reader", "x", f"select on {engine.url.database}.*"):
        yield open_engine(engine.url.set(username="ledger_reader", password="x"))

"""The lock on a repository's issues: one has it, and who is gone does not keep it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.store.engine import open_engine
from ci_stat.store.state import compare_and_set
from ci_stat.store.state import issue_lock as module
from ci_stat.store.state.issue_lock import LEASE, Claim, IssueLock, LostLock
from ci_stat.store.state.process_id import is_alive, this_process
from ci_stat.store.state.writing import write
from tests.support.forks import fork
from tests.support.hostile import raw

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
_NOON = "2021-06-19 12:00:00 UTC"  # in messages
TIDB = "https://api.github.com pingcap/tidb"


@dataclass
class World:
    """Processes on hosts `a` and `b`, and their clock. They cannot observe the other host."""

    engine: Engine
    now: datetime = NOON
    living: set[str] = field(default_factory=set)
    pids: Iterator[int] = field(default_factory=lambda: count(1))

    def process(self, host: str = "a", tracker: str = TIDB) -> IssueLock:
        owner = f"{host}:{next(self.pids)}:boot.7"
        self.living.add(owner)
        return self.another(owner, tracker)

    def another(self, owner: str, tracker: str = TIDB) -> IssueLock:
        host = owner.partition(":")[0]
        alive = lambda other: other in self.living or other.partition(":")[0] != host  # noqa: E731
        return IssueLock(self.engine, tracker, owner, lambda: self.now, alive)

    def dies(self, lock: IssueLock) -> None:
        self.living.discard(lock._owner)

    def rows(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("select count(*) from issue_locks")).scalar() or 0)


@pytest.fixture
def world(empty_state: Engine) -> World:
    return World(empty_state)


# One after the other


def test_taken_renewed_given_back(world: World) -> None:
    one, other = world.process(), world.process()
    assert one.take() == Claim(True, "a:1:boot.7", NOON, "")
    world.now += MINUTE
    one.renew()
    one.renew()
    one.release()
    assert world.rows() == 0
    assert other.take() == Claim(True, "a:2:boot.7", world.now, "")


def test_a_living_owner_that_can_be_seen_keeps_it_however_long(world: World) -> None:
    one, other = world.process(), world.process()
    one.take()
    words = f"another process (pid 1 on host a) has held the lock since {_NOON} and is alive"
    for later in (MINUTE, LEASE, 999 * LEASE):
        world.now = NOON + later
        assert other.take() == Claim(False, "a:1:boot.7", NOON, words)
    one.renew()


def test_the_same_process_is_refused_too(world: World) -> None:
    one = world.process()
    one.take()
    again = world.another(one._owner)
    words = f"this process (pid 1 on host a) has held the lock since {_NOON} and is alive"
    for process in (again, one):
        assert process.take() == Claim(False, "a:1:boot.7", NOON, words)
    again.release()
    with pytest.raises(LostLock, match="does not hold the lock"):
        again.renew()
    one.renew()


def test_a_dead_owner_is_taken_over_from_at_once(world: World) -> None:
    one, other = world.process(), world.process()
    one.take()
    world.dies(one)
    words = "taken over from the process (pid 1 on host a), which has exited"
    assert other.take() == Claim(True, "a:2:boot.7", NOON, words)
    with pytest.raises(
        LostLock, match=r"Another process \(pid 2 on host a\) has taken over the lock"
    ):
        one.renew()
    one.release()
    other.renew()


def test_an_owner_that_cannot_be_seen_is_believed_for_a_while(world: World) -> None:
    far, one = world.process("b"), world.process()
    far.take()
    world.dies(far)
    said = "another process (pid 1 on host b) has held the lock since 2021-06-19 12:00:00 UTC; "
    for later, left in (
        (timedelta(0), "60 minutes"),
        (10 * MINUTE + SECOND, "50 minutes"),
        (LEASE - SECOND, "1 minute"),
    ):
        world.now = NOON + later
        words = f"{said}if it has exited, the lock expires in {left}"
        assert one.take() == Claim(False, "b:1:boot.7", NOON, words)
    world.now = NOON + LEASE
    words = f"taken over from the process (pid 1 on host b), which has not renewed it since {_NOON}"
    assert one.take() == Claim(True, "a:2:boot.7", world.now, words)


def test_who_renews_is_believed_anew(world: World) -> None:
    far, one = world.process("b"), world.process()
    far.take()
    for _ in range(5):
        world.now += LEASE - SECOND
        assert not one.take().granted
        far.renew()
    world.now += LEASE - SECOND
    told = one.take()
    assert (told.granted, told.since) == (False, NOON)
    world.now += SECOND
    assert one.take().granted
    with pytest.raises(LostLock):
        far.renew()
    with pytest.raises(LostLock, match="does not hold the lock"):
        far.renew()


def test_a_lock_that_nobody_else_wanted_is_still_ours(world: World) -> None:
    far = world.process("b")
    far.take()
    world.now += 99 * LEASE
    far.renew()
    assert not world.process().take().granted


@pytest.mark.parametrize("change", [-LEASE + SECOND, -99 * LEASE])
def test_a_clock_that_goes_back(world: World, change: timedelta) -> None:
    far, one = world.process("b"), world.process()
    far.take()
    world.now += change
    assert one.take().granted == (change < -LEASE)


def test_a_stranger_gives_nothing_back(world: World) -> None:
    one, stranger = world.process(), world.process()
    stranger.release()
    one.take()
    stranger.take()
    stranger.release()
    one.renew()
    world.dies(one)
    stranger.take()
    one.release()
    stranger.renew()
    stranger.release()
    stranger.release()
    assert world.rows() == 0
    with pytest.raises(LostLock, match="does not hold the lock"):
        stranger.renew()


def test_a_lock_that_somebody_took_and_gave_back(world: World) -> None:
    one, other = world.process(), world.process()
    one.take()
    world.dies(one)
    other.take()
    other.release()
    with pytest.raises(LostLock, match="Another process had taken over the lock"):
        one.renew()


def test_repositories_stay_apart(world: World) -> None:
    one, same = world.process(), world.process(tracker=TIDB.upper())
    other = world.process(tracker="https://api.github.com pingcap/tikv")
    assert one.take().granted
    assert not same.take().granted
    assert other.take().granted
    other.release()
    one.renew()


def test_an_owner_may_be_called_anything(world: World) -> None:
    for number, name in enumerate(
        ["", ":", "::", "a:b:c", "\x1b\0\ud800:7:x", "z" * 999, "🙂" * 999, "%"]
    ):
        strange, again, other = (
            IssueLock(world.engine, f"{number}", owner, lambda: world.now, lambda _: True)
            for owner in (name, name, "a:1:boot.7")
        )
        assert strange.take().granted
        told = again.take()
        assert not told.granted
        assert told.reason.startswith("this process")
        assert not raw(other.take().reason)
        strange.renew()
        strange.release()


# Any history


_Step = tuple[str, int]
_stories = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "renew", "release", "die", "wait"]), st.integers(0, 2)
    ),
    max_size=20,
)
_trackers = count()


@dataclass
class Story:
    """Three processes, two of them on one host, and who has the lock by the rules."""

    world: World
    tracker: str
    holder: int | None = None
    renewed: datetime = NOON
    lives: bool = True

    def __post_init__(self) -> None:
        self.locks = [self.process(number) for number in range(3)]
        self.believes = [False] * 3  # who has taken it, and not heard otherwise

    def process(self, who: int) -> IssueLock:
        return self.world.process("aab"[who], self.tracker)

    def take(self, who: int) -> None:
        granted = self.locks[who].take().granted
        seen = self.holder is not None and (self.holder == 2) == (who == 2)
        busy = self.lives if seen else self.world.now - self.renewed < LEASE
        assert granted == (self.holder is None or not busy)
        if granted:
            self.holder, self.renewed, self.lives, self.believes[who] = (
                who,
                self.world.now,
                True,
                True,
            )

    def is_his(self, who: int) -> bool:
        return self.holder == who and self.lives and self.believes[who]

    def renew(self, who: int) -> None:
        if self.is_his(who):
            self.locks[who].renew()
            self.renewed = self.world.now
            return
        with pytest.raises(LostLock):
            self.locks[who].renew()
        self.believes[who] = False

    def release(self, who: int) -> None:
        self.locks[who].release()
        if self.is_his(who):
            self.holder = None
        self.believes[who] = False

    def die(self, who: int) -> None:
        self.world.dies(self.locks[who])
        if self.holder == who and self.believes[who]:
            self.lives = False
        self.locks[who], self.believes[who] = self.process(who), False

    def wait(self, which: int) -> None:
        self.world.now += (1, 8, 15)[which] * MINUTE


@given(_stories)
def test_in_no_history_two_may_write(world: World, story: list[_Step]) -> None:
    world.now = NOON
    told = Story(world, f"{TIDB} {next(_trackers)}")
    for name, who in story:
        getattr(told, name)(who)


# Answers that get lost


@pytest.mark.parametrize("done", [True, False])
def test_a_connection_that_breaks(
    world: World, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """Whether the server had done it before or not, the step is done once."""

    def breaking(*arguments: Any) -> int:
        if done:
            write(*arguments)
        monkeypatch.setattr(compare_and_set, "write", write)
        monkeypatch.setattr(module, "write", write)
        raise ConnectionLost("broken")

    def then_breaks() -> None:
        monkeypatch.setattr(compare_and_set, "write", breaking)
        monkeypatch.setattr(module, "write", breaking)

    one, other = world.process(), world.process()
    then_breaks()
    assert one.take().granted
    then_breaks()
    one.renew()
    world.dies(one)
    then_breaks()
    assert other.take().granted
    then_breaks()
    with pytest.raises(LostLock):
        one.renew()
    other.renew()
    then_breaks()
    other.release()
    assert world.rows() == 0


def test_a_database_that_is_gone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had noted all the same is given back when it answers again."""
    one = world.process()

    def breaking(*arguments: Any) -> int:
        write(*arguments)
        raise ConnectionLost("broken")

    with monkeypatch.context() as patch:
        patch.setattr(compare_and_set, "write", breaking)
        patch.setattr(module, "write", breaking)
        with pytest.raises(ConnectionLost):
            one.take()
        with pytest.raises(ConnectionLost):
            one.renew()
        assert world.rows() == 1
    one.release()
    assert world.rows() == 0


def test_others_all_the_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_and_set, "write", lambda *_: 0)
    with pytest.raises(DatabaseError, match="keep changing"):
        world.process().take()


# Several at once


@pytest.mark.chaos
@pytest.mark.concurrent
def test_of_threads_at_once_one_has_it(world: World) -> None:
    """Free locks, and some whose owner is gone."""
    rounds, granted, barrier = 30, [], threading.Barrier(3)
    for number in range(0, rounds, 2):
        dead = world.process(tracker=f"{number}")
        dead.take()
        world.dies(dead)

    def race(mine: World, host: str) -> None:
        for number in range(rounds):
            lock = mine.process(host, f"{number}")
            barrier.wait(30)
            if lock.take().granted:
                granted.append(number)
                lock.renew()

    worlds = [replace(world, engine=open_engine(world.engine.url)) for _ in range(3)]
    threads = [
        threading.Thread(target=race, args=arguments)
        for arguments in zip(worlds, "aaa", strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(granted) == list(range(rounds))


_PROCESS = """
    import sys
    from datetime import UTC, datetime
    from ci_stat.store.engine import open_engine
    from ci_stat.store.state.issue_lock import IssueLock
    from ci_stat.store.state.process_id import is_alive, this_process

    engine, tracker = open_engine(sys.argv[1]), sys.argv[2]
    lock = IssueLock(engine, tracker, this_process(), lambda: datetime.now(UTC), is_alive)
    print(lock.take().granted, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.chaos
@pytest.mark.transaction
def test_a_process_that_is_killed(world: World) -> None:
    url = world.engine.url.render_as_string(hide_password=False)
    killed = fork(_PROCESS, url, TIDB)
    lock = IssueLock(world.engine, TIDB, this_process(), lambda: datetime.now(UTC), is_alive)
    try:
        assert killed.line() == "True"
        told = lock.take()
        assert not told.granted
        assert f"another process (pid {killed.pid} on host" in told.reason
    finally:
        killed.kill()
        killed.finish()
    assert lock.take().granted
    lock.renew()
    lock.release()

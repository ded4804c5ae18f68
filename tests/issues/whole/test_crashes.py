"""A filer that is killed at any point, and one whose answers get lost: the next run does the rest, and nothing twice.

A part of the points is drawn; the full suite tries all. `pytest -s` prints how many were tried,
and what was found.
"""

import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Executable, event

from ci_stat.store.state import tables
from tests.support import mariadb
from tests.support.drawn import drawn
from tests.support.filing import Saved, World, case, ended, forked, moment, morning, world
from tests.support.github import Fault

LAST = 30  # the day whose window the filer is killed over
PARTS = 2  # of the points, so that tests may run beside each other
NEW = "... obtained string = quite another text"


def history(it: World) -> None:
    """Up to a morning on which everything is to be done: two to file, and one each of all else."""
    it.green(0, LAST + 2)
    it.runs([15.21 + n / 60 for n in range(20)], case("suite.TestSilent"))
    for name in ("suite.TestTold", "suite.TestUsual", "suite.TestBack"):
        it.runs([27.22, 27.63], case(name))
    it.runs([28.22, 28.63], case("suite.TestUnwanted"))
    it.runs([LAST + 0.23, LAST + 0.43], case("suite.TestNew"))
    it.run(LAST + 0.53, *(case(f"broken.Test{n}") for n in range(8)))
    it.run(LAST + 0.33, case("suite.TestTold", NEW))
    it.run(LAST + 0.34, case("suite.TestUsual"))
    it.run(LAST + 0.35, case("suite.TestBack"))
    it.runs([LAST + 0.36, LAST + 0.37], case("suite.TestUnwanted"))
    # The next day tells whether what was done is remembered.
    it.run(LAST + 1.31, case("suite.TestTold", NEW))
    it.run(LAST + 1.32, case("suite.TestUsual"))
    for day in (15, 27, 28):
        made, _ = it.post(day)
        assert not made.plan.stopped
    it.github.close(it.number("TestBack"), at=moment(29.4))
    it.github.close(it.number("TestUnwanted"), reason="not_planned", at=moment(29.4))
    it.at(morning(LAST))


@dataclass(frozen=True)
class Point:
    """Where the filer is killed: at its nth outward call or ledger write."""

    what: str
    when: str
    nth: int


@dataclass
class Counted:
    """The points that a process comes by, and what happens at one of them."""

    at: Point | None = None
    do: Callable[[], None] = lambda: None
    seen: list[Point] = field(default_factory=list)

    def note(self, what: str, when: str) -> None:
        point = Point(
            what, when, 1 + sum((each.what, each.when) == (what, when) for each in self.seen)
        )
        self.seen.append(point)
        if point == self.at:
            self.do()


@contextmanager
def at_writes(it: World, told: Callable[[str], None]) -> Iterator[None]:
    """`told` of each transaction of our state: before it begins, before it is committed, and after that."""
    once = tables._once

    def wrapped(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]]) -> int:
        told("before")
        found = once(engine, statement, values)
        told("after")
        return found

    def committing(_connection: Any) -> None:
        told("inside")

    event.listen(it.state, "commit", committing)
    tables._once = wrapped
    try:
        yield
    finally:
        tables._once = once
        event.remove(it.state, "commit", committing)


def every_point(it: World) -> list[Point]:
    """Those of an undisturbed run."""
    counted = Counted()
    it.on_call = lambda when: counted.note("call", when)
    with at_writes(it, lambda when: counted.note("write", when)):
        it.post()
    it.on_call = None
    return counted.seen


def killed_at(it: World, point: Point) -> None:
    """A run of the filer in a process of its own, which is killed there."""
    child, begin = 0, os.pipe()
    calls = Counted(point, lambda: os.kill(child, signal.SIGKILL))
    writes = Counted(point, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def work() -> None:
        os.read(begin[0], 1)  # until it is known whom to kill
        it.state.dispose(close=False)
        with at_writes(it, lambda when: writes.note("write", when)):
            it.post()

    def on_call(when: str) -> None:
        calls.note("call", when)
        if point in calls.seen:
            raise ConnectionError

    it.on_call = on_call
    child = forked(work)
    os.write(begin[1], b"!")
    assert ended(child) == -signal.SIGKILL, f"{point} was never reached"
    it.on_call = None
    for end in begin:
        os.close(end)


@dataclass
class Tally:
    """What was found at the points, in words."""

    points: int = 0
    doubles: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    def add(self, where: object, it: World, wanted: dict[str, Any]) -> None:
        self.points += 1
        self.doubles += [f"{where}: {each}" for each in it.doubles()]
        found = it.held()
        names = sorted({*found, *wanted})
        self.losses += [
            f"{where}: {name}\n  wanted {wanted.get(name)}\n  found  {found.get(name)}"
            for name in names
            if found.get(name) != wanted.get(name)
        ]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.points} points, {len(self.doubles)} duplicates, {len(self.losses)} losses",
                *self.doubles,
                *self.losses,
            ]
        )


@dataclass
class Prepared:
    """A world on the morning of the day, to which it can be taken back; what is to become of it, and how."""

    it: World
    saved: Saved
    points: list[Point]
    methods: list[str]  # of its calls
    wanted: list[dict[str, Any]]  # on that day, and on the next

    @property
    def writes(self) -> list[str]:
        return [method for method in self.methods if method != "GET"]


@contextmanager
def prepared(state_url: str = "", **options: Any) -> Iterator[Prepared]:
    """In memory: a process that is killed leaves to a file what it has written, on a disk or not."""
    folder = tempfile.TemporaryDirectory(dir=mariadb._home())
    with folder as name, world(Path(name), state_url, read_once=True, **options) as it:
        history(it)
        it.plan()  # reads the logs: forked processes find the window loaded, so this one must too
        saved = it.save()
        it.github.requests.clear()
        points = every_point(it)
        methods, wanted = [call.method for call in it.github.requests], [it.held()]
        assert after_it(it) == []
        it.post(LAST + 1)
        yield Prepared(it, saved, points, methods, [*wanted, it.held()])


@pytest.fixture(scope="module")
def ready() -> Iterator[Prepared]:
    with prepared() as found:
        yield found


def after_it(it: World) -> list[str]:
    """Two more runs: the first takes up what was left, the second finds nothing to do. What the second wrote."""
    for _ in range(2):
        it.later(minutes=2)
        it.github.requests.clear()
        it.post()
    return it.writes()


@dataclass
class Tried:
    """`late`: what was not yet as it should be on the same day, because people get one comment a day at most."""

    end: Tally = field(default_factory=Tally)
    late: Tally = field(default_factory=Tally)

    def add(self, where: object, it: World, wanted: list[dict[str, Any]]) -> None:
        today = Tally()
        today.add(where, it, wanted[0])
        self.end.points += 1
        self.end.doubles += today.doubles
        self.late.losses += today.losses
        if today.losses:
            self.late.points += 1
            it.post(LAST + 1)
            tomorrow = Tally()
            tomorrow.add(where, it, wanted[1])
            self.end.doubles += tomorrow.doubles
            self.end.losses += tomorrow.losses


def some_of_each_kind(points: Sequence[Point], share: int, key: str) -> list[Point]:
    """Of each kind of point one of `share`; all of them in the full suite."""
    kinds = sorted({(point.what, point.when) for point in points})
    chosen: list[Point] = []
    for kind in kinds:
        alike = [point for point in points if (point.what, point.when) == kind]
        chosen += drawn(alike, share, f"{key} {kind}")
    return chosen


def tried(ready: Prepared, points: Sequence[Point]) -> Tried:
    it, found = ready.it, Tried()
    for point in points:
        it.restore(ready.saved)
        killed_at(it, point)
        assert after_it(it) == [], f"{point}: a third run found something to do"
        found.add(point, it, ready.wanted)
    return found


def check(found: Tried, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(
            f"\n{what}: {found.end}; {found.late.points} of them were done on the next morning only"
        )
    assert (found.end.doubles, found.end.losses) == ([], [])


def test_one_run_does_everything(ready: Prepared) -> None:
    kinds = Counter((each.what, each.when) for each in ready.points)
    assert [each.partition(" ")[0] for each in ready.writes] == ["POST"] * 3 + ["PATCH"] + [
        "POST",
        "PATCH",
    ] * 2 + ["PATCH"]
    assert kinds["call", "before"] == kinds["call", "after"] > 20
    assert kinds["write", "before"] == kinds["write", "inside"] == kinds["write", "after"] > 25


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_point(
    ready: Prepared, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    points = some_of_each_kind(ready.points, 5, "SQLite")[part::PARTS]
    check(tried(ready, points), f"SQLite, part {part + 1} of {PARTS}", capsys)


def test_killed_with_our_state_on_a_server(
    mariadb_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Transactions of a server that a client leaves in the middle."""
    with prepared(mariadb_url) as ready:
        points = some_of_each_kind(ready.points, 12, "MariaDB")
        check(tried(ready, points), "MariaDB", capsys)


def test_killed_as_an_app(capsys: pytest.CaptureFixture[str]) -> None:
    """To which GitHub does not tell who it is: all that is ours is found again by its marks alone."""
    with prepared(kind="Bot", login="ci-stat[bot]") as ready:
        points = some_of_each_kind(ready.points, 15, "App")
        check(tried(ready, points), "an App", capsys)


def test_a_restart_at_once_waits_until_lists_show_what_was_on_its_way(
    ready: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process dies when GitHub has done what it was asked; its lists show that half a minute later."""
    it, found = ready.it, Tried()
    writes = [(nth, method) for nth, method in enumerate(ready.methods, 1) if method != "GET"]
    for nth, method in drawn(writes, 3, "restarts"):
        it.restore(ready.saved)
        it.github.list_lag = timedelta(seconds=30)
        killed_at(it, Point("call", "after", nth))
        it.later(seconds=1)
        it.post()
        it.github.list_lag = timedelta(0)
        assert after_it(it) == []
        found.add(f"restart after {method} {nth}", it, ready.wanted)
    check(found, "restarts at once", capsys)


# --- answers that get lost

LOST = ["502-after", "drop-after", "empty-200-after", "html-200-after", "502", "drop-before"]


@pytest.mark.parametrize("what", LOST)
def test_an_answer_to_any_write_is_lost(
    ready: Prepared, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """To each write in turn; a change is asked again a few times, so of it all of them are lost."""
    it, found, seen = ready.it, Tried(), Counter[str]()
    writes: list[tuple[str, int]] = []
    for method in ready.writes:
        seen[method] += 1
        writes.append((method, seen[method]))
    for method, nth in drawn(writes, 3, what):
        where = f"{what} {method} {nth}"
        it.restore(ready.saved)
        it.github.fault(Fault(what, method, nth=nth, times=5 if method == "PATCH" else 1))
        it.post()
        assert it.github.faults.waiting == []
        assert after_it(it) == [], f"{where}: a third run found something to do"
        found.add(where, it, ready.wanted)
    check(found, f"lost answers, {what}", capsys)

"""A filer that is killed anywhere, or loses an answer: the next run does the rest, nothing twice.

The tests draw a part of the points; the full suite tries all. Each test prints how many points it
tried, with the duplicates and losses.
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

from ci_stat.store.state import writing
from tests.support import mariadb
from tests.support.drawn import drawn
from tests.support.filing import Saved, World, case, ended, forked, moment, morning, world
from tests.support.github import Fault

pytestmark = [pytest.mark.chaos, pytest.mark.transaction]

LAST = 30  # the day for whose window the filer is killed
PARTS = 2  # of the points, so that they can run in parallel
NEW = "... obtained string = quite another text"


def history(it: World) -> None:
    """Up to a morning on which the filer files twice, and does everything else once."""
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
    # The next day shows whether the filer knows what it did.
    it.run(LAST + 1.31, case("suite.TestTold", NEW))
    it.run(LAST + 1.32, case("suite.TestUsual"))
    for day in (15, 27, 28):
        result, _ = it.post(day)
        assert not result.plan.stopped
    it.github.close(it.number("TestBack"), at=moment(29.4))
    it.github.close(it.number("TestUnwanted"), reason="not_planned", at=moment(29.4))
    it.at(morning(LAST))


@dataclass(frozen=True)
class Point:
    """Where the filer is killed: at its nth outward call or write of our state."""

    what: str
    when: str
    nth: int


@dataclass
class PassedPoints:
    """The points that a process passes, and what happens `at` one of them."""

    at: Point | None = None
    do: Callable[[], None] = lambda: None
    passed: list[Point] = field(default_factory=list)

    def note(self, what: str, when: str) -> None:
        alike = [point for point in self.passed if (point.what, point.when) == (what, when)]
        point = Point(what, when, 1 + len(alike))
        self.passed.append(point)
        if point == self.at:
            self.do()


@contextmanager
def at_writes(it: World, note: Callable[[str], None]) -> Iterator[None]:
    """Note each write of our state: before its transaction, before the commit, and after it."""
    once = writing._once

    def wrapped(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]]) -> int:
        note("before")
        count = once(engine, statement, values)
        note("after")
        return count

    def committing(_connection: Any) -> None:
        note("inside")

    event.listen(it.state, "commit", committing)
    writing._once = wrapped
    try:
        yield
    finally:
        writing._once = once
        event.remove(it.state, "commit", committing)


def every_point(it: World) -> list[Point]:
    """The points of an undisturbed run."""
    counter = PassedPoints()
    it.on_call = lambda when: counter.note("call", when)
    with at_writes(it, lambda when: counter.note("write", when)):
        it.post()
    it.on_call = None
    return counter.passed


def killed_at(it: World, point: Point) -> None:
    """Run the filer in another process, which is killed at the point."""
    child, begin = 0, os.pipe()
    calls = PassedPoints(point, lambda: os.kill(child, signal.SIGKILL))
    writes = PassedPoints(point, lambda: os.kill(os.getpid(), signal.SIGKILL))

    def work() -> None:
        os.read(begin[0], 1)  # until the parent knows which process to kill
        it.state.dispose(close=False)
        with at_writes(it, lambda when: writes.note("write", when)):
            it.post()

    def on_call(when: str) -> None:
        calls.note("call", when)
        if point in calls.passed:
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
    """The points that were tried, with duplicates and losses as text."""

    points: int = 0
    duplicates: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    def add(self, where: object, it: World, expected: dict[str, Any]) -> None:
        self.points += 1
        self.duplicates += [f"{where}: {text}" for text in it.duplicates()]
        actual = it.contents()
        for title in sorted({*actual, *expected}):
            before, after = expected.get(title), actual.get(title)
            if before != after:
                self.losses.append(f"{where}: {title}\n  expected {before}\n  actual   {after}")

    def __str__(self) -> str:
        duplicates, losses = len(self.duplicates), len(self.losses)
        counts = f"{self.points} points, {duplicates} duplicates, {losses} losses"
        return "\n".join([counts, *self.duplicates, *self.losses])


@dataclass
class Prepared:
    """A world on the morning of the last day, which can be restored, and its undisturbed run.

    - `points`, `methods`: those of the run, and the methods of its requests.
    - `expected`: the tracker after the run, and after the next day's.
    """

    it: World
    saved: Saved
    points: list[Point]
    methods: list[str]
    expected: list[dict[str, Any]]

    @property
    def writes(self) -> list[str]:
        return [method for method in self.methods if method != "GET"]


@contextmanager
def prepared(state_url: str = "", **options: Any) -> Iterator[Prepared]:
    """In memory, where a killed process loses as little as on a disk."""
    folder = tempfile.TemporaryDirectory(dir=mariadb._home())
    with folder as name, world(Path(name), state_url, read_once=True, **options) as it:
        history(it)
        it.plan()  # reads the logs: forked processes find the window loaded, so this one must too
        saved = it.save()
        it.github.requests.clear()
        points = every_point(it)
        methods, expected = [call.method for call in it.github.requests], [it.contents()]
        assert after_it(it) == []
        it.post(LAST + 1)
        yield Prepared(it, saved, points, methods, [*expected, it.contents()])


@pytest.fixture(scope="module")
def ready() -> Iterator[Prepared]:
    with prepared() as morning_of_last_day:
        yield morning_of_last_day


def after_it(it: World) -> list[str]:
    """Run twice: the first run does the rest. Return what the second one wrote: nothing."""
    for _ in range(2):
        it.later(minutes=2)
        it.github.requests.clear()
        it.post()
    return it.writes()


@dataclass
class Tried:
    """`end`: the tracker in the end.

    `late`: what was only done on the next day, because comments are limited to one a day.
    """

    end: Tally = field(default_factory=Tally)
    late: Tally = field(default_factory=Tally)

    def add(self, where: object, it: World, expected: list[dict[str, Any]]) -> None:
        today = Tally()
        today.add(where, it, expected[0])
        self.end.points += 1
        self.end.duplicates += today.duplicates
        self.late.losses += today.losses
        if today.losses:
            self.late.points += 1
            it.post(LAST + 1)
            tomorrow = Tally()
            tomorrow.add(where, it, expected[1])
            self.end.duplicates += tomorrow.duplicates
            self.end.losses += tomorrow.losses


def some_of_each_kind(points: Sequence[Point], share: int, key: str) -> list[Point]:
    """Draw one of `share` points of each kind; all of them in the full suite."""
    kinds = sorted({(point.what, point.when) for point in points})
    chosen: list[Point] = []
    for kind in kinds:
        alike = [point for point in points if (point.what, point.when) == kind]
        chosen += drawn(alike, share, f"{key} {kind}")
    return chosen


def tried(ready: Prepared, points: Sequence[Point]) -> Tried:
    it, results = ready.it, Tried()
    for point in points:
        it.restore(ready.saved)
        killed_at(it, point)
        assert after_it(it) == [], f"{point}: a third run found something to do"
        results.add(point, it, ready.expected)
    return results


def check(results: Tried, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{what}: {results.end}; {results.late.points} complete only on the next day")
    assert (results.end.duplicates, results.end.losses) == ([], [])


def test_one_run_does_everything(ready: Prepared) -> None:
    kinds = Counter((point.what, point.when) for point in ready.points)
    comments_and_edits = ["POST", "PATCH"] * 2
    assert ready.writes == [*["POST"] * 3, "PATCH", *comments_and_edits, "PATCH"]
    assert kinds["call", "before"] == kinds["call", "after"] > 20
    assert kinds["write", "before"] == kinds["write", "inside"] == kinds["write", "after"] > 25


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_every_point(
    ready: Prepared, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    points = some_of_each_kind(ready.points, 12, "SQLite")[part::PARTS]
    check(tried(ready, points), f"SQLite, part {part + 1} of {PARTS}", capsys)


def test_killed_with_our_state_on_a_server(
    mariadb_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server keeps transactions that a client has left unfinished."""
    with prepared(mariadb_url) as ready:
        points = some_of_each_kind(ready.points, 24, "MariaDB")
        check(tried(ready, points), "MariaDB", capsys)


def test_killed_as_an_app(capsys: pytest.CaptureFixture[str]) -> None:
    """GitHub does not report an App's login: only markers say what is ours."""
    with prepared(kind="Bot", login="ci-stat[bot]") as ready:
        points = some_of_each_kind(ready.points, 30, "App")
        check(tried(ready, points), "an App", capsys)


def test_a_restart_at_once_waits_until_lists_show_earlier_calls(
    ready: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process dies after GitHub did its call; lists show that half a minute later."""
    it, results = ready.it, Tried()
    writes = [(nth, method) for nth, method in enumerate(ready.methods, 1) if method != "GET"]
    for nth, method in drawn(writes, 3, "restarts"):
        it.restore(ready.saved)
        it.github.list_lag = timedelta(seconds=30)
        killed_at(it, Point("call", "after", nth))
        it.later(seconds=1)
        it.post()
        it.github.list_lag = timedelta(0)
        assert after_it(it) == []
        results.add(f"restart after {method} {nth}", it, ready.expected)
    check(results, "restarts at once", capsys)


# --- lost answers

LOST = ["502-after", "drop-after", "empty-200-after", "html-200-after", "502", "drop-before"]


@pytest.mark.parametrize("what", LOST)
def test_an_answer_to_any_write_is_lost(
    ready: Prepared, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose the answer to each write in turn. Edits are retried, so all their answers are lost."""
    it, results, seen = ready.it, Tried(), Counter[str]()
    writes: list[tuple[str, int]] = []
    for method in ready.writes:
        seen[method] += 1
        writes.append((method, seen[method]))
    for method, nth in drawn(writes, 5, what):
        where = f"{what} {method} {nth}"
        it.restore(ready.saved)
        it.github.fault(Fault(what, method, nth=nth, times=5 if method == "PATCH" else 1))
        it.post()
        assert it.github.faults.waiting == []
        assert after_it(it) == [], f"{where}: a third run found something to do"
        results.add(where, it, ready.expected)
    check(results, f"lost answers, {what}", capsys)

"""Two processes at one campaign: the second says who is at it, and takes over when it may."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.campaigns.processes.commands import Ended, Interpreter, Running
from tests.campaigns.processes.world import Place, place_of
from tests.support.workflows import JobOf, Workflows

pytestmark = pytest.mark.concurrent

FILE = """\
repo = "pingcap/ticdc"
branch = "master"
count = 2
stagger_minutes = 5
contexts = ["unit"]
failed = "close"
"""
LEASE = 60 * 60  # seconds
BETWEEN_LOOKS = 30  # seconds; shorter pauses are those of requests
REFUSED = 10
DATABASE = 3


@dataclass
class Held:
    """A driver that stands still between two looks, after it has opened a pull request."""

    place: Place[Workflows]
    pid: int = 0
    is_held: threading.Event = field(default_factory=threading.Event)
    is_released: threading.Event = field(default_factory=threading.Event)

    def before_sleep(self, pid: int, seconds: float) -> None:
        if pid == self.pid and self.place.code.pulls and seconds >= BETWEEN_LOOKS:
            self.is_held.set()
            self.is_released.wait(60)

    @contextmanager
    def driver(self, host: str = "") -> Iterator[Running]:
        begun = threading.Event()

        def before_sleep(pid: int, seconds: float) -> None:
            begun.wait(60)
            self.before_sleep(pid, seconds)

        self.place.control.before_sleep = before_sleep
        running = self.place.start("start", host=host)
        self.pid = running.pid
        begun.set()
        assert self.is_held.wait(60)
        try:
            yield running
        finally:
            self.is_released.set()


@pytest.fixture
def held(interpreter: Interpreter, tmp_path: Path) -> Iterator[Held]:
    ci_of = partial(Workflows, jobs=(JobOf("unit", 10),))
    with place_of(interpreter, tmp_path / "place", FILE, ci_of) as place:
        yield Held(place)


def check(place: Place[Workflows]) -> None:
    """Both pull requests are closed, with one comment each."""
    assert set(place.code.heads(place.code.github.repo)) == {"master"}
    assert [place.code.issue(number).state for number in place.code.pulls] == ["closed"] * 2
    assert [len(place.code.issue(number).comments) for number in place.code.pulls] == [1, 1]
    assert [run.number for run in place.ci.runs] == [1, 2]


def refusals(place: Place[Workflows], host: str) -> list[Ended]:
    ended = [place.start(word, host=host).wait() for word in ("resume", "start")]
    assert [one.code for one in ended] == [REFUSED, REFUSED], ended
    return ended


def test_the_second_one_is_refused_while_the_first_lives(held: Held) -> None:
    with held.driver() as first:
        writes = sum(call.writes for call in held.place.code.github.requests)
        for ended in refusals(held.place, ""):
            assert f"pid {first.pid} on host" in ended.err
            assert "is alive" in ended.err
        held.place.ci.advance(2 * LEASE)
        refusals(held.place, "")
        assert sum(call.writes for call in held.place.code.github.requests) == writes
    assert first.wait().code == 0
    check(held.place)


def test_it_takes_over_from_one_that_was_killed(held: Held) -> None:
    with held.driver() as first:
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait().code == -signal.SIGKILL
        assert held.place.start("resume").wait().code == 0
    check(held.place)


def test_one_on_another_host_keeps_it_for_its_lease(held: Held) -> None:
    """What happens there cannot be observed: its machine may hang, and wake up later."""
    place = held.place
    with held.driver(host="alpha") as first:
        for ended in refusals(place, "beta"):
            assert f"pid {first.pid} on host alpha" in ended.err
            assert "the lock expires in" in ended.err
        place.ci.advance(LEASE / 2)
        refusals(place, "beta")
        place.ci.advance(LEASE / 2 + 60)
        assert place.start("resume", host="beta").wait().code == 0
        check(place)
        writes = sum(call.writes for call in place.code.github.requests)
    late = first.wait()
    assert late.code == DATABASE, late
    assert "taken over the lock on the campaign: nothing more was written" in late.err
    assert sum(call.writes for call in place.code.github.requests) == writes
    check(place)


def test_a_late_one_changes_nothing_while_its_successor_works(held: Held) -> None:
    """The first driver wakes up in the middle of the second one's work."""
    place = held.place
    with held.driver(host="alpha") as first:
        place.ci.advance(LEASE + 60)
        second = place.start("resume", host="beta")
        woken = threading.Event()

        def wake(pid: int, _seconds: float) -> None:
            if pid == second.pid and len(place.code.pulls) == 2 and not woken.is_set():
                woken.set()
                held.is_released.set()
                assert first.wait().code == DATABASE

        place.control.before_sleep = wake
        assert second.wait().code == 0
        assert woken.is_set()
    check(place)


def test_an_order_to_cancel_from_another_process(held: Held) -> None:
    place = held.place
    with held.driver() as first:
        ordered = place.start("cancel", "--json").wait()
        assert ordered.code == 0, ordered.err
        assert "The process that drives the campaign cancels it now." in ordered.err
        assert json.loads(place.start("status", "--json").wait().out)["state"] == "cancelling"
    ended = first.wait()
    status = json.loads(place.run("status", "--json").out)
    assert status["state"] == "cancelled", ended.err
    assert [probe["state"] for probe in status["probes"]] == ["cancelled", "cancelled"]
    assert set(place.code.heads(place.code.github.repo)) == {"master"}
    assert [place.code.issue(number).state for number in place.code.pulls] == ["closed"]

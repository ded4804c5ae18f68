"""A made-up campaign through the outbox: pull requests that change nothing, by processes that are
killed anywhere.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Engine

from ci_stat.store.state.calls import Answer, Call, CallKind, CallState, Request
from ci_stat.store.state.outbox import Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.stored_values import digest

NOON = datetime(2021, 6, 19, 12, tzinfo=UTC)
KINDS = (
    CallKind.BRANCH,
    CallKind.COMMIT,
    CallKind.PULL_REQUEST,
    CallKind.COMMENT,
    CallKind.STATUS,
    CallKind.CLOSE,
)


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Repository:
    """A server that creates whatever it is asked for, as often as it is asked, and lists it under a
    mark.
    """

    marks: list[str] = field(default_factory=list)

    def create(self, mark: str) -> int:
        self.marks.append(mark)
        return len(self.marks)

    def find(self, mark: str) -> int:
        return self.marks.index(mark) + 1 if mark in self.marks else 0


@dataclass
class Process:
    """One process of the campaign. `point`: called at each point where a kill is possible."""

    outbox: Outbox
    repository: Repository
    probes: int
    point: Callable[[], None]

    def run(self) -> None:
        """All calls are planned first; then each is made when the one before it is done."""
        for probe in range(self.probes):
            for kind in KINDS:
                self.outbox.intend(request(probe, kind))
                self.point()
        for probe in range(self.probes):
            for kind in KINDS:
                if not self.make(request(probe, kind)):
                    break

    def make(self, request: Request) -> bool:
        """Whether the call is done, by us now or by another process before."""
        claim = self.outbox.claim(request, self.look)
        self.point()
        if not claim.granted:
            return claim.call.state is CallState.DONE
        number = self.repository.create(request.identity)
        self.point()
        self.outbox.finish(request.id, answer(number))
        self.point()
        return True

    def look(self, call: Call) -> Answer:
        self.point()
        number = self.repository.find(call.identity)
        return answer(number) if number else Answer(CallState.REFUSED, reason="it is not there")


def request(probe: int, kind: str) -> Request:
    return Request(digest(str(probe), kind), f'[1,"campaign 1",{probe},"{kind}"]', kind)


def answer(number: int) -> Answer:
    return Answer(CallState.DONE, number, f"ref-{number}", f"https://example.com/{number}")


@dataclass
class World:
    engine: Engine
    target: str
    probes: int = 1
    living: set[str] = field(default_factory=set)
    now: datetime = NOON
    pids: Iterator[int] = field(default_factory=lambda: count(1))
    repository: Repository = field(default_factory=Repository)

    def run(self, killed_at: int = 0) -> int:
        """One process from its start to its end, or to the point at which it is killed. How many
        points it met.
        """
        owner, met = f"a:{next(self.pids)}:boot.7", 0
        self.living.add(owner)

        def point() -> None:
            nonlocal met
            met += 1
            if met == killed_at:
                raise Killed

        table = CallTable(self.engine, "campaign", self.target)
        outbox = Outbox(table, owner, lambda: self.now, self.living.__contains__)
        with suppress(Killed):
            Process(outbox, self.repository, self.probes, point).run()
        self.living.discard(owner)
        self.now += timedelta(minutes=1)
        return met

    def calls(self) -> list[Call]:
        return CallTable(self.engine, "campaign", self.target).select()


def check(world: World) -> None:
    requests = [request(probe, kind) for probe in range(world.probes) for kind in KINDS]
    wanted = sorted(request.identity for request in requests)
    assert sorted(world.repository.marks) == wanted
    calls = world.calls()
    assert sorted(call.identity for call in calls) == wanted
    assert {call.state for call in calls} == {CallState.DONE}
    for call in calls:
        number = world.repository.find(call.identity)
        assert (call.number, call.reference) == (number, f"ref-{number}")
        assert call.url == f"https://example.com/{number}"


@pytest.mark.chaos
@pytest.mark.transaction
def test_killed_between_any_two_steps(empty_state: Engine) -> None:
    undisturbed = World(empty_state, "undisturbed")
    points = undisturbed.run()
    check(undisturbed)
    assert points == 4 * len(KINDS)

    for killed_at in range(1, points + 1):
        world = World(empty_state, f"killed {killed_at}")
        assert world.run(killed_at) == killed_at
        world.run()
        check(world)


@pytest.mark.chaos
@pytest.mark.transaction
@pytest.mark.parametrize("lifetime", [3, 5])
def test_killed_again_and_again(empty_state: Engine, lifetime: int) -> None:
    """Each process lives for a few points after those that are behind it already."""
    world = World(empty_state, f"lives {lifetime}", probes=2)
    killed_at = 0
    for _ in range(200):
        killed_at += lifetime
        if world.run(killed_at) < killed_at:
            break
    check(world)

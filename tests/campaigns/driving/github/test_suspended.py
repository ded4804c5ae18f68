"""A driver whose machine is suspended for hours, in any of its pauses; another one takes over.

It wakes up in the middle of its step. It must not send what its successor has sent meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.errors import CiStatError, DatabaseError
from tests.campaigns.driving.github.steps import ONE, check, jobs
from tests.campaigns.driving.github.world import GitHubTime, GitHubWorld, github_world
from tests.support.drawn import drawn

pytestmark = [pytest.mark.chaos, pytest.mark.concurrent]

LONG = timedelta(hours=3)  # the lease of the lock is one hour
FIRST, SECOND = "alpha:1:boot.1", "beta:2:boot.2"  # neither sees the other's host


@dataclass
class SuspendedTime:
    """The time of all drivers. Something happens in its n-th pause, counted from 1; 0: never.

    `requests`: how many requests there were at each pause.
    """

    time: GitHubTime
    at: int = 0
    happens: Callable[[], object] | None = None
    requests: list[int] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.time()

    def sleep(self, seconds: float) -> None:
        self.requests.append(len(self.time.prow.code.github.requests))
        if len(self.requests) == self.at and self.happens is not None:
            self.happens()
        self.time.sleep(seconds)


def with_suspension(world: GitHubWorld, at: int = 0) -> SuspendedTime:
    """Let another driver end the campaign in a pause of the first one."""

    def take_over() -> None:
        world.prow.advance(LONG.total_seconds())
        second = world.campaigns(SECOND, lambda _: True)
        known = second.ledger.all()
        assert len(known) == 1
        second.resume()

    time = SuspendedTime(world.time, at, take_over)
    world.time = time  # type: ignore[assignment]
    return time


def undisturbed(state: Engine, folder: Path) -> tuple[int, list[int]]:
    """The number of pauses of a campaign, and those after which something is written."""
    with github_world(state, folder / "undisturbed", jobs(), "undisturbed") as world:
        time = with_suspension(world)
        world.campaigns(FIRST, lambda _: True).start(ONE)
        requests = world.github.requests
    before_writes = [
        number
        for number, sent in enumerate(time.requests, 1)
        if sent < len(requests) and requests[sent].writes
    ]
    return len(time.requests), before_writes


def suspended(state: Engine, folder: Path, at: int) -> CiStatError | None:
    """How the first driver ended. What both of them left is checked."""
    with github_world(state, folder / str(at), jobs(), f"suspended {at}") as world:
        with_suspension(world, at)
        first, error = world.campaigns(FIRST, lambda _: True), None
        try:
            first.start(ONE)
        except CiStatError as raised:
            error = raised
        (campaign,) = first.ledger.all()
        check(world, campaign, 1)
        return error


def test_before_a_write(state: Engine, tmp_path: Path) -> None:
    _, pauses = undisturbed(state, tmp_path)
    assert len(pauses) >= 5
    for at in drawn(pauses, 3, f"suspended {state.dialect.name}"):
        error = suspended(state, tmp_path, at)
        assert isinstance(error, DatabaseError)
        assert "taken over" in str(error)


def test_in_any_pause(state: Engine, tmp_path: Path) -> None:
    count, _ = undisturbed(state, tmp_path)
    for at in drawn(range(2, count), 25, f"any pause {state.dialect.name}"):
        assert isinstance(suspended(state, tmp_path, at), DatabaseError | None)

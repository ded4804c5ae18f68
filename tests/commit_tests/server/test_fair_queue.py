"""Users in turn, limits of runs at once, and quotas."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.commit_tests.client.client import Client
from ci_stat.commit_tests.protocol.events import SessionEnded
from ci_stat.commit_tests.server.fair_queue import FairQueue, Quotas, Ticket
from ci_stat.errors import Refused
from tests.support.commit_server.scripted import Script, ScriptedBackend, sha
from tests.support.commit_server.serving import request, serving


class _Queue:
    """A queue whose runs end when the test says. `begun`: in their order."""

    def __init__(self, quotas: Quotas) -> None:
        self.queue = FairQueue(quotas)
        self.begun: list[str] = []
        self.running: list[Ticket] = []

    def add(self, user: str, name: str) -> Ticket:
        ticket = Ticket(user, lambda: self._start(name, ticket))
        self.queue.add(ticket)
        return ticket

    def _start(self, name: str, ticket: Ticket) -> None:
        self.begun.append(name)
        self.running.append(ticket)

    def end_one(self) -> None:
        self.queue.release(self.running.pop(0))


def test_users_take_turns() -> None:
    queue = _Queue(Quotas(parallel=1))
    for name in ("a1", "a2", "a3", "a4"):
        queue.add("a", name)
    queue.add("b", "b1")
    queue.add("c", "c1")
    queue.add("b", "b2")
    while queue.running:
        queue.end_one()
    assert queue.begun == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


def test_one_user_cannot_take_all_slots() -> None:
    queue = _Queue(Quotas(parallel=4, user_parallel=2))
    for number in range(6):
        queue.add("a", f"a{number}")
    assert queue.begun == ["a0", "a1"]
    queue.add("b", "b0")
    assert queue.begun == ["a0", "a1", "b0"]
    queue.end_one()
    assert queue.begun[-1] == "a2"
    assert queue.queue.running == 3


def test_withdrawn_run_never_begins() -> None:
    queue = _Queue(Quotas(parallel=1))
    first, second = queue.add("a", "a1"), queue.add("a", "a2")
    assert not queue.queue.withdraw(first)
    assert queue.queue.withdraw(second)
    assert not queue.queue.withdraw(second)
    queue.end_one()
    assert queue.begun == ["a1"]
    assert (queue.queue.running, queue.queue.waiting) == (0, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["add", "end", "withdraw"]))),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_slots_are_never_exceeded_nor_left_idle(
    steps: list[tuple[str, str]], parallel: int, per_user: int
) -> None:
    queue = _Queue(Quotas(parallel=parallel, user_parallel=per_user))
    added: list[Ticket] = []
    withdrawn = 0
    for user, step in steps:
        if step == "add":
            added.append(queue.add(user, user))
        elif step == "end" and queue.running:
            queue.end_one()
        elif step == "withdraw" and added:
            withdrawn += queue.queue.withdraw(added[-1])
        of_user = [ticket.user for ticket in queue.running]
        assert len(queue.running) == queue.queue.running <= parallel
        assert all(of_user.count(name) <= (per_user or parallel) for name in "abc")
        waiting = len(added) - withdrawn - len(queue.begun)
        assert queue.queue.waiting == waiting
        if queue.queue.free and waiting:
            assert per_user
    while queue.running:
        queue.end_one()
    assert len(queue.begun) == len(added) - withdrawn


async def _run_all(client: Client, user: str, *commits: str) -> None:
    async with client:
        events = [event async for event in client.run(request(*commits, user=user))]
    assert isinstance(events[-1], SessionEnded)


def test_a_small_session_does_not_wait_for_a_large_one(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend()
        backend.gate = asyncio.Event()
        async with serving(tmp_path, backend) as served:
            large = [f"large{number}" for number in range(20)]
            first = asyncio.create_task(_run_all(served.client(), "a", *large))
            while not backend.begun:
                await asyncio.sleep(0.001)
            second = asyncio.create_task(_run_all(served.client(), "b", "small"))
            while served.hub.machinery.queue.waiting < 20:
                await asyncio.sleep(0.001)
            backend.gate.set()
            await asyncio.gather(first, second)
        assert backend.begun.index(sha("small")) <= 2
        assert backend.most_running == 1

    asyncio.run(check())


def test_no_more_runs_at_once_than_slots(tmp_path: Path) -> None:
    async def check() -> None:
        names = [f"c{number}" for number in range(12)]
        backend = ScriptedBackend({sha(name): Script(pause=0.002) for name in names})
        async with serving(tmp_path, backend, Quotas(parallel=3)) as served:
            await _run_all(served.client(), "a", *names)
        assert backend.most_running == 3

    asyncio.run(check())


@pytest.mark.parametrize(
    ("quotas", "problem"),
    [
        (Quotas(parallel=1, user_sessions=1), "has 1 sessions, which is the quota"),
        (Quotas(parallel=1, user_commits=4), "would exceed the quota of 4"),
    ],
)
def test_quota_of_a_user_refuses_more(tmp_path: Path, quotas: Quotas, problem: str) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        async with serving(tmp_path, backend, quotas) as served, served.client() as client:
            await client.submit(request("a", "b", "c", user="one"))
            while not backend.begun:
                await asyncio.sleep(0.001)
            with pytest.raises(Refused, match=problem):
                await client.submit(request("d", "e", user="one"))
            await client.submit(request("f", user="another"))

    asyncio.run(check())

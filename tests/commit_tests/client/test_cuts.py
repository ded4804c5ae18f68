"""The connection is cut at each frame of a session: nothing is lost, and nothing comes twice."""

import asyncio
from pathlib import Path

import pytest

from ci_stat.commit_tests.client.client import Client
from ci_stat.commit_tests.client.opening import socket_opener
from ci_stat.commit_tests.model import Outcome
from ci_stat.commit_tests.protocol.events import (
    NumberedEvent,
    RunFinished,
    SessionEnded,
    SessionEvent,
)
from ci_stat.commit_tests.server.channel import Pace
from tests.support.commit_server.scripted import Script, ScriptedBackend, sha
from tests.support.commit_server.serving import QUICK, Cutter, Served, request, serving

FAILING = {sha("b"): Script(outcome=Outcome.FAILED)}


async def _session_of(client: Client) -> list[NumberedEvent]:
    async with client:
        return [event async for event in await client.submit(request())]


async def _cut_session(served: Served, **cut: int | bool) -> tuple[list[NumberedEvent], Cutter]:
    cutter = Cutter(socket_opener(served.url), **cut)  # type: ignore[arg-type]
    return await _session_of(Client(cutter.open, QUICK)), cutter


def _bodies(events: list[NumberedEvent]) -> list[SessionEvent]:
    return [event.body for event in events]


@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "arrived"])
def test_cut_at_each_frame_loses_and_repeats_nothing(tmp_path: Path, is_lost: bool) -> None:
    async def check() -> None:
        backend = ScriptedBackend(FAILING)
        async with serving(tmp_path, backend) as served:
            whole, uncut = await _cut_session(served, at=0)
            assert uncut.frames > 25
            for at in range(1, uncut.frames + 1):
                backend.begun.clear()
                events, cutter = await _cut_session(served, at=at, is_lost=is_lost)
                numbers = [event.seq for event in events]
                assert _bodies(events) == _bodies(whole), f"cut at frame {at}"
                assert numbers == sorted(set(numbers))
                assert cutter.cuts == 1
                assert backend.begun == [sha("a"), sha("b"), sha("c")], f"cut at frame {at}"

    asyncio.run(check())


def test_connection_that_breaks_all_the_time_still_ends(tmp_path: Path) -> None:
    """Each connection lives for the handshake and three more frames."""

    async def check() -> None:
        backend = ScriptedBackend(FAILING)
        async with serving(tmp_path, backend, pace=Pace(window=2)) as served:
            whole, _ = await _cut_session(served, at=0)
            events, cutter = await _cut_session(served, every=6, is_lost=False)
            assert _bodies(events) == _bodies(whole)
            assert cutter.cuts > 3

    asyncio.run(check())


def test_session_goes_on_while_no_client_is_there(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        async with serving(tmp_path, backend) as served:
            async with served.client() as client:
                session = await client.submit(request())
            assert backend.gate is not None
            backend.gate.set()
            await served.hub.ended(session.id)
            async with served.client() as client:
                events = [event.body async for event in await client.attach(session.id[:5])]
            assert sum(isinstance(event, RunFinished) for event in events) == 3
            assert events[-1] == SessionEnded(counts={Outcome.PASSED: 3})

    asyncio.run(check())


def test_attach_after_a_number_gives_only_what_follows(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            whole = await _session_of(served.client())
            (summary,) = served.hub.listed("", 10)[0]
            for after in range(len(whole)):
                async with served.client() as client:
                    session = await client.attach(summary.session, whole[after].seq)
                    if after < len(whole) - 1:
                        rest = [event async for event in session]
                        assert rest == whole[after + 1 :]

    asyncio.run(check())


def test_repeated_request_finds_its_session(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend()
        async with serving(tmp_path, backend) as served, served.client() as client:
            first = await client.submit(request("a"), "my-request")
            events = [event async for event in first]
            async with served.client() as other:
                again = await other.submit(request("a"), "my-request")
                assert again.id == first.id
                assert [event async for event in again] == events
            assert backend.begun == [sha("a")]

    asyncio.run(check())

"""A client that reads slowly, or not at all: others do not wait, and the server keeps little."""

import asyncio
import tracemalloc
from pathlib import Path

from ci_stat.commit_tests.model import OutputLine
from ci_stat.commit_tests.protocol.events import RunProgress
from ci_stat.commit_tests.server.channel import Pace
from tests.support.commit_server.raw import raw, session
from tests.support.commit_server.scripted import Script, ScriptedBackend, sha
from tests.support.commit_server.serving import request, serving

LINES = tuple(f"{number} " + "x" * 1000 for number in range(5_000))
CHATTY = {sha("chatty"): Script(lines=LINES)}


def _numbers(events: list[object]) -> list[int]:
    return [
        event.event.number
        for event in events
        if isinstance(event, RunProgress) and isinstance(event.event, OutputLine)
    ]


def test_only_a_window_is_sent_before_it_is_acknowledged(tmp_path: Path) -> None:
    async def check() -> None:
        pace = Pace(window=8)
        async with serving(tmp_path, pace=pace) as served, raw(served.url) as client:
            await client.hello()
            await client.send(type="submit", request="r", session=session())
            accepted = await client.next()
            events = [await client.next() for _ in range(8)]
            await served.hub.ended(accepted["session"])
            await client.send(type="ping")
            assert (await client.next())["type"] == "pong"
            await client.send(type="ack", session=accepted["session"], seq=events[2]["seq"])
            more = [await client.next() for _ in range(3)]
            assert [event["seq"] for event in events + more] == list(range(1, 12))
            await client.send(type="ping")
            assert (await client.next())["type"] == "pong"

    asyncio.run(check())


def test_client_that_reads_nothing_blocks_nobody(tmp_path: Path) -> None:
    """Its window is larger than all buffers, so the server waits for its socket."""

    async def check() -> None:
        pace = Pace(window=1_000_000)
        chatty = serving(tmp_path, ScriptedBackend(CHATTY), pace=pace)
        async with chatty as served, raw(served.url, max_queue=1) as stuck:
            await stuck.hello()
            stuck.socket.transport.pause_reading()
            await stuck.send(type="submit", request="r", session=session("chatty"))
            while not served.hub.listed("", 1)[0]:
                await asyncio.sleep(0.001)
            (summary,), _ = served.hub.listed("", 1)
            await served.hub.ended(summary.session)

            async with served.client() as client:
                events = [event async for event in client.run(request("chatty"))]
                assert len(_numbers(list(events))) == len(LINES)
                again = await client.attach(summary.session)
                bodies = [event.body async for event in again]
                assert _numbers(list(bodies)) == list(range(1, len(LINES) + 1))
            stuck.socket.transport.abort()

    asyncio.run(check())


def test_slow_reader_loses_nothing_and_costs_no_memory(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend(CHATTY)
        async with serving(tmp_path, backend) as served, served.client() as client:
            session = await client.submit(request("chatty"))
            await served.hub.ended(session.id)
            tracemalloc.start()
            events = []
            async for event in session:
                if event.seq % 500 == 0:
                    await asyncio.sleep(0.005)
                if isinstance(event.body, RunProgress) and isinstance(event.body.event, OutputLine):
                    events.append(event.body.event.number)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert events == list(range(1, len(LINES) + 1))
            assert peak < 2_500_000, "the journal has 5 MB"

    asyncio.run(check())

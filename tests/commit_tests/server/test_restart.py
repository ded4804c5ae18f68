"""The server ends at each point of a journal, also within a line. The next one goes on."""

import asyncio
from itertools import accumulate
from pathlib import Path

import pytest

from ci_stat.commit_tests.model import Emit, Outcome, RunResult, TestRequest
from ci_stat.commit_tests.protocol.events import (
    CancelRequested,
    NumberedEvent,
    RunFinished,
    RunInterrupted,
    RunStarted,
    SessionEnded,
    SessionState,
)
from ci_stat.commit_tests.server.fair_queue import Quotas
from ci_stat.commit_tests.server.journal import GAP, Journal
from ci_stat.commit_tests.server.runner import MAX_ATTEMPTS
from tests.support.commit_server.scripted import Script, ScriptedBackend, sha
from tests.support.commit_server.serving import hub_in, request

FAILING = {sha("b"): Script(outcome=Outcome.FAILED, lines=("one", "two\u2028\x1b[31m"))}
ID = "0123456789ab"


def _events(path: Path) -> list[NumberedEvent]:
    journal = Journal.open(path)
    assert journal is not None
    events = list(journal.events())
    journal.close()
    return events


async def _whole_session(folder: Path, *commits: str) -> bytes:
    """The journal of a session."""
    hub = hub_in(folder, ScriptedBackend(FAILING))
    await hub.start()
    session = await hub.submit("", "request", request(*commits))
    await hub.ended(session)
    await hub.stop()
    return hub.archive.path(session).read_bytes()


async def _continued(folder: Path, data: bytes) -> tuple[list[NumberedEvent], ScriptedBackend]:
    """Start a server on a journal, and return all events at the end of the session."""
    path = folder / "sessions" / f"{ID}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    backend = ScriptedBackend(FAILING)
    hub = hub_in(folder, backend)
    await hub.start()
    if path.exists():
        for session in list(hub._open):
            await hub.ended(session)
    await hub.stop()
    return (_events(path) if path.exists() else []), backend


def _results(events: list[NumberedEvent]) -> list[tuple[int, RunResult]]:
    finished = [event.body for event in events if isinstance(event.body, RunFinished)]
    return sorted((event.index, event.result) for event in finished)


def test_server_that_ends_at_each_point_gives_the_same_results(tmp_path: Path) -> None:
    async def check() -> None:
        whole = await _whole_session(tmp_path / "whole")
        lines = whole.splitlines(keepends=True)
        (path,) = (tmp_path / "whole" / "sessions").iterdir()
        expected = _results(_events(path))
        assert len(expected) == 3
        assert len(lines) > 18

        ends = [0, *accumulate(len(line) for line in lines)]
        torn = [
            end - cut
            for end, line in zip(ends[1:], lines, strict=True)
            for cut in (1, len(line) // 2)
        ]
        for end in sorted({*ends, *torn}):
            head_is_whole = end >= len(lines[0])
            events, backend = await _continued(tmp_path / str(end), whole[:end])
            if not head_is_whole:
                assert events == []
                continue
            assert _results(events) == expected, f"ended at byte {end}"
            assert isinstance(events[-1].body, SessionEnded)
            numbers = [event.seq for event in events]
            assert numbers == sorted(set(numbers))
            finished_before = whole[:end].count(b'"kind":"run_finished"') - (
                not whole[:end].endswith(b"\n") and b"run_finished" in whole[:end].split(b"\n")[-1]
            )
            assert len(backend.begun) == 3 - finished_before

    asyncio.run(check())


def test_client_that_saw_lost_lines_still_gets_all_that_follows(tmp_path: Path) -> None:
    """After a power failure the disk may lack lines that a client has seen."""

    async def check() -> None:
        whole = await _whole_session(tmp_path / "whole")
        lines = whole.splitlines(keepends=True)
        events, _ = await _continued(tmp_path / "next", b"".join(lines[:4]))
        seen = 12  # by the client, before the failure
        assert len(_results([event for event in events if event.seq > seen])) == 3
        assert min(event.seq for event in events if event.seq > 4) == GAP

    asyncio.run(check())


def test_commit_that_ran_is_said_to_be_interrupted(tmp_path: Path) -> None:
    async def check() -> None:
        whole = await _whole_session(tmp_path / "whole", "a")
        lines = whole.splitlines(keepends=True)
        place = next(number for number, line in enumerate(lines) if b'"run_started"' in line)
        cut = b"".join(lines[: place + 1])
        events, _ = await _continued(tmp_path / "next", cut)
        bodies = [event.body for event in events]
        assert RunInterrupted(index=0) in bodies
        attempts = [body.attempt for body in bodies if isinstance(body, RunStarted)]
        assert attempts == [1, 2]

    asyncio.run(check())


def test_commit_that_ends_the_server_again_and_again_is_given_up(tmp_path: Path) -> None:
    async def check() -> None:
        folder = tmp_path / "server"
        for _ in range(MAX_ATTEMPTS):
            hub = hub_in(folder, ScriptedBackend(gate=asyncio.Event()))
            await hub.start()
            await hub.submit("", "request", request("a"))
            while hub.machinery.queue.running == 0:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.02)
            await hub.stop()

        backend = ScriptedBackend()
        hub = hub_in(folder, backend)
        await hub.start()
        runs = await hub.ended(await hub.submit("", "request", request("a")))
        await hub.stop()
        assert backend.begun == []
        assert runs.results[0].outcome is Outcome.INFRASTRUCTURE
        assert "ended 3 times" in runs.results[0].detail

    asyncio.run(check())


class _Surviving(ScriptedBackend):
    """A backend whose runs outlive the server."""

    reattached: int = 0

    async def reattach(
        self, request: TestRequest, emit: Emit, cancel: asyncio.Event
    ) -> RunResult | None:
        if request.commit != sha("a"):
            return None
        self.reattached += 1
        return await self._run(request, emit, cancel)


def test_backend_whose_runs_survive_is_followed_again(tmp_path: Path) -> None:
    async def check() -> None:
        quotas = Quotas(parallel=2)
        hub = hub_in(tmp_path, ScriptedBackend(gate=asyncio.Event()), quotas)
        await hub.start()
        await hub.submit("", "request", request("a", "b"))
        while hub.machinery.queue.running < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
        await hub.stop()

        backend = _Surviving()
        hub = hub_in(tmp_path, backend, quotas)
        await hub.start()
        runs = await hub.ended(await hub.submit("", "request", request("a", "b")))
        await hub.stop()
        assert backend.reattached == 1
        assert backend.begun == [sha("b")]
        assert [result.outcome for result in runs.results.values()] == [Outcome.PASSED] * 2

    asyncio.run(check())


def test_cancel_is_remembered_over_a_restart(tmp_path: Path) -> None:
    async def check() -> None:
        hub = hub_in(tmp_path, ScriptedBackend(gate=asyncio.Event()))
        await hub.start()
        session = await hub.submit("", "request", request())
        while hub.machinery.queue.running == 0:
            await asyncio.sleep(0.001)
        hub.machinery.queue.close()
        await hub._open[session].journal.append_durably(CancelRequested(), hub.machinery.clock())
        await hub.stop()

        backend = ScriptedBackend()
        hub = hub_in(tmp_path, backend)
        await hub.start()
        runs = await hub.ended(session)
        await hub.stop()
        assert backend.begun == []
        assert {result.outcome for result in runs.results.values()} == {Outcome.CANCELLED}

    asyncio.run(check())


@pytest.mark.parametrize("line", [0, 3])
def test_damaged_journal_stops_only_its_session(tmp_path: Path, line: int) -> None:
    async def check() -> None:
        whole = await _whole_session(tmp_path / "whole")
        lines = whole.splitlines(keepends=True)[:-1]
        lines[line] = lines[line][:10] + b"#" + lines[line][11:]
        folder = tmp_path / "next"
        (folder / "sessions").mkdir(parents=True)
        (folder / "sessions" / f"{ID}.jsonl").write_bytes(b"".join(lines))
        hub = hub_in(folder, ScriptedBackend())
        await hub.start()
        assert hub.archive.damaged == 1
        runs = await hub.ended(await hub.submit("", "other", request("a")))
        assert runs.ended is not None
        await hub.stop()

    asyncio.run(check())


def test_ended_sessions_are_listed_after_a_restart(tmp_path: Path) -> None:
    async def check() -> None:
        await _whole_session(tmp_path)
        hub = hub_in(tmp_path, ScriptedBackend())
        await hub.start()
        (summary,), left_out = hub.listed("", 10)
        await hub.stop()
        assert (summary.state, summary.commits, left_out) == (SessionState.ENDED, 3, 0)
        assert summary.counts == {Outcome.PASSED: 2, Outcome.FAILED: 1}

    asyncio.run(check())

"""The file of a session: what is read is what was written, also when the disk is full."""

import asyncio
import os
from pathlib import Path

import pytest

from ci_stat.commit_tests.model import Outcome, Output, OutputLine, RunResult, Step, TestCounts
from ci_stat.commit_tests.protocol.events import (
    RunFinished,
    RunProgress,
    RunStarted,
    SessionEnded,
)
from ci_stat.commit_tests.server.encoding import MAX_RESULT, encoded, fitting_line, fitting_result
from ci_stat.commit_tests.server.journal import Journal
from ci_stat.commit_tests.server.journal_end import read_ended
from ci_stat.commit_tests.server.journal_head import JournalHead
from ci_stat.errors import WriteError
from tests.support.commit_server.scripted import AT, ScriptedBackend
from tests.support.commit_server.serving import hub_in, request

HEAD = JournalHead(session="abc", user="u", request="r", submitted=AT, what=request("a"))


def _line(text: str, number: int = 1) -> RunProgress:
    return RunProgress(index=0, event=OutputLine(step=Step.TEST, number=number, text=text))


def _result(**fields: object) -> RunResult:
    known = {"commit": "a", "outcome": Outcome.PASSED, "started": AT, "seconds": 1.0}
    return RunResult(**{"backend": "b", **known, **fields})  # type: ignore[arg-type]


def _seqs(journal: Journal, after: int) -> list[int]:
    place, seqs = journal.place_after(after), []
    while (part := journal.read(place)).lines:
        place = part.next_place
        seqs += [line.seq for line in part.lines if line.seq > after]
    return seqs


def test_events_after_a_number_are_found_also_in_a_long_journal(tmp_path: Path) -> None:
    async def check() -> None:
        journal = Journal.create(tmp_path / "a.jsonl", HEAD)
        for number in range(1, 3001):
            journal.append(_line("x" * 300, number), AT)
        opened = Journal.open(tmp_path / "a.jsonl")
        assert opened is not None
        for one in (journal, opened):
            assert one.last == 3000
            for after in (0, 1, 255, 256, 257, 1500, 2999, 3000, 9999):
                assert _seqs(one, after) == list(range(after + 1, 3001))
            one.close()

    asyncio.run(check())


def test_line_longer_than_a_chunk_is_read_whole(tmp_path: Path) -> None:
    async def check() -> None:
        journal = Journal.create(tmp_path / "a.jsonl", HEAD)
        texts = ["short", "x" * 700_000, "after"]
        for text in texts:
            journal.append(_line(text), AT)
        assert [event.body for event in journal.events()] == [_line(text) for text in texts]
        assert _seqs(journal, 0) == [1, 2, 3]
        journal.close()

    asyncio.run(check())


def test_half_characters_do_not_stop_a_run(tmp_path: Path) -> None:
    async def check() -> None:
        journal = Journal.create(tmp_path / "a.jsonl", HEAD)
        journal.append(_line("a\ud800b\x00\x1b"), AT)
        (event,) = journal.events()
        assert event.body == _line("a?b\x00\x1b")
        journal.close()

    asyncio.run(check())


def test_full_disk_leaves_only_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        journal = Journal.create(tmp_path / "a.jsonl", HEAD)
        journal.append(_line("before"), AT)
        write = os.write
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda handle, data: write(handle, data[:7]))
            with pytest.raises(WriteError, match="No space left"):
                journal.append(_line("lost"), AT)
        assert journal.append(_line("after"), AT) == 2
        assert [event.body for event in journal.events()] == [_line("before"), _line("after")]
        journal.close()

    asyncio.run(check())


def test_session_whose_disk_is_full_goes_on_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        assert backend.gate is not None
        hub = hub_in(tmp_path, backend)
        await hub.start()
        session = await hub.submit("", "r", request("a", "b"))
        while not backend.begun:
            await asyncio.sleep(0.001)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", lambda *_: 0)
            backend.gate.set()
            runs = await hub.ended(session)
        assert runs.ended is None
        (summary,), _ = hub.listed("", 5)
        assert summary.state == "stopped"
        assert "No space left" in hub.failure_of(session)
        await hub.stop()

        hub = hub_in(tmp_path, ScriptedBackend())
        await hub.start()
        runs = await hub.ended(session)
        await hub.stop()
        assert runs.ended == SessionEnded(counts={Outcome.PASSED: 2})

    asyncio.run(check())


def test_durable_event_is_seen_when_the_disk_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        journal = Journal.create(tmp_path / "a.jsonl", HEAD)
        seen: list[int] = []
        sync = os.fsync

        def watched(handle: int) -> None:
            seen.append(journal.last)
            sync(handle)

        monkeypatch.setattr(os, "fsync", watched)
        started = RunStarted(index=0, commit="a", backend="b")
        writing = asyncio.create_task(journal.append_durably(started, AT))
        await asyncio.sleep(0)
        journal.append(_line("while the disk works"), AT)
        await writing
        assert seen == [0]
        assert journal.last == 2
        journal.close()

    asyncio.run(check())


def test_end_is_found_without_reading_the_whole_journal(tmp_path: Path) -> None:
    async def check() -> None:
        path = tmp_path / "a.jsonl"
        journal = Journal.create(path, HEAD)
        for number in range(500):
            journal.append(_line("x" * 500, number), AT)
        assert read_ended(path) is None
        ended = SessionEnded(counts={Outcome.PASSED: 1})
        journal.append(ended, AT)
        journal.close()
        found = read_ended(path)
        assert found is not None
        head, runs, last = found
        assert (head, runs.ended, last) == (HEAD, ended, 501)
        with path.open("ab") as file:
            file.write(b'{"torn')
        assert read_ended(path) is None

    asyncio.run(check())


def test_result_that_is_too_large_is_cut_and_says_so() -> None:
    names = tuple(f"test_{number}" * 50 for number in range(20_000))
    huge = _result(
        detail="x" * 3_000_000,
        output=Output(tail="y" * 3_000_000 + "end"),
        tests=TestCounts(failed=len(names), failed_names=names),
    )
    finished = fitting_result(RunFinished(index=0, result=huge))
    assert len(encoded(finished)) < MAX_RESULT
    assert finished.cut_texts == 2 + len(names) - 200
    assert finished.result.output.tail.endswith("end")
    small = RunFinished(index=0, result=_result())
    assert fitting_result(small) is small


def test_line_that_is_too_long_is_cut_and_says_so() -> None:
    cut = fitting_line(_line("x" * 100_000)).event
    assert isinstance(cut, OutputLine)
    assert (len(cut.text), cut.is_cut) == (16 * 1024, True)
    assert fitting_line(_line("x")) == _line("x")


def test_lines_beyond_the_limit_of_a_journal_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check() -> None:
        monkeypatch.setattr("ci_stat.commit_tests.server.runner.MAX_JOURNAL", 1)
        hub = hub_in(tmp_path, ScriptedBackend())
        await hub.start()
        session = await hub.submit("", "r", request("a"))
        await hub.ended(session)
        with hub.reading(session) as journal:
            bodies = [event.body for event in journal.events()]
        await hub.stop()
        (finished,) = [body for body in bodies if isinstance(body, RunFinished)]
        assert finished.unsent_lines == 2
        assert not any(
            isinstance(body, RunProgress) and isinstance(body.event, OutputLine) for body in bodies
        )

    asyncio.run(check())


def test_old_sessions_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    async def check() -> None:
        hub = hub_in(tmp_path, ScriptedBackend())
        await hub.start()
        session = await hub.submit("", "r", request("a"))
        await hub.ended(session)
        assert hub.archive.sweep(days=1) == 0
        assert hub.archive.sweep(days=-1) == 1
        assert hub.listed("", 5) == ([], 0)
        assert list((tmp_path / "sessions").iterdir()) == []
        assert await hub.submit("", "r", request("a")) != session
        await hub.stop()

    asyncio.run(check())

"""What a client can ask about its sessions: cancel, list, logs; and the simple shape."""

import asyncio
from pathlib import Path

import pytest

from ci_stat.commit_tests.model import Outcome, Output
from ci_stat.commit_tests.protocol.events import RunFinished, SessionEnded, SessionState
from ci_stat.commit_tests.protocol.frames import MAX_LOG_PART
from ci_stat.errors import NotFound
from tests.support.commit_server.raw import raw
from tests.support.commit_server.scripted import Script, ScriptedBackend, sha
from tests.support.commit_server.serving import Served, request, serving


def test_cancel_ends_what_runs_and_what_waits(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        async with serving(tmp_path, backend) as served, served.client() as client:
            session = await client.submit(request())
            while not backend.begun:
                await asyncio.sleep(0.001)
            assert await client.cancel(session.id[:6]) == session.id
            bodies = [event.body async for event in session]
            finished = [body for body in bodies if isinstance(body, RunFinished)]
            assert [one.result.outcome for one in finished] == [Outcome.CANCELLED] * 3
            assert bodies[-1] == SessionEnded(counts={Outcome.CANCELLED: 3})
            assert backend.begun == backend.ended == [sha("a")]
            assert served.hub.machinery.queue.running == 0
            assert await client.cancel(session.id) == session.id

    asyncio.run(check())


def test_cancel_while_commits_are_looked_up(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            never = asyncio.Event()
            machinery = served.hub.machinery
            object.__setattr__(machinery, "resolve", lambda _: never.wait())
            session = await client.submit(request("a"))
            await client.cancel(session.id)
            ended = [event.body async for event in session][-1]
            assert isinstance(ended, SessionEnded)
            assert "cancelled before its commits were known" in ended.problem

    asyncio.run(check())


def test_unknown_commit_ends_the_session_with_its_reason(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            (ended,) = [event async for event in client.run(request("missing"))]
            assert ended == SessionEnded(
                problem="The repository has no commit 'missing'.", hint="Name another."
            )

    asyncio.run(check())


def test_backend_that_raises_says_nothing_about_the_commit(tmp_path: Path) -> None:
    async def check() -> None:
        scripts = {sha("a"): Script(error=RuntimeError("no \x1b[31mpod"))}
        backend = ScriptedBackend(scripts)
        async with serving(tmp_path, backend) as served, served.client() as client:
            events = [event async for event in client.run(request("a", "b"))]
            results = [event.result for event in events if isinstance(event, RunFinished)]
            assert [one.outcome for one in results] == [Outcome.INFRASTRUCTURE, Outcome.PASSED]
            assert "no \\x1b[31mpod" in results[0].detail

    asyncio.run(check())


def test_list_shows_the_newest_and_counts_the_rest(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            ids = []
            for number in range(5):
                session = await client.submit(request(f"c{number}", chat=f"chat{number}"))
                assert [event async for event in session]
                ids.append(session.id)
            listed = await client.sessions(limit=2)
            assert [one.session for one in listed.sessions] == ids[:-3:-1]
            assert listed.left_out == 3
            newest = listed.sessions[0]
            assert (newest.state, newest.commits, newest.chat) == (SessionState.ENDED, 1, "chat4")

    asyncio.run(check())


async def _log(served: Served, path: Path, text: bytes) -> str:
    path.write_bytes(text)
    async with served.client() as client:
        session = await client.submit(request("a"))
        assert [event async for event in session]
        parts = [part async for part in client.logs(session.id, 0)]
    assert all(part.cut_bytes == 7 for part in parts)
    return "".join(part.text for part in parts)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"one\ntwo\n",
        "é€\U0001f600".encode() * 60_000,
        b"a" + "\U0001f600".encode() * 70_000,
        b"\xff\x00\x1b[31m" * 10,
        b"x" * MAX_LOG_PART,
        b"x" * (MAX_LOG_PART - 1) + b"\xf0\x9f",
    ],
    ids=["empty", "short", "parts", "split", "hostile", "exact", "torn"],
)
def test_log_is_the_kept_output(tmp_path: Path, text: bytes) -> None:
    async def check() -> None:
        path = tmp_path / "output.log"
        script = Script(output=Output(path=str(path), cut_bytes=7))
        backend = ScriptedBackend({sha("a"): script})
        async with serving(tmp_path / "server", backend) as served:
            assert await _log(served, path, text) == text.decode(errors="replace")

    asyncio.run(check())


@pytest.mark.parametrize("kind", ["none", "gone", "link", "folder", "running", "index"])
def test_log_that_is_not_there_is_said(tmp_path: Path, kind: str) -> None:
    async def check() -> None:
        secret = tmp_path / "secret"
        secret.write_text("hunter2")
        (tmp_path / "link").symlink_to(secret)
        path = {"none": "", "folder": str(tmp_path)}.get(kind, str(tmp_path / kind))
        backend = ScriptedBackend({sha("a"): Script(output=Output(path=path))})
        if kind == "running":
            backend.gate = asyncio.Event()
        async with serving(tmp_path / "server", backend) as served, served.client() as client:
            session = await client.submit(request("a"))
            if kind != "running":
                assert [event async for event in session]
            with pytest.raises(NotFound) as caught:
                await anext(client.logs(session.id, 5 if kind == "index" else 0))
            assert "hunter2" not in str(caught.value)

    asyncio.run(check())


SIMPLE = {
    "ws_url": "ws://ignored",
    "repo_url": "https://example.org/r.git",
    "user_id": 7,
    "chat_id": "c",
    "project_type": "fastapi",
    "test_command": "make test",
    "commits": ["HEAD~1", "HEAD"],
}


def test_simple_shape_is_answered_with_one_frame(tmp_path: Path) -> None:
    async def check() -> None:
        failing = Script(outcome=Outcome.FAILED, output=Output(tail="boom"))
        backend = ScriptedBackend({sha("HEAD"): failing})
        async with serving(tmp_path, backend) as served, raw(served.url) as client:
            await client.send(**SIMPLE, commit="HEAD")
            assert await client.next() == {
                "commit": "HEAD",
                "status": "failed",
                "exit_code": 1,
                "output": "boom",
                "error": "it failed",
            }
            await client.send(**SIMPLE, commit="HEAD~1")
            answer = await client.next()
            assert (answer["status"], answer["exit_code"], answer["error"]) == ("passed", 0, "")
            (newest, _), _ = served.hub.listed("", 5)
            assert (newest.user, newest.chat) == ("7", "c")

    asyncio.run(check())


@pytest.mark.parametrize(
    ("commit", "problem"),
    [("missing", "no commit 'missing'"), ("a..b", "not a range"), ("--x", "looks like an option")],
)
def test_simple_shape_says_what_is_wrong(tmp_path: Path, commit: str, problem: str) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, raw(served.url) as client:
            await client.send(**SIMPLE, commit=commit)
            answer = await client.next()
            assert (answer["status"], answer["exit_code"]) == ("infrastructure", None)
            assert problem in answer["error"]

    asyncio.run(check())


def test_simple_client_that_goes_ends_its_run(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        async with serving(tmp_path, backend) as served:
            async with raw(served.url) as client:
                await client.send(**SIMPLE, commit="HEAD")
                while not backend.begun:
                    await asyncio.sleep(0.001)
            while served.hub.open_sessions:
                await asyncio.sleep(0.001)
            (summary,), _ = served.hub.listed("", 5)
            assert summary.counts == {Outcome.CANCELLED: 1}

    asyncio.run(check())

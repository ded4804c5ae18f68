"""Who may connect, and what a client that does not keep to the protocol gets."""

import asyncio
import json
import logging
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from ci_stat.commit_tests.protocol.frames import MAX_CLIENT_FRAME
from ci_stat.commit_tests.server.channel import Pace
from ci_stat.errors import NotFound, Refused, SettingsError
from tests.support.commit_server.raw import raw, session
from tests.support.commit_server.scripted import ScriptedBackend
from tests.support.commit_server.serving import Served, request, serving

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def test_wrong_token_is_refused_before_the_handshake(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            served.tokens.add("ann", NOW)
            with pytest.raises(SettingsError, match="does not accept the token"):
                await served.client("cst_wrong").__aenter__()
            with pytest.raises(SettingsError, match="needs a token"):
                await served.client().__aenter__()

    asyncio.run(check())


def test_token_in_hello_serves_clients_without_headers(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            token = served.tokens.add("ann", NOW)
            async with raw(served.url) as client:
                assert (await client.hello(token=token))["user"] == "ann"
            async with raw(served.url) as client:
                refused = await client.hello(token="cst_wrong")
                assert refused["code"] == "token"
                assert "cst_wrong" not in json.dumps(refused)
                assert await client.closing() == 1008

    asyncio.run(check())


def test_user_of_the_token_counts(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            token = served.tokens.add("ann", NOW)
            async with served.client(token) as client:
                assert client.server.user == "ann"
                await client.submit(request("a", user="ann"))
                with pytest.raises(Refused, match="belongs to 'ann', not to 'bob'"):
                    await client.submit(request("a", user="bob"))

    asyncio.run(check())


def test_users_do_not_see_the_sessions_of_others(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            ann, bob = served.tokens.add("ann", NOW), served.tokens.add("bob", NOW)
            async with served.client(ann) as client:
                mine = await client.submit(request("a"))
                assert [event async for event in mine]
            async with served.client(bob) as client:
                for refused in (client.attach(mine.id), client.cancel(mine.id)):
                    with pytest.raises(NotFound):
                        await refused
                with pytest.raises(NotFound):
                    await anext(client.logs(mine.id, 0))
                assert (await client.sessions()).sessions == ()
                other = await client.submit(request("a"), "same-request")
                assert other.id != mine.id

    asyncio.run(check())


def test_token_file_that_others_can_read_refuses_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            token = served.tokens.add("ann", NOW)
            served.tokens.path.chmod(0o644)
            with pytest.raises(SettingsError):
                await served.client(token).__aenter__()

    with caplog.at_level(logging.ERROR):
        asyncio.run(check())
    assert "chmod 600" in caplog.text


@pytest.mark.parametrize(
    ("origin", "is_permitted"),
    [
        ("https://evil.example", False),
        ("null", False),
        ("http://127.0.0.1.evil.example", False),
        ("https://ci.example.org", True),
        ("HTTPS://CI.example.org", True),
        ("own", True),
    ],
)
def test_origin_of_a_page(tmp_path: Path, origin: str, is_permitted: bool) -> None:
    async def check() -> None:
        async with serving(tmp_path, origins=("https://ci.example.org/",)) as served:
            headers = {"Origin": served.http if origin == "own" else origin}
            if is_permitted:
                async with raw(served.url, headers) as client:
                    assert (await client.hello())["type"] == "welcome"
                return
            with pytest.raises(InvalidStatus) as caught:
                async with raw(served.url, headers):
                    pass
            assert caught.value.response.status_code == 403

    asyncio.run(check())


async def _refusal(served: Served, text: str) -> tuple[dict[str, Any], int | None]:
    async with raw(served.url) as client:
        await client.socket.send(text)
        return await client.next(), await client.closing()


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"hello","versions":[99]}', "version"),
        ('{"type":"hello","versions":[]}', "version"),
        ('{"type":"ping"}', "not_hello"),
        ("no json", "invalid"),
        ('{"type":"hello"}', "invalid"),
    ],
)
def test_first_frame_must_be_hello(tmp_path: Path, first: str, code: str) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served:
            refused, closed = await _refusal(served, first)
            assert (refused["type"], refused["code"], closed) == ("error", code, 1008)

    asyncio.run(check())


def test_oversize_frame_ends_only_its_connection(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, raw(served.url) as other:
            await other.hello()
            async with raw(served.url) as client:
                await client.hello()
                frame = {"type": "ping", "more": "x" * MAX_CLIENT_FRAME}
                await client.socket.send(json.dumps(frame))
                assert await client.closing() == 1009
            await other.send(type="ping", number=5)
            assert await other.next() == {"type": "pong", "number": 5}

    asyncio.run(check())


def test_invalid_frames_are_answered_and_many_end_the_connection(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, raw(served.url) as client:
            await client.hello()
            await client.send(type="cancel", request="r1")
            error = await client.next()
            assert (error["code"], error["request"]) == ("invalid", "r1")
            await client.send(type="hello", versions=[1])
            assert "does not belong here" in (await client.next())["message"]
            for _ in range(18):
                await client.socket.send("{")
                assert (await client.next())["type"] == "error"
            assert await client.closing() == 1008

    asyncio.run(check())


def test_silent_clients_are_pinged_and_then_left(tmp_path: Path) -> None:
    async def check() -> None:
        pace = Pace(hello=0.05, ping=0.05)
        async with serving(tmp_path, pace=pace) as served:
            async with raw(served.url) as client:
                assert await client.closing() == 1008
            async with raw(served.url) as client:
                await client.hello()
                for _ in range(3):
                    assert (await client.next())["type"] == "ping"
                    await client.send(type="pong")
                assert (await client.next())["type"] == "ping"
                assert await client.closing() == 1011
            assert served.server.connections == 0

    asyncio.run(check())


def test_client_notices_a_server_that_has_gone_silent(tmp_path: Path) -> None:
    """A proxy may keep a connection open whose server is gone."""

    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        assert backend.gate is not None
        serving_slowly = serving(tmp_path, backend, pace=Pace(ping=0.1))
        async with serving_slowly as served, served.client() as client:
            followed = await client.submit(request("a"))
            # The server neither answers nor hangs up: its handler of pings is busy.
            client._link.welcome = client.server
            served.server.pace = Pace(ping=60)
            await asyncio.sleep(0.3)
            backend.gate.set()
            assert [event async for event in followed]

    asyncio.run(check())


def test_unknown_backend_and_unknown_session_are_named(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path) as served, served.client() as client:
            with pytest.raises(Refused, match="no backend 'moon'"):
                await client.submit(request("a", backend="moon"))
            with pytest.raises(NotFound, match="no session 'ffff'"):
                await client.attach("ffff")
            with pytest.raises(NotFound, match="no session 'zz'"):
                await client.cancel("zz")

    asyncio.run(check())


def _health(served: Served, method: str = "GET") -> tuple[int, bytes]:
    asked = urllib.request.Request(f"{served.http}/health", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_health_says_what_works(tmp_path: Path) -> None:
    async def check() -> None:
        backend = ScriptedBackend(gate=asyncio.Event())
        async with serving(tmp_path, backend) as served, served.client() as client:
            await client.submit(request("a", "b"))
            while not backend.begun:
                await asyncio.sleep(0.001)
            status, body = await asyncio.to_thread(_health, served)
            health = json.loads(body)
            assert (status, health["status"]) == (200, "ok")
            assert health["slots"] == {"parallel": 1, "free": 0}
            assert (health["waiting"], health["sessions"], health["connections"]) == (1, 1, 1)
            assert health["backends"] == [
                {"name": "scripted", "works": True, "version": "1.0", "problem": ""}
            ]
            assert await asyncio.to_thread(_health, served, "HEAD") == (200, b"")

    asyncio.run(check())


def test_health_is_503_if_no_backend_works(tmp_path: Path) -> None:
    async def check() -> None:
        problems = {"scripted": "bubblewrap is not installed."}
        async with serving(tmp_path, problems=problems) as served:
            status, body = await asyncio.to_thread(_health, served)
            assert status == 503
            assert b"bubblewrap is not installed" in body

    asyncio.run(check())


def test_raw_client_follows_a_session(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(tmp_path, pace=Pace(window=3)) as served, raw(served.url) as client:
            await client.hello()
            await client.send(type="submit", request="r", session=session("a"))
            accepted = await client.next()
            assert (accepted["type"], accepted["request"]) == ("accepted", "r")
            kinds = []
            while "session_ended" not in kinds:
                event = await client.until("event")
                kinds.append(event["body"]["kind"])
                await client.send(type="ack", session=accepted["session"], seq=event["seq"])
            assert kinds[:2] == ["commits_resolved", "run_started"]
            assert kinds[-2:] == ["run_finished", "session_ended"]

    asyncio.run(check())

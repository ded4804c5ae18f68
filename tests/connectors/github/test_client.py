"""What goes over the wire: sent once, to one place, with one secret, which is shown nowhere."""

import gzip
import json
import socket
import threading
import time as clock
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ci_stat.connectors.github import client
from ci_stat.connectors.github.repository import GitHub
from ci_stat.connectors.http.client import HttpClient
from ci_stat.records import DeliveryState, WriteResult
from tests.connectors.github.test_repository import (
    PROXIES,
    REPO,
    TOKEN,
    client_of,
    hub,
    raised,
    says,
)
from tests.support.connectors import FakeTime, answering, certified, everything_logged
from tests.support.proxy import closed_port

ME = says(b'{"login":"me"}')


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


def test_a_request_by_the_byte() -> None:
    with answering(ME) as raw:
        assert client_of(f"{raw.url}/api/v3", FakeTime()).viewer() == "me"
    head, _, body = raw.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    assert (first, body) == ("GET /api/v3/user HTTP/1.1", b"")
    assert headers.pop("host").startswith("127.0.0.1:")
    assert headers.pop("accept-encoding").startswith("gzip")
    assert headers == {
        "authorization": f"token {TOKEN}",
        "user-agent": "ci_stat",
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "connection": "keep-alive",
    }


def test_a_write_by_the_byte() -> None:
    with answering(says(b"{}", "201 Created")) as raw:
        client_of(raw.url, FakeTime()).create('t " \ud800', "ü\x00", ["a"])
    head, _, body = raw.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST /repos/{REPO}/issues HTTP/1.1\r\n".encode())
    assert b"Content-Type: application/json\r\n" in head
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body) == {"title": 't " \ud800', "body": "ü\x00", "labels": ["a"]}


def test_the_connection_is_kept_for_reading_and_new_for_each_write() -> None:
    connections: list[int] = []
    with hub() as it, everything_logged() as lines:
        for _ in range(3):
            it.client.viewer()
        connections.append(sum("Starting new HTTP connection" in line for line in lines[::2]))
        for _ in range(2):
            it.client.create("t", "b", [])
        connections.append(sum("Starting new HTTP connection" in line for line in lines[::2]))
        it.client.viewer()
        connections.append(sum("Starting new HTTP connection" in line for line in lines[::2]))
    assert connections == [1, 3, 3]


def test_a_kept_connection_that_was_closed_is_opened_anew() -> None:
    time = FakeTime()
    with answering(ME) as raw:
        client = client_of(raw.url, time)
        assert [client.viewer() for _ in range(3)] == ["me"] * 3
    assert len(raw.requests) >= 3


def test_a_redirect_is_not_followed_and_gets_no_token() -> None:
    with answering(ME) as there:
        for status in ("301 Moved", "302 Found", "307 Temporary", "308 Permanent"):
            for location in (
                f"{there.url}/user",
                "/user",
                "https://127.0.0.1:1/user",
                "http://[",
                "",
            ):
                answer = says(b'{"message":"Moved"}', status, headers=[f"Location: {location}"])
                with answering(answer) as raw:
                    raised(client_of(raw.url, FakeTime()).viewer)
                    assert len(raw.requests) == (5 if status == "302 Found" else 1)
        assert there.requests == []


def test_a_202_is_not_asked_again_for_ever() -> None:
    time = FakeTime()
    with answering(says(b'{"login":"me"}', "202 Accepted")) as raw:
        assert (
            "(HTTP status 202) (tried 5 times)" in raised(client_of(raw.url, time).viewer).message
        )
        assert (len(raw.requests), time.waits) == (5, [1.0, 2.0, 4.0, 8.0])


def test_passwords_of_others_are_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password wrongsecret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with answering(ME) as raw:
        client_of(raw.url, FakeTime()).viewer()
    assert f"token {TOKEN}".encode() in raw.requests[0]
    assert b"Basic" not in raw.requests[0]


def test_no_proxy_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with answering(ME) as raw:
        assert client_of(raw.url, FakeTime()).viewer() == "me"


def test_a_proxy_that_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = says(f"<html>{TOKEN}</html>".encode(), f"403 {TOKEN}", "text/html")
    with everything_logged() as lines, answering(refusal) as raw:
        monkeypatch.setenv("HTTPS_PROXY", raw.url)
        client = client_of("https://ghe.example/api/v3", FakeTime())
        written = client.create("t", "b", [])
        assert (written.state, TOKEN in repr(written)) == (DeliveryState.FAILED, False)
        assert "the proxy refuses the connection" in written.reason
        assert raw.requests[0].startswith(b"CONNECT ghe.example:443")
        assert TOKEN.encode() not in b"".join(raw.requests)
    assert not any(TOKEN in line for line in lines)


def test_encrypted_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = certified(tmp_path)
    with answering(ME, context=known.server) as raw:
        error = raised(client_of(raw.url, FakeTime()).viewer)
        assert "its certificate is refused" in error.message
        written = client_of(raw.url, FakeTime()).create("t", "b", [])
        assert (written.state, written.stop) == (DeliveryState.FAILED, True)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", known.ca_file)
        assert client_of(raw.url, FakeTime()).viewer() == "me"
    assert len([each for each in raw.requests if each]) == 1


def test_packed_answers_and_chunks() -> None:
    body = gzip.compress(b'{"login":"\xe6\x95\xb0"}')
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:4], body[4:]))
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
        b"Content-Type: text/plain\r\n\r\n"
    )
    with answering(head + chunks + b"0\r\n\r\n") as raw:
        assert client_of(raw.url, FakeTime()).viewer() == "数"


def test_an_answer_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BODY", 1_000)
    with answering(says(b'{"login":"' + b"x" * 10_000 + b'"}')) as raw:
        assert "the response is truncated" in raised(client_of(raw.url, FakeTime()).viewer).message


def test_an_answer_that_comes_byte_by_byte() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, suppress(OSError):
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(1_000):
                    client.sendall(b" ")
                    clock.sleep(0.02)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        begun = clock.monotonic()
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", FakeTime(), timeout=0.2)
        assert client.create("t", "b", []).state is DeliveryState.UNCERTAIN
        assert clock.monotonic() - begun < 15  # the whole answer takes twenty seconds
        thread.join(10)


@contextmanager
def hanging_up(after: int) -> Iterator[tuple[str, list[int]]]:
    """Reads `after` bytes of each connection and resets it; the bytes that were read."""
    read: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, suppress(OSError):
                    read.append(len(client.recv(after)) if after else 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", read
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@pytest.mark.parametrize("after", [1, 100, 5_000])
def test_a_connection_that_is_reset_while_it_is_written_to(after: int) -> None:
    with hanging_up(after) as (url, read):
        written = client_of(url, FakeTime()).create("t", "b" * 60_000, [])
        assert (written.state, len(read)) == (DeliveryState.UNCERTAIN, 1)


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    written = client_of("https://ghe.example", FakeTime()).create("t", "b", [])
    assert written == WriteResult(
        DeliveryState.FAILED,
        reason="https://ghe.example cannot be reached: Name or service not known",
    )


def test_a_connection_that_nobody_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(full.getsockname())
        written = client_of(url, FakeTime(), timeout=0.3).create("t", "b", [])
        for each in waiting:
            each.close()
    assert written == WriteResult(
        DeliveryState.FAILED, reason=f"{url} did not respond within 0.3 s"
    )


def test_logs_of_everybody_show_no_token() -> None:
    """Also where the server repeats it."""
    said = says(
        json.dumps({"message": f"no {TOKEN}"}).encode(), "401 No", headers=[f"X-Echo: {TOKEN}"]
    )
    with everything_logged() as lines, answering(said) as raw:
        written = client_of(raw.url, FakeTime()).create("t", "b", [])
        assert written.reason.endswith("(HTTP status 401: no ***)")
    assert any("POST /repos/" in line for line in lines)
    assert not any(TOKEN in line for line in lines)


def test_nothing_is_connected_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(HttpClient, "_new_pools", never)
    client = GitHub("https://api.github.com", REPO, TOKEN)
    with pytest.raises(AssertionError):
        client.viewer()

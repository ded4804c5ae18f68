"""An exchange ends at its deadline, however slow the server is.

This holds for a read, for a write, and for the body of an answer.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ci_stat.connectors.http.address import Address, parse_address
from ci_stat.connectors.http.client import HttpClient, Interrupted, Stream
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response
from ci_stat.connectors.outcome import Reaction, without_response
from ci_stat.records import DeliveryState
from tests.connectors.github.test_repository import PROXIES, client_of, raised
from tests.support.connectors import FakeTime, certified, says
from tests.support.trickling import trickling

OK = says(b'{"login":"me"}', headers=["X-Long: " + "x" * 2_000])  # takes twenty seconds by the byte
SHORT = says(b"{}")
ME = says(b'{"login":"me"}')
TIMEOUT, LIMIT = 0.2, 0.6
SOON = 5.0  # far less than the whole answer takes, on a slow machine too


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def place(root: str) -> Address:
    return parse_address(f"{root}/hook/x", "webhook", "https://...", needs_path=True)


def http(root: str, timeout: float = TIMEOUT) -> HttpClient:
    return HttpClient(place(root), Mask(), timeout)


@pytest.mark.parametrize("encrypted", [False, True])
def test_headers_by_the_byte(
    encrypted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certified(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.ca_file)
    with trickling(OK, context=own.server if encrypted else None) as server:
        begun = time.monotonic()
        write = http(server.url).post("", b"{}")
        question = http(server.url).get("", {})
        assert LIMIT < time.monotonic() - begun < 2 * SOON
    reason = f"{server.url} did not finish its response within 0.6 s"
    assert (write, question) == (NoResponse(reason, sent=True), NoResponse(reason))
    reactions = [
        without_response(each).reaction
        for each in (write, question)
        if isinstance(each, NoResponse)
    ]
    assert reactions == [Reaction.UNKNOWN, Reaction.RETRY]
    assert len(server.requests) == 2


def test_a_request_that_is_taken_slowly() -> None:
    with trickling(b"", deaf=True) as server:
        begun = time.monotonic()
        answer = http(server.url).post("", b"x" * 40_000_000)
        assert time.monotonic() - begun < SOON
    assert isinstance(answer, NoResponse)
    assert answer.sent


@pytest.mark.parametrize("head", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_by_the_byte(head: str) -> None:
    """And the length of its first chunk, which is read as a whole."""
    with trickling(b"0" * 1_000, quick=f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode()) as server:
        begun = time.monotonic()
        answer = http(server.url).post("", b"{}")
        assert LIMIT < time.monotonic() - begun < SOON
    assert isinstance(answer, Response)
    assert set(answer.body) <= {ord("0")}


def test_a_short_answer_by_the_byte_is_in_time() -> None:
    with trickling(SHORT) as server:
        answer = http(server.url, timeout=20).post("", b"{}")
    assert isinstance(answer, Response)
    assert answer.json() == {}


def test_a_write_to_github_may_have_arrived() -> None:
    with trickling(OK) as server:
        begun = time.monotonic()
        written = client_of(server.url, FakeTime(), timeout=TIMEOUT).create("t", "b", [])
        assert time.monotonic() - begun < SOON
    assert (written.state, written.reason) == (
        DeliveryState.UNCERTAIN,
        f"{server.url} did not finish its response within 0.6 s",
    )
    assert len(server.requests) == 1


def test_a_question_to_github_is_asked_again_on_a_new_connection() -> None:
    """Also where the connection is a kept one, which has answered quickly before."""
    with trickling(OK, first=ME) as server:
        client = client_of(server.url, FakeTime(), timeout=TIMEOUT)
        assert [client.viewer() for _ in range(4)] == ["me"] * 4
        assert (len(server.requests), server.connections) == (7, 4)


def test_a_question_to_github_that_gets_no_answer() -> None:
    with trickling(OK) as server:
        error = raised(client_of(server.url, FakeTime(), timeout=0.1).viewer)
    assert (
        error.message == f"{server.url} did not finish its response within 0.3 s (tried 5 times)."
    )


def test_a_kept_connection_rests_as_long_as_it_likes() -> None:
    with trickling(b"", quick=ME) as server:
        client = client_of(server.url, FakeTime(), timeout=TIMEOUT)
        client.viewer()
        time.sleep(LIMIT + 0.1)
        assert client.viewer() == "me"
        assert server.connections == 1


def test_a_long_body_is_read_as_long_as_it_progresses() -> None:
    with sending_pieces(b"x" * 40_000, count=20, pause=0.05) as url:
        with opened(url) as stream:
            begun = time.monotonic()
            size = len(read_whole(stream))
        assert time.monotonic() - begun > LIMIT
    assert size == 20 * 40_000


def test_a_long_body_that_trickles_is_interrupted() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    with trickling(b"x" * 1_000, quick=head) as server, opened(server.url) as stream:
        begun = time.monotonic()
        with pytest.raises(Interrupted):
            read_whole(stream)
        assert LIMIT / 2 < time.monotonic() - begun < SOON


def opened(url: str) -> Stream:
    stream = http(url).open("GET", "", {})
    assert isinstance(stream, Stream)
    return stream


def read_whole(stream: Stream) -> bytes:
    content = b""
    while piece := stream.read(65_536):
        content += piece
    return content


@contextmanager
def sending_pieces(piece: bytes, count: int, pause: float) -> Iterator[str]:
    """A server that sends `count` pieces with a pause after each."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (count * len(piece))
                )
                for _ in range(count):
                    connection.sendall(piece)
                    time.sleep(pause)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)

"""One request: what is certainly not sent, what may be, and that no secret gets out."""

import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import urllib3
import urllib3.util.connection

from ci_stat.connectors.http.address import Address, parse_address
from ci_stat.connectors.http.client import MAX_BODY, HttpClient
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response, json_bytes
from ci_stat.connectors.outcome import Reaction, without_response
from ci_stat.errors import SettingsError
from tests.support.connectors import answering, certified, everything_logged, says, texts_of
from tests.support.proxy import closed_port, silent, speaking

SECRET = "hook-secret-0123"
BODY = json_bytes({"text": "日本"})


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def place(root: str) -> Address:
    return parse_address(f"{root}/hook/{SECRET}", "webhook", "https://...", needs_path=True)


def post(
    root: str, timeout: float = 5.0, body: bytes = BODY, authorization: str = ""
) -> Response | NoResponse:
    """One request, of which no log line and no text may show the secrets."""
    where = place(root)
    with everything_logged() as lines:
        answer = HttpClient(where, Mask(*where.secrets, authorization), timeout).post(
            "", body, authorization
        )
    for text in [*lines, repr(answer)]:
        assert SECRET not in text
        assert not authorization or authorization not in text
    return answer


def answered(root: str, **options: Any) -> Response:
    answer = post(root, **options)
    assert isinstance(answer, Response)
    return answer


def unanswered(root: str, **options: Any) -> NoResponse:
    answer = post(root, **options)
    assert isinstance(answer, NoResponse)
    return answer


# What is sent


def test_bodies_are_compact_utf_8() -> None:
    assert (
        json_bytes({"a": ["日", 1, None], "b": 'x"'}) == '{"a":["日",1,null],"b":"x\\""}'.encode()
    )
    assert json_bytes("half \ud83d pair") == b'"half ? pair"'
    with pytest.raises(ValueError):
        json_bytes({"a": float("nan")})


def test_a_request_holds_what_it_must_and_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-password\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with answering(says(b"{}", headers=["Set-Cookie: a=b"])) as server:
        for _ in range(2):
            answered(server.url)
    head, _, body = server.requests[1].partition(b"\r\n\r\n")
    assert body == BODY
    lines = head.decode().split("\r\n")
    assert lines[0] == f"POST /hook/{SECRET} HTTP/1.1"
    assert {line.partition(":")[0]: line.partition(": ")[2] for line in lines[1:]} == {
        "Host": f"127.0.0.1:{server.port}",
        "User-Agent": "ci_stat",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(BODY)),
    }


def test_a_big_body_arrives_whole() -> None:
    body = json_bytes({"text": "x" * 200_000})
    with answering(says(b"{}")) as server:
        answered(server.url, body=body)
    assert server.requests[0].endswith(body)


def test_a_secret_for_the_head_is_sent_and_not_shown() -> None:
    with answering(says(b"{}")) as server:
        answered(server.url, authorization="Bearer t-very-secret")
    assert b"\r\nAuthorization: Bearer t-very-secret\r\n" in server.requests[0]


def test_a_question_has_no_body() -> None:
    with answering(says(b"{}")) as server:
        where = place(server.url)
        HttpClient(where, Mask()).get("/chats", {"page_token": "a&b=ü"})
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(f"GET /hook/{SECRET}/chats?page_token=a%26b%3D%C3%BC HTTP/1.1".encode())
    assert body == b""
    assert b"Content-Length" not in head


# What comes back


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 Moved"]
)
def test_redirects_are_answers(status: str) -> None:
    with (
        answering(says(b"{}")) as other,
        answering(says(b"", status, headers=[f"Location: {other.url}/x"])) as server,
    ):
        answer = answered(server.url)
    assert (answer.status, answer.ok) == (int(status[:3]), False)
    assert (len(server.requests), other.requests) == (1, [])


def test_an_answer_is_read_to_a_limit() -> None:
    with answering(says(b'"' + b"x" * 2 * MAX_BODY + b'"')) as server:
        answer = answered(server.url)
    assert len(answer.body) == MAX_BODY
    assert answer.json() is None


def test_an_answer_that_never_ends_is_left() -> None:
    endless = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"
    with answering(endless, stays=True) as server:
        assert answered(server.url, timeout=0.3).body == b"{"


def test_an_answer_that_drips_is_left() -> None:
    with dripping(0.02) as server:
        begun = time.monotonic()
        answer = answered(server, timeout=0.1)
    assert 0.2 < time.monotonic() - begun < 3
    assert set(answer.body) == {ord("x")}


@contextmanager
def dripping(pause: float) -> Iterator[str]:
    """A server whose answer comes byte by byte, each in time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client, suppress(OSError):
                client.recv(65_536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(1_000):
                    client.sendall(b"x")
                    time.sleep(pause)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize("packed", [False, True])
def test_answers_in_chunks_and_packed_ones(packed: bool) -> None:
    body = gzip.compress(b'{"code":0}') if packed else b'{"code":0}'
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:4], body[4:]))
    head = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        + b"Content-Encoding: gzip\r\n" * packed
    )
    with answering(head + b"\r\n" + chunks + b"0\r\n\r\n") as server:
        assert answered(server.url).json() == {"code": 0}


def test_a_bomb_is_read_to_the_same_limit() -> None:
    body = gzip.compress(b"x" * 100 * MAX_BODY)
    with answering(says(body, headers=["Content-Encoding: gzip"])) as server:
        assert len(answered(server.url).body) == MAX_BODY


def test_a_cut_answer_is_what_there_was() -> None:
    with answering(says(b'{"code":0}')[:-4]) as server:
        answer = answered(server.url)
    assert (answer.status, answer.body, answer.json()) == (200, b'{"code', None)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"3", b"{", b"\xff{}", b"[" * 100_000, b'{"a":' + b"9" * 5_000]
)
def test_what_is_no_object_is_none(body: bytes) -> None:
    assert Response(200, {}, body).json() is None


@pytest.mark.parametrize(
    ("kind", "body", "page"),
    [
        ("text/html; charset=utf-8", b"login", True),
        ("TEXT/HTML", b"<p>", True),
        ("application/json", b"\n<!DOCTYPE html>", True),
        ("text/html", b"", False),
        ("text/html", b'{"code', False),
        ("text/plain", b"ok", False),
    ],
)
def test_web_pages_are_known(kind: str, body: bytes, page: bool) -> None:
    assert Response(200, {"content-type": kind}, body).is_page is page


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "1.5", "x-reset": "3"}, 3.0),
        ({"retry-after": "soon", "x-reset": ""}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5."}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "9" * 500}, 86_400.0),
    ],
)
def test_waits_are_read_from_the_head(headers: dict[str, str], seconds: float | None) -> None:
    assert Response(429, headers, b"").retry_after("x-reset") == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000.0),
        ("", None),
        ("yesterday", None),
        ("Tue, 99 Nov 2023", None),
    ],
)
def test_the_servers_clock(date: str, seconds: float | None) -> None:
    assert Response(200, {"date": date}, b"").server_time() == seconds


# What is not sent for certain


def test_nobody_listens() -> None:
    answer = unanswered(f"http://127.0.0.1:{closed_port()}")
    assert (answer.sent, answer.temporary) == (False, True)
    assert answer.reason.endswith("cannot be reached: Connection refused")
    assert without_response(answer).reaction is Reaction.RETRY


def test_no_machine_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = unanswered("https://feishu.invalid")
    assert (answer.sent, answer.temporary) == (False, True)
    assert answer.reason == "https://feishu.invalid cannot be reached: Name or service not known"


def test_nobody_takes_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slow)
    answer = unanswered("https://127.0.0.1:9")
    assert (answer.sent, answer.temporary) == (False, True)
    assert "did not respond within 5 s" in answer.reason


def test_a_silent_handshake_sends_nothing() -> None:
    # urllib3 raises ReadTimeoutError, as it does when the answer to a request is late.
    with silent() as port:
        answer = unanswered(f"https://127.0.0.1:{port}", timeout=0.3)
    assert (answer.sent, answer.temporary) == (False, True)


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\nYou speak TLS to a plain port"]
)
def test_a_broken_handshake_sends_nothing(greeting: bytes) -> None:
    with speaking(greeting) as port:
        answer = unanswered(f"https://127.0.0.1:{port}")
    assert (answer.sent, answer.temporary) == (False, True)


def test_an_unknown_certificate_sends_nothing(tmp_path: Path) -> None:
    with answering(says(b"{}"), context=certified(tmp_path).server) as server:
        answer = unanswered(server.url)
    assert (answer.sent, answer.temporary, server.requests) == (False, False, [])
    assert "its certificate is refused" in answer.reason
    assert "REQUESTS_CA_BUNDLE" in answer.hint
    assert without_response(answer).reaction is Reaction.GIVE_UP


def test_a_certificate_for_another_name_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certified(tmp_path, "feishu.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.ca_file)
    with answering(says(b"{}"), context=own.server) as server:
        answer = unanswered(server.url)
    assert (answer.sent, answer.temporary, server.requests) == (False, False, [])


def test_an_authority_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = certified(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.ca_file)
    with answering(says(b"{}"), context=own.server) as server:
        assert answered(server.url).ok
    assert server.requests[0].endswith(BODY)


def test_an_authority_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/file.pem")
    answer = unanswered("https://127.0.0.1:9")
    assert (answer.sent, answer.temporary) == (False, False)
    assert "REQUESTS_CA_BUNDLE" in answer.reason


def test_a_proxy_that_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-password@127.0.0.1:{proxy.port}")
        answer = unanswered("https://feishu.invalid")
    assert (answer.sent, answer.temporary) == (False, True)
    assert "the proxy refuses the connection: Tunnel connection failed: 407" in answer.reason
    assert "password" not in repr(answer)
    assert SECRET.encode() not in proxy.requests[0]


def test_what_stays_here_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    with answering(says(b"{}")) as server:
        assert answered(server.url).ok


# What may have arrived


def test_no_answer_in_time() -> None:
    with silent() as port:
        answer = unanswered(f"http://127.0.0.1:{port}", timeout=0.3)
    assert answer.sent
    assert answer.reason == f"http://127.0.0.1:{port} did not respond within 0.3 s"
    assert without_response(answer).reaction is Reaction.UNKNOWN


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-", b"no HTTP at all\r\n\r\n"]
)
def test_the_connection_breaks_off_after_sending(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certified(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", own.ca_file)
    for context in (None, own.server):
        with answering(answer, context=context) as server:
            got = post(server.url)
        assert isinstance(got, NoResponse) or got.body == b""
        if isinstance(got, NoResponse):
            assert got.sent


# Secrets


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://127.0.0.1/hook/{}",
        "https:///hook/{}",
        "https://host:port/hook/{}",
        "https://[::1/hook/{}",
        "https://host",
        "https://host/",
        "https://user@host/hook/{}",
        "https://:pw@host/hook/{}",
        "https://host/hook/{}?a=b",
        "https://host/hook/{}#a",
        "https://host/hook/{} ",
        "https://host\\hook/{}",
        "https://host/hook//{}",
        "https://host/hook/../{}",
        "https://host/hook/%41{}",
        "https://host/hook/ü{}",
        "https://host/ho\tok/{}",
        "https://host/hook/\u202e{}",
        "http://example.com/hook/{}",
        "http://10.0.0.1/hook/{}",
        "http://localhost.example.com/hook/{}",
        "http://127.1/hook/{}",
        "https://host:99999/hook/{}",
    ],
)
def test_addresses_that_cannot_be_used_are_not_repeated(url: str) -> None:
    if url.endswith(" "):
        url = url.replace("/hook/", "/ho ok/")
    with pytest.raises(SettingsError) as caught:
        parse_address(url.format(SECRET), "webhook", "https://...", needs_path=True)
    for text in texts_of(caught.value):
        assert SECRET not in text
    assert "webhook" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "root", "path", "loopback"),
    [
        (
            " https://open.feishu.cn/open-apis/hook/a-b ",
            "https://open.feishu.cn",
            "/open-apis/hook/a-b",
            False,
        ),
        ("https://Host:8443/x/", "https://host:8443", "/x", False),
        ("http://[::1]:80/x", "http://[::1]:80", "/x", True),
        ("http://localhost/x", "http://localhost", "/x", True),
        ("http://127.9.9.9/", "http://127.9.9.9", "", True),
    ],
)
def test_addresses_are_taken_apart(url: str, root: str, path: str, loopback: bool) -> None:
    found = parse_address(url, "webhook", "https://...")
    assert (found.root, found.path, found.loopback) == (root, path, loopback)
    assert not path or path not in repr(found)


def test_a_path_that_an_error_quotes_is_masked() -> None:
    mask = Mask(f"/hook/{SECRET}", SECRET)
    assert mask.shown(f"no bot at /hook/{SECRET}, {SECRET}\n\x1b[1m" + "x" * 300, 40) == (
        "no bot at ***, ***\\n\\x1b[1mxxxxxxxxxxxxxxxxx… (+283 characters)"
    )
    assert SECRET not in repr(mask)


def test_log_lines_are_masked_in_the_thread_that_sends_and_nowhere_else() -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    inside, over = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait(10)
        logger.debug("of another thread: %s", SECRET)
        over.set()

    thread = threading.Thread(target=other)
    thread.start()
    with everything_logged() as lines:
        with Mask(SECRET).over_logs():
            logger.debug("POST /hook/%s", SECRET)
            with Mask("other-secret").over_logs():
                logger.debug("%s and other-secret", SECRET)
            inside.set()
            over.wait(10)
        logger.debug("afterwards: %s", SECRET)
    thread.join(10)
    assert [line for line in lines if line.startswith("urllib3")] == [
        "urllib3.connectionpool POST /hook/***",
        "urllib3.connectionpool *** and ***",
        f"urllib3.connectionpool of another thread: {SECRET}",
        f"urllib3.connectionpool afterwards: {SECRET}",
    ]


def test_urllib3_does_log_paths() -> None:
    """Or the test above, and `post`, would prove nothing."""
    with everything_logged() as lines, answering(says(b"{}")) as server:
        urllib3.PoolManager().request("GET", f"{server.url}/hook/{SECRET}", timeout=5.0)
    assert any(SECRET in line for line in lines)


def test_many_threads_send_at_once_and_none_shows_anything() -> None:
    with everything_logged() as lines, answering(says(b"{}")) as server:

        def work(number: int) -> None:
            where = parse_address(
                f"{server.url}/hook/secret-{number}-secret", "webhook", "", needs_path=True
            )
            HttpClient(where, Mask(*where.secrets)).post("", BODY)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        _all(threads, threading.Thread.start)
        _all(threads, lambda thread: thread.join(20))
    assert len(server.requests) == 12
    assert len(lines) > 12
    assert not [line for line in lines if "-secret" in line]


def _all(threads: list[threading.Thread], work: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        work(thread)


def test_headers_that_cannot_be_read_are_logged_without_the_path() -> None:
    # urllib3 warns of them, with the address and an exception.
    bad = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon here\r\n\r\n{}"
    with answering(bad) as server:
        answered(server.url)


def test_what_cannot_be_sent_is_told_without_its_text() -> None:
    answer = unanswered("http://127.0.0.1:9", authorization="Bearer a\nb-secret")
    assert (answer.sent, answer.temporary) == (False, False)
    assert json.dumps(answer.reason).count("secret") == 0

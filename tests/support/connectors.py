"""For tests of connectors: a fake clock, captured log lines, and scripted loopback servers."""

import contextlib
import logging
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme


class FakeTime:
    """A clock that only `sleep` moves on. `options`: what a connector takes to use it."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    @property
    def options(self) -> dict[str, Any]:
        return {"clock": self.clock, "sleep": self.sleep, "jitter": lambda: 1.0}


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter("%(name)s %(message)s").format(record))
        self.lines.append(repr((record.msg, record.args, record.exc_info)))


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """The lines of all loggers, from DEBUG on, as they are shown and as they are kept."""
    kept = _Kept()
    loggers = [
        logging.getLogger(),
        *map(logging.getLogger, ["urllib3", "urllib3.connectionpool", "urllib3.util.retry"]),
    ]
    before = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.DEBUG)
    loggers[0].addHandler(kept)
    try:
        yield kept.lines
    finally:
        loggers[0].removeHandler(kept)
        for each, level in zip(loggers, before, strict=True):
            each.setLevel(level)


def texts_of(error: BaseException | None) -> list[str]:
    """All that can be read of an error and of those behind it."""
    found: list[str] = []
    for _ in range(20):
        if error is None:
            break
        found += [str(error), repr(error), repr(vars(error))]
        # Both: `raise ... from None` hides the context, it is still there.
        found += texts_of(error.__context__) if error.__cause__ is not None else []
        error = error.__cause__ or error.__context__
    return found


@dataclass
class Raw:
    """A server by the byte. `requests`: what came, for each connection."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    url: str = ""


@contextmanager
def answering(
    *answers: bytes, context: ssl.SSLContext | None = None, stays: bool = False
) -> Iterator[Raw]:
    """A server that reads a whole HTTP request, sends the next of `answers`, and closes.

    After the last of `answers` it sends that one again and again.
    `stays`: it closes the connection only when the block ends.
    """
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        raw = Raw(int(listener.getsockname()[1]))
        raw.url = f"{'https' if context else 'http'}://127.0.0.1:{raw.port}"

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client, contextlib.suppress(OSError):
                    spoken = context.wrap_socket(client, server_side=True) if context else client
                    with spoken:
                        raw.requests.append(_request(spoken))
                        spoken.sendall(answers[min(len(raw.requests), len(answers)) - 1])
                        done.wait(10) if stays else None

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield raw
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)


def _request(client: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = client.recv(65_536)
        if not piece:
            return data
        data += piece
    length = re.search(rb"(?i)content-length: (\d+)", data)
    wanted = data.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
    while len(data) < wanted:
        piece = client.recv(65_536)
        if not piece:
            break
        data += piece
    return data


def says(
    body: bytes, status: str = "200 OK", kind: str = "application/json", headers: Sequence[str] = ()
) -> bytes:
    """An HTTP answer by the byte."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Certified:
    """A certificate authority.

    `ca_file` is the file for clients that trust it, `server` the context of a loopback server.
    """

    ca_file: str
    server: ssl.SSLContext


def certified(folder: Any, *names: str) -> Certified:
    """A new authority, and a certificate of it for `names`.

    Without `names` the certificate is for 127.0.0.1 and localhost.
    """
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(server)
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return Certified(str(path), server)

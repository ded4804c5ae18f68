"""Deadlines of an exchange: one for the request with the response's headers, one for progress of
the body.

A socket's timeout applies to each read, so a response that arrives byte by byte would never time
out. The connection checks the deadline before each read; no extra thread is needed.
"""

import io
import time
from functools import partial
from http.client import HTTPResponse
from socket import socket
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3.response import HTTPResponse as Urllib3Response

FACTOR = 3  # each part of an exchange may take this many times the timeout of one read
STEP = 65_536  # bytes of a body that must arrive within that time
_DAY = 86_400.0  # seconds; the limit where no timeout is set


class DeadlineExceeded(TimeoutError):
    """The exchange took too long, although each read was in time."""


def use_deadlines(pools: PoolManager) -> None:
    """Make `pools` open connections that keep deadlines."""
    pools.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}


class _Deadline:
    """How long the current part of the exchange may take."""

    def __init__(self) -> None:
        self._timeout = self._until = float("inf")
        self._received = 0

    def start(self, timeout: float | None) -> None:
        self._timeout = _DAY if timeout is None else timeout
        self._extend()

    def received(self, count: int) -> None:
        """Start again after every STEP bytes, so a long body that progresses has no deadline."""
        self._received += count
        if self._received >= STEP:
            self._extend()

    def remaining(self) -> float:
        """Seconds that the next read may take."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("timed out")
        return min(left, self._timeout)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until

    def _extend(self) -> None:
        self._received = 0
        self._until = time.monotonic() + FACTOR * self._timeout


class _Plain(HTTPConnection):
    """Starts a new deadline for each request, so a connection can be reused."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = _Deadline()
        # http.client only calls it, so a partial does.
        response_class: Any = partial(_Response, deadline=self._deadline)
        self.response_class = response_class

    def connect(self) -> None:
        self._deadline.start(self.timeout)
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        self._deadline.start(self.timeout)
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._deadline.remaining())
        super().send(data)

    def getresponse(self) -> "Urllib3Response":  # type: ignore[override]  # as urllib3 declares it
        response = super().getresponse()
        self._deadline.start(self.timeout)
        return response


class _Encrypted(_Plain, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, deadline: _Deadline, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, deadline))


class _Reader(io.RawIOBase):
    """Reads from a socket until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket, deadline: _Deadline) -> None:
        self._raw, self._sock, self._deadline = raw, sock, deadline

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._sock.settimeout(self._deadline.remaining())
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError as error:
            if self._deadline.is_over:
                raise DeadlineExceeded("timed out") from error
            raise
        self._deadline.received(count or 0)
        return count

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()  # a socket stays open until its last reader is closed
        super().close()

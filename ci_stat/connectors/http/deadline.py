"""A time limit for an exchange as a whole: for a request and the headers that answer it, and then for the body.

The timeout of a socket is one of each piece: an answer that comes byte by byte, each in time, would be waited for
without end. The limit stands in the connection, which asks before each piece how much time is left: no thread watches.
Importing this takes a while, as it loads what a request needs: do so where one is made.
"""

import io
import time
from functools import partial
from http.client import HTTPResponse
from socket import socket
from typing import TYPE_CHECKING, Any

from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import pool_classes_by_scheme

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from requests import Session
    from urllib3.response import HTTPResponse as Answer

TIMES = 3  # each part may take so many times the timeout of one piece
_DAY = 86_400.0  # seconds, where there is no timeout


class TooLate(TimeoutError):
    """It takes longer than it may, though each piece came in time."""


def timed_adapter(session: "Session", root: str) -> BaseAdapter:
    """What sends the requests of `session` to `root`, each of them once."""
    if not isinstance(session.get_adapter(root), _Adapter):
        session.mount(root, _Adapter())
    return session.get_adapter(root)


class _Limit:
    """How long what has begun may take."""

    def __init__(self) -> None:
        self._piece = self._until = float("inf")

    def begin(self, timeout: float | None) -> None:
        self._piece = _DAY if timeout is None else timeout
        self._until = time.monotonic() + TIMES * self._piece

    def left(self) -> float:
        """Seconds for the next piece."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TooLate("timed out")
        return min(left, self._piece)

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._until


class _Plain(HTTPConnection):
    """Begins anew with each request, so that a connection may be kept; a proxy has its time before."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._limit = _Limit()
        self.response_class = partial(_Response, limit=self._limit)  # type: ignore[assignment]  # is only called

    def connect(self) -> None:
        self._limit.begin(self.timeout)
        super().connect()

    def request(self, *args: Any, **options: Any) -> None:
        self._limit.begin(self.timeout)
        super().request(*args, **options)

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self._limit.left())
        super().send(data)

    def getresponse(self) -> "Answer":  # type: ignore[override]  # as in urllib3
        answer = super().getresponse()
        self._limit.begin(self.timeout)  # the body's time
        return answer


class _Encrypted(_Plain, HTTPSConnection):
    pass


class _Response(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, limit: _Limit, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Pieces(self.fp.detach(), sock, limit))


class _Pieces(io.RawIOBase):
    """What comes on a socket, as long as there is time."""

    def __init__(self, raw: io.RawIOBase, sock: socket, limit: _Limit) -> None:
        self._raw, self._sock, self._limit = raw, sock, limit

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        self._sock.settimeout(self._limit.left())
        try:
            return self._raw.readinto(buffer)
        except TimeoutError as error:
            if self._limit.is_over:
                raise TooLate("timed out") from error
            raise

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()  # the socket counts those who read from it
        super().close()


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _set_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return _set_pools(super().proxy_manager_for(*args, **options))


def _set_pools(manager: Any) -> Any:
    """A proxy that speaks SOCKS has connections of its own kind. They stay, and have no limit."""
    if manager.pool_classes_by_scheme is pool_classes_by_scheme:
        manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _EncryptedPool}
    return manager

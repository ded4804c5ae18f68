"""The HTTP client that all connectors use: deadlines, proxies, TLS, limits of size, and no secret
in any error.

It sends each request once. Who may repeat a request, and when, is decided by the connector
(retry.py).
"""

import io
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout

from ci_stat.connectors.http.address import Address
from ci_stat.connectors.http.deadline import FACTOR
from ci_stat.connectors.http.environment import (
    certificates,
    connection_pools,
    proxy_for,
    tls_context,
)
from ci_stat.connectors.http.failure import ERRORS, no_response, unreadable_certificates
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response

TIMEOUT = 20.0  # seconds to connect, and for each read; for the sum of them, see deadline.py
MAX_BODY = 2**20  # bytes; a page of 100 chats has about 60 kB
REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65_536
_ONCE = Retry(total=False, redirect=False)
_JSON = "application/json; charset=utf-8"

# (URL, Location, number of redirects so far) -> the URL to go on with. It raises to refuse.
Redirect = Callable[[str, str, int], str]


class Interrupted(Exception):
    """The connection broke, or timed out, in the middle of a body."""


class HttpClient:
    """Requests to one server, from any number of threads.

    - `timeout`: seconds to connect, and for each read.
    - `headers`: sent with every request. `max_body`: bytes of a body that are read.
    - `keep_alive`: reuse connections for GET. Any other request gets a new connection: on a reused
      one it is unknown whether the server closed it before or after it received the request.

    Proxies and certificate authorities come from the environment, read at the first request.
    """

    def __init__(
        self,
        address: Address,
        mask: Mask,
        timeout: float = TIMEOUT,
        *,
        headers: Mapping[str, str] | None = None,
        max_body: int = MAX_BODY,
        keep_alive: bool = False,
    ) -> None:
        self.address = address
        self._mask, self._timeout, self._max_body = mask, timeout, max_body
        self._headers = {"User-Agent": "ci_stat", "Accept": "*/*", **(headers or {})}
        self._keep_alive = keep_alive
        self._lock = threading.Lock()
        self._proxy: str | None = None
        self._kept: PoolManager | None = None

    def __repr__(self) -> str:
        return f"<HttpClient {self.address.root}>"

    def close(self) -> None:
        """Close the idle connections. The client may be used again."""
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is not None:
            kept.clear()

    def post(self, path: str, body: bytes, authorization: str = "") -> Response | NoResponse:
        """Send JSON `body` to `path` below the address."""
        headers = {"Accept-Encoding": "identity", "Content-Type": _JSON}
        return self.exchange("POST", path, headers | _authorized(authorization), body)

    def get(
        self, path: str, query: Mapping[str, str], authorization: str = ""
    ) -> Response | NoResponse:
        headers = {"Accept-Encoding": "identity", **_authorized(authorization)}
        return self.exchange("GET", f"{path}?{urlencode(query)}", headers)

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Response | NoResponse:
        """One request, and its whole response. `target`: path and query below the address."""
        stream = self.open(method, target, headers, body)
        if isinstance(stream, NoResponse):
            return stream
        with stream:
            # The status is known, so the request has arrived. Truncated JSON is not valid JSON.
            content, _ = stream.read_all(self._max_body, FACTOR * self._timeout)
        return Response(stream.status, stream.headers, content[: self._max_body])

    def open(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        redirect: Redirect | None = None,
    ) -> "Stream | NoResponse":
        """One request; the body of the response is still to be read. The caller closes the stream.

        `redirect` decides whether a redirect is followed; without it a redirect is a response like
        any other.
        """
        url = f"{self.address.root}{self.address.path}{target}"
        count = 0
        while True:
            stream = self._send(method, url, headers, body)
            if redirect is None or isinstance(stream, NoResponse) or not stream.is_redirect:
                return stream
            stream.close()
            count += 1
            url = redirect(url, stream.headers.get("location", ""), count)

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> "Stream | NoResponse":
        kept = self._keep_alive and method == "GET"
        try:
            pools = self._kept_pools() if kept else self._new_pools()
        except OSError:
            return unreadable_certificates(self.address.root)
        body = _Body(content)
        fields = {**self._headers, **headers, "Connection": "keep-alive" if kept else "close"}
        if content:
            fields["Content-Length"] = str(len(content))
        try:
            with self._mask.over_logs():
                response = pools.urlopen(
                    method,
                    url,
                    body=body if content else None,
                    headers=fields,
                    redirect=False,
                    retries=_ONCE,
                    preload_content=False,
                    timeout=Timeout(connect=self._timeout, read=self._timeout),
                )
        except ERRORS as error:
            return no_response(error, self.address.root, self._timeout, self._mask, body.started)
        return Stream(response, None if kept else pools)

    def _kept_pools(self) -> PoolManager:
        with self._lock:
            if self._kept is None:
                self._kept = self._new_pools()
            return self._kept

    def _new_pools(self) -> PoolManager:
        if self._proxy is None:
            self._proxy = proxy_for(self.address)
        # A server elsewhere may redirect to HTTPS.
        plain = self.address.loopback and self.address.root.startswith("http:")
        context = None if plain else tls_context(certificates())
        return connection_pools(self._proxy, context)


class Stream:
    """A response whose body is read piece by piece. `headers` have lower-case names."""

    def __init__(self, response: BaseHTTPResponse, pools: PoolManager | None) -> None:
        self._response, self._pools = response, pools
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_redirect(self) -> bool:
        return self.status in REDIRECTS

    def close(self) -> None:
        """Close the connection, unless the body was read to its end and the connection is kept."""
        self._response.close()
        self._response.release_conn()
        if self._pools is not None:
            self._pools.clear()

    def read(self, size: int) -> bytes:
        """The next bytes as they were sent, at most `size`; b"" at the end. Raises Interrupted."""
        try:
            return bytes(self._response.read(size, decode_content=False))
        except (*ERRORS, HTTPException) as error:
            raise Interrupted(type(error).__name__) from None

    def read_all(self, limit: int, seconds: float) -> tuple[bytes, bool]:
        """The unpacked body, at most `limit` bytes and one piece; and whether it is complete."""
        content = bytearray()
        until = time.monotonic() + seconds
        with suppress(*ERRORS, HTTPException):
            # read1 returns what is there; read would wait for a full chunk.
            while piece := self._response.read1(_CHUNK, decode_content=True):
                content += piece
                if len(content) > limit or time.monotonic() > until:
                    return bytes(content), False
            return bytes(content), True
        return bytes(content), False


class _Body(io.BytesIO):
    """A request body that knows whether sending has started: before that, nothing was delivered."""

    started = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.started = True
        return super().read(size)


def _authorized(authorization: str) -> dict[str, str]:
    return {"Authorization": authorization} if authorization else {}

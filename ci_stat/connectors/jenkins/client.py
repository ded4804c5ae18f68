"""GET requests to one Jenkins, with retries and redirects within the same server."""

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from ci_stat.connectors.http.client import HttpClient, Stream
from ci_stat.connectors.http.deadline import FACTOR
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, is_html, retry_after
from ci_stat.connectors.http.retry import Attempts, RetryPolicy
from ci_stat.connectors.jenkins.address import (
    RequestFailed,
    authorization,
    next_hop,
    parse_root,
)
from ci_stat.records import LogState, no_number

T = TypeVar("T")

TIMEOUT = 30.0  # seconds to connect, and for each read
TRIES = 4
MAX_JSON = 64 * 2**20  # bytes; a page of 100 builds with all parameters has 1 MB
MAX_REDIRECTS = 5
MAX_WAIT = 60.0  # seconds; after a longer Retry-After the next sync asks again


class _Temporary(Exception):
    """A failure that may pass. `wait`: seconds to wait, if the server says so."""

    def __init__(self, detail: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(detail)
        self.detail, self.status, self.wait = detail, status, wait


class JenkinsClient:
    """Requests below one address.

    `user` and `token` take precedence over those in the URL; neither is ever shown.

    `sleep` and `jitter` (0 to 1) are for the waits between attempts. Nothing is connected yet.
    Raises SettingsError for an invalid address or invalid credentials.
    """

    def __init__(
        self,
        url: str,
        user: str | None = None,
        token: str | None = None,
        timeout: float = TIMEOUT,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        address, url_user, url_token = parse_root(url)
        credentials = authorization(user or url_user, token or url_token)
        mask = Mask(token or url_token, credentials.rpartition(" ")[2])
        headers = {"Authorization": credentials} if credentials else {}
        self.root = f"{address.root}{address.path}"
        self._timeout = timeout
        self._http = HttpClient(address, mask, timeout, headers=headers, keep_alive=True)
        self._policy = RetryPolicy(
            tries, seconds=float("inf"), sleep=sleep, jitter=jitter, longest=MAX_WAIT
        )

    def __repr__(self) -> str:
        return f"<JenkinsClient {self.root}>"

    def close(self) -> None:
        """Close the idle connections."""
        self._http.close()

    def attempts(self, tries: int) -> Attempts:
        """A count of attempts with this client's waits."""
        return replace(self._policy, tries=tries).begin()

    def json(self, path: str, tree: str) -> dict[str, Any]:
        """The JSON object at `path`/api/json. `tree` selects its fields. Raises RequestFailed."""
        target = f"{path}/api/json?{urlencode({'tree': tree})}"
        return self._retry(lambda: self._object(target))

    def open(
        self, path: str, query: Mapping[str, str] | None = None, byte_range: str = ""
    ) -> Stream:
        """A response with status 200, 206 or 416, its body unread. The caller closes it.

        Raises RequestFailed.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept-Encoding": "identity"}
        if byte_range:
            headers["Range"] = f"bytes={byte_range}"
        return self._retry(lambda: self._stream(target, headers))

    def _retry(self, work: Callable[[], T]) -> T:
        attempts = self._policy.begin()
        while True:
            try:
                return work()
            except _Temporary as failure:
                last = failure
            if not attempts.again(last.wait):
                break
        asks = "" if last.wait is None else f"; it asks to wait {last.wait:,.0f} s"
        detail = f"{last.detail} (tried {attempts.made} times{asks})."
        raise RequestFailed(LogState.UNREACHABLE, detail, last.status)

    def _stream(self, target: str, headers: Mapping[str, str]) -> Stream:
        where = self._where(target)
        follow = partial(_follow, where)
        stream = self._http.open("GET", target, headers, redirect=follow)
        if isinstance(stream, NoResponse):
            raise _failed(stream)
        _check_status(stream, where)
        return stream

    def _object(self, target: str) -> dict[str, Any]:
        where = self._where(target)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        with self._stream(target, headers) as stream:
            if is_html(stream.headers):
                raise page_refused(where)
            content, complete = stream.read_all(MAX_JSON, FACTOR * self._timeout)
        if len(content) > MAX_JSON:
            detail = f"{where} responded with more than {MAX_JSON >> 20} MiB of JSON."
            raise RequestFailed(LogState.TOO_BIG, detail)
        if not complete:
            raise _Temporary(f"{where} closed the connection in the middle of its response")
        if not content.strip():
            raise _Temporary(f"{where} responded with status 200 and nothing", 200)
        value = _parsed(content)
        if not isinstance(value, dict):
            raise RequestFailed(
                LogState.UNREADABLE, f"{where} responded with something that is not a JSON object."
            )
        return value

    def _where(self, target: str) -> str:
        return self.root + target.partition("?")[0]


def page_refused(where: str) -> RequestFailed:
    """The error for a web page instead of data. The page itself is not shown."""
    detail = (
        f"{where} responded with a web page, probably a login form."
        " Check jenkins_url, jenkins_user and jenkins_token."
    )
    return RequestFailed(LogState.REFUSED, detail, 200)


def _follow(where: str, url: str, location: str, count: int) -> str:
    if count > MAX_REDIRECTS:
        detail = f"{where} redirects more than {MAX_REDIRECTS} times."
        raise RequestFailed(LogState.REFUSED, detail)
    return next_hop(url, location, where)


def _failed(failure: NoResponse) -> Exception:
    if failure.temporary:
        return _Temporary(failure.reason)
    detail = f"{failure.reason.rstrip('.')}. {failure.hint}".rstrip()
    return RequestFailed(LogState.UNREACHABLE, detail)


def _check_status(stream: Stream, where: str) -> None:
    """Raise RequestFailed or _Temporary unless the status is 200, 206 or 416.

    No body of an error is shown.
    """
    status = stream.status
    if status in (200, 206, 416):
        return
    stream.close()
    if status == 429 or status >= 500:
        wait = retry_after(stream.headers)
        raise _Temporary(f"{where} responded with status {status}", status, wait)
    if status in (404, 410):
        detail = f"{where} does not exist, or is not visible to us."
        raise RequestFailed(LogState.MISSING, detail, status)
    detail = f"{where} responded with status {status}."
    if status in (401, 403):
        detail = (
            f"{where} denies access (status {status})."
            " Check jenkins_user and jenkins_token, and their permissions."
        )
    raise RequestFailed(LogState.REFUSED, detail, status)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8", "replace"), parse_constant=no_number)
    except (ValueError, RecursionError):
        return None

"""Calls of GitHub with retries.

A read is repeated, and so is a change with the same result each time (PATCH). A creation (POST) is
sent again only after GitHub said that it did nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ci_stat.connectors.github.client import GitHubClient
from ci_stat.connectors.github.rate_limits import Retries, Timing, Turns
from ci_stat.connectors.github.responses import CallResult, CallState, Interpreter
from ci_stat.errors import NotFound, SourceError

READ_WAITS = 3  # for rate limits: 60, 120 and 240 s if GitHub does not say how long
WRITE_WAITS = 2  # so a creation is sent three times at most
DELETED = frozenset({204})
GONE = frozenset({204, 404})


class Calls:
    """Requests to one GitHub, one after the other."""

    def __init__(self, client: GitHubClient, interpreter: Interpreter, timing: Timing) -> None:
        self._client, self._interpreter, self._timing = client, interpreter, timing
        self._turns = Turns(timing)
        self._before_write: Callable[[], None] = _check_nothing

    @contextmanager
    def before_writes(self, check: Callable[[], None]) -> Iterator[None]:
        """In the block, call `check` after all waits, right before each write is sent.

        If it raises, the write is not sent.
        """
        self._before_write = check
        try:
            yield
        finally:
            self._before_write = _check_nothing

    def pause(self, seconds: float) -> None:
        """Give GitHub time to become consistent."""
        if seconds:
            self._timing.sleep(seconds)

    def wait_to_write(self) -> None:
        """Wait until a write would not have to wait: what is read now is still fresh then."""
        self._turns.wait_to_write()

    def read(self, path: str, query: Mapping[str, str] | None = None, etag: str = "") -> CallResult:
        """GET with state DONE. Raises SourceError for any other state.

        `etag`: of the response that is known. If it is unchanged, `code` is 304.
        """
        result = self.get(path, query, etag)
        if result.state is not CallState.DONE:
            raise call_error(result)
        return result

    def get(self, path: str, query: Mapping[str, str] | None = None, etag: str = "") -> CallResult:
        """GET, in whatever state it ends."""
        accepted = frozenset({304} if etag else ())
        return self._repeated("GET", path, query, None, READ_WAITS, etag, accepted)

    def existence(self, path: str) -> CallResult:
        """GET without a body in its answer: DONE with the code 204 if it exists."""
        return self._repeated("GET", path, None, None, READ_WAITS, "", frozenset({204}))

    def location(self, path: str) -> CallResult:
        """GET that ends in a redirect, which is not followed: `code` 302, if the state is DONE."""
        return self._repeated("GET", path, None, None, READ_WAITS, "", frozenset({302}))

    def patch(self, path: str, value: Mapping[str, Any]) -> CallResult:
        """A change. Its state is unknown if that of any attempt is."""
        return self._repeated("PATCH", path, None, value, WRITE_WAITS)

    def delete(self, path: str, accepted: frozenset[int] = GONE) -> CallResult:
        """A deletion, DONE with one of the `accepted` codes.

        By default it is DONE with 404 too: there is nothing to delete any more.
        """
        return self._repeated("DELETE", path, None, None, WRITE_WAITS, accepted=accepted)

    def post(self, path: str, value: Mapping[str, Any]) -> CallResult:
        """A creation, repeated only after a rate limit."""
        return self._not_repeated("POST", path, value)

    def patch_once(self, path: str, value: Mapping[str, Any]) -> CallResult:
        """A change that adds something each time, repeated only after a rate limit."""
        return self._not_repeated("PATCH", path, value)

    def _not_repeated(self, method: str, path: str, value: Mapping[str, Any]) -> CallResult:
        retries = Retries(self._timing, WRITE_WAITS)
        while True:
            result = self._once(method, path, None, value)
            limited = result.state is CallState.LIMITED
            if not limited or not retries.after_limit(result.wait):
                return _with_count(result, retries)

    def _repeated(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        value: Mapping[str, Any] | None,
        waits: int,
        etag: str = "",
        accepted: frozenset[int] = frozenset(),
    ) -> CallResult:
        retries, uncertain = Retries(self._timing, waits), False
        while True:
            result = self._once(method, path, query, value, etag, accepted)
            if result.state is CallState.DONE:
                return result
            if result.state is CallState.UNKNOWN and method != "GET":
                uncertain = True
            if not _again(result, retries):
                final = replace(result, state=CallState.UNKNOWN) if uncertain else result
                return _with_count(final, retries)

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        value: Mapping[str, Any] | None,
        etag: str = "",
        accepted: frozenset[int] = frozenset(),
    ) -> CallResult:
        writes = method != "GET"
        with self._turns.taken(writes):
            if writes:
                self._before_write()
            response = self._client.request(method, path, query, value, etag)
            return self._interpreter.result(response, accepted)


def _check_nothing() -> None:
    pass


def call_error(result: CallResult) -> SourceError:
    """The error for a result that is not DONE."""
    is_missing = result.state is CallState.REFUSED and result.code in (404, 410)
    error = NotFound if is_missing else SourceError
    return error(f"{result.reason.rstrip('.')}.", result.hint)


def _again(result: CallResult, retries: Retries) -> bool:
    if result.state is CallState.LIMITED:
        return retries.after_limit(result.wait)
    return result.temporary and retries.after_failure(result.wait)


def _with_count(result: CallResult, retries: Retries) -> CallResult:
    if retries.made == 1 or result.state is CallState.DONE:
        return result
    return replace(result, reason=f"{result.reason.rstrip('.')} (tried {retries.made} times)")

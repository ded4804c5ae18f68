"""GET requests to one Jenkins: bounded retries, redirects that stay at home, secrets that nobody sees."""

import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from ci_stat.connectors.jenkins.address import NoAnswer, address, authorization, next_hop
from ci_stat.escape import visible
from ci_stat.records import LogState, no_number

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

T = TypeVar("T")

TIMEOUT = 30.0  # seconds to connect, and between two pieces of an answer
TRIES = 4
MAX_JSON = 64 * 2**20  # bytes; a page of 100 builds with all parameters has 1 MB
MAX_REDIRECTS = 5
MAX_WAIT = 60.0  # seconds; a server that asks for more is asked again by the next sync
_REDIRECTS = (301, 302, 303, 307, 308)


class _Again(Exception):
    """Trouble that may pass. `wait`: seconds that the server asks for."""

    def __init__(self, detail: str, status: int = 0, wait: float | None = None) -> None:
        super().__init__(detail)
        self.detail, self.status, self.wait = detail, status, wait


class Http:
    """Requests below one root. `user` and `token` win over those in the URL; neither is ever shown.

    `sleep` and `jitter` (0 to 1) are for the waits between tries; tests pass their own.
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
        """Nothing is connected yet. Raises SettingsError for an address or a secret that cannot be used."""
        self.root, url_user, url_token = address(url)
        self._secret = authorization(user or url_user, token or url_token)
        self._timeout, self._tries = timeout, tries
        self._sleep, self._jitter = sleep, jitter
        self._session: Session | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Http {self.root}>"

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def json(self, path: str, tree: str) -> dict[str, Any]:
        """The JSON object at `path`/api/json, of which `tree` names the fields. Raises NoAnswer."""
        return self._retrying(lambda: self._object(f"{path}/api/json", {"tree": tree}))

    def open(
        self, path: str, query: Mapping[str, str] | None = None, byte_range: str = ""
    ) -> "Response":
        """An answer with status 200, 206 or 416, its body unread and not unpacked. The caller closes it.

        Raises NoAnswer.
        """
        headers = {"Accept-Encoding": "identity"} | (
            {"Range": f"bytes={byte_range}"} if byte_range else {}
        )
        return self._retrying(lambda: self._answer(path, query or {}, headers))

    def pause(self, attempt: int) -> None:
        """Wait before the next try: longer each time, and never all clients at once."""
        self._sleep(self._delay(attempt))

    def _delay(self, attempt: int) -> float:
        # Half at random: clients that were cut off together must not come back together.
        return min(MAX_WAIT, 2.0 ** (attempt - 1)) * (0.5 + self._jitter() / 2)

    def _retrying(self, work: Callable[[], T]) -> T:
        for attempt in range(1, self._tries + 1):
            try:
                return work()
            except _Again as trouble:
                last = trouble
            if attempt < self._tries:
                if last.wait is not None and last.wait > MAX_WAIT:
                    break
                self._sleep(self._delay(attempt) if last.wait is None else last.wait)
        asked = f"; it asks to come back in {last.wait:,.0f} s" if last.wait is not None else ""
        raise NoAnswer(
            LogState.UNREACHABLE, f"{last.detail} (tried {attempt} times{asked}).", last.status
        )

    def _answer(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> "Response":
        url = f"{self.root}{path}" + (f"?{urlencode(query)}" if query else "")
        where = f"{self.root}{path}"
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(url, headers, where)
            if response.status_code not in _REDIRECTS:
                return _checked(response, where)
            response.close()
            url = next_hop(url, response.headers.get("Location", ""), where)
        raise NoAnswer(LogState.REFUSED, f"{where} redirects more than {MAX_REDIRECTS} times.")

    def _send(self, url: str, headers: Mapping[str, str], where: str) -> "Response":
        import requests

        session = self._opened()
        try:
            # The callable also keeps requests from looking into ~/.netrc.
            request = session.prepare_request(
                requests.Request("GET", url, headers=dict(headers), auth=self._authorize)
            )
            # Proxies and certificates.
            surroundings: dict[str, Any] = {
                **session.merge_environment_settings(request.url, {}, True, None, None)
            }
            # Not session.send: that reads the whole body of a redirect, and keeps cookies.
            return session.get_adapter(url).send(request, timeout=self._timeout, **surroundings)
        except requests.exceptions.SSLError as error:
            raise NoAnswer(
                LogState.UNREACHABLE,
                f"{self.root}: the encrypted connection fails: {_reason(error)}."
                " For a certificate of your own, set REQUESTS_CA_BUNDLE to its file.",
            ) from None
        except requests.exceptions.Timeout:
            raise _Again(f"{where} did not answer within {self._timeout:g} s") from None
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ) as error:
            raise _Again(f"{self.root} cannot be reached: {_reason(error)}") from None
        except (requests.exceptions.RequestException, ValueError) as error:
            raise NoAnswer(
                LogState.REFUSED, f"{where} cannot be asked for: {type(error).__name__}."
            ) from None

    def _opened(self) -> "Session":
        """The session: its pool of connections may serve several threads."""
        import requests

        with self._lock:
            if self._session is None:
                self._session = requests.Session()
            return self._session

    def _authorize(self, request: "PreparedRequest") -> "PreparedRequest":
        if self._secret:
            request.headers["Authorization"] = self._secret
        return request

    def _object(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        where = f"{self.root}{path}"
        response = self._answer(path, query, {"Accept": "application/json"})
        try:
            if is_page(response):
                raise page_refused(where)
            body = self._body(response, where)
        finally:
            response.close()
        try:
            value = json.loads(body.decode("utf-8", "replace"), parse_constant=no_number)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise NoAnswer(
                LogState.UNREADABLE, f"{where} answers with something that is no JSON object."
            )
        return value

    def _body(self, response: "Response", where: str) -> bytes:
        from requests.exceptions import RequestException

        body = bytearray()
        begun = time.monotonic()
        try:
            for piece in response.iter_content(65_536):
                body += piece
                if len(body) > MAX_JSON:
                    raise NoAnswer(
                        LogState.TOO_BIG,
                        f"{where} answers with more than {MAX_JSON >> 20} MiB of JSON.",
                    )
                if time.monotonic() - begun > 10 * self._timeout:
                    raise _Again(
                        f"{where} did not finish its answer within {10 * self._timeout:g} s"
                    )
        except RequestException:
            raise _Again(f"{where} broke off in the middle of its answer") from None
        return bytes(body)


def is_page(response: "Response") -> bool:
    """Whether the answer is a web page, e.g. to log in, where data was asked for."""
    return (
        response.headers.get("Content-Type", "")
        .lower()
        .startswith(("text/html", "application/xhtml"))
    )


def page_refused(where: str) -> NoAnswer:
    """The error for a web page in place of data. What stands on the page is not shown."""
    return NoAnswer(
        LogState.REFUSED,
        f"{where} answers with a web page, likely to log in. Check jenkins_url, jenkins_user and jenkins_token.",
        200,
    )


def _checked(response: "Response", where: str) -> "Response":
    """The answer, if its status is 200, 206 or 416. Raises NoAnswer or _Again; no body of an error is shown."""
    status = response.status_code
    if status in (200, 206, 416):
        return response
    response.close()
    if status == 429 or status >= 500:
        raise _Again(f"{where} answers with status {status}", status, _wait_of(response))
    if status in (401, 403):
        detail = f"{where} refuses us (status {status}). Check jenkins_user and jenkins_token, and what they may read."
        raise NoAnswer(LogState.REFUSED, detail, status)
    if status in (404, 410):
        raise NoAnswer(LogState.MISSING, f"{where} is not there, or we may not see it.", status)
    raise NoAnswer(LogState.REFUSED, f"{where} answers with status {status}.", status)


def _wait_of(response: "Response") -> float | None:
    """Seconds from Retry-After, a number or a date; None where it says nothing that can be meant."""
    text = response.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    try:
        # Against the server's own clock: ours may differ.
        gap = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return max(0.0, gap.total_seconds())


def _reason(error: BaseException | None) -> str:
    """The innermost words of a chain of errors, without addresses and object names."""
    found = ""
    for _ in range(10):
        if error is None:
            break
        if isinstance(error, OSError) and error.strerror:
            found = error.strerror
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return visible(found, 200) or "the connection broke off"

"""One request to one far end: a timeout on everything, no redirect followed, no exception that could quote a secret.

What comes of it is a value: an `Answer` with any status, or `NoAnswer`, which knows whether the request may have
arrived.
"""

import io
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ci_stat.connectors.http.address import Address
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import Reaction, Verdict

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session

TIMEOUT = (
    20.0  # seconds to connect, and between two pieces of an answer; for all of them, see timed.py
)
MAX_ANSWER = 2**20  # bytes; a page of 100 chats has about 60 kB
MAX_WAIT = 86_400.0  # seconds that a server may ask for
_CA_HINT = "For a certificate authority of your own, set REQUESTS_CA_BUNDLE to its file."


def json_bytes(value: object) -> bytes:
    """`value` as compact JSON in UTF-8: as it goes on the wire, so its length is the size that counts.

    Raises TypeError or ValueError for what JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")  # half a surrogate pair has no UTF-8


@dataclass(frozen=True, slots=True)
class Answer:
    """What came. `headers` by names in lower case; `body`: at most MAX_ANSWER bytes, of a broken one what there was."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)  # of a request for a token, the token

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_page(self) -> bool:
        """Whether this is a web page, where data was asked for."""
        kind = self.headers.get("content-type", "").lower()
        first = self.body.lstrip()[:1]  # some servers call everything HTML, a cut object too
        return first == b"<" or (
            kind.startswith(("text/html", "application/xhtml")) and first not in (b"", b"{", b"[")
        )

    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    def json(self) -> dict[str, Any] | None:
        """The JSON object in the body; None where it is anything else, or cut."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def wait(self, *names: str) -> float | None:
        """Seconds that the server asks us to wait, from the first of the headers `names` that has a number."""
        for name in (*names, "retry-after"):
            text = self.headers.get(name, "").strip()
            if text.isascii() and text.replace(".", "", 1).isdigit():
                return min(float(text), MAX_WAIT)
        return None

    def time(self) -> float | None:
        """The server's clock in Unix seconds; None where it does not tell."""
        try:
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except (TypeError, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer came. `sent`: the request may have arrived. `passing`: another try may do better."""

    reason: str
    hint: str = ""
    sent: bool = False
    passing: bool = True

    def verdict(self) -> Verdict:
        if self.sent:
            return Verdict(Reaction.UNKNOWN, self.reason, self.hint)
        return Verdict(Reaction.RETRY if self.passing else Reaction.GIVE_UP, self.reason, self.hint)


class _Body(io.BytesIO):
    """A body that knows whether any of it was handed out to be sent: before that, nothing can have been delivered."""

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(size)


class Http:
    """Requests to one far end, for any number of threads. Nothing is connected between two of them.

    Proxies and certificate authorities are those of the environment (HTTPS_PROXY, REQUESTS_CA_BUNDLE, ...).
    """

    def __init__(self, place: Address, mask: Mask, timeout: float = TIMEOUT) -> None:
        self._place, self._mask, self._timeout = place, mask, timeout

    def __repr__(self) -> str:
        return f"<Http {self._place.root}>"

    def post(self, path: str, body: bytes, authorization: str = "") -> Answer | NoAnswer:
        """JSON `body` to `path` below the address."""
        return self._ask("POST", path, body, authorization)

    def get(
        self, path: str, query: Mapping[str, str], authorization: str = ""
    ) -> Answer | NoAnswer:
        return self._ask("GET", f"{path}?{urlencode(query)}", b"", authorization)

    @staticmethod
    def ready() -> None:
        """Load what a request needs. It takes a while, in which nothing should be announced as on its way."""
        import ci_stat.connectors.http.deadline  # noqa: F401

    def _ask(self, method: str, path: str, body: bytes, authorization: str) -> Answer | NoAnswer:
        # A connection of its own for each request: one that was kept, and that the server has just closed, looks like
        # one that broke off after sending.
        import requests
        import urllib3

        outgoing = _Body(body)
        with requests.Session() as session, self._mask.over_logs():
            try:
                request = self._prepared(
                    session, method, path, outgoing if body else None, authorization
                )
                with self._sent(session, request) as response:
                    return Answer(response.status_code, _headers(response), self._body(response))
            # ValueError: what http.client cannot send. HTTPError, OSError: what requests lets through from below.
            except (
                requests.exceptions.RequestException,
                urllib3.exceptions.HTTPError,
                OSError,
                ValueError,
            ) as error:
                return self._trouble(error, outgoing.begun)

    def _prepared(
        self, session: "Session", method: str, path: str, body: _Body | None, authorization: str
    ) -> "PreparedRequest":
        import requests

        headers = {
            "User-Agent": "ci_stat", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close",
        } | ({"Content-Type": "application/json; charset=utf-8"} if body else {})  # fmt: skip

        def authorize(request: "PreparedRequest") -> "PreparedRequest":
            # Also without a secret: that there is a callable keeps requests from looking into ~/.netrc.
            if authorization:
                request.headers["Authorization"] = authorization
            return request

        url = f"{self._place.root}{self._place.path}{path}"
        return session.prepare_request(
            requests.Request(method, url, headers=headers, data=body, auth=authorize)
        )

    def _sent(self, session: "Session", request: "PreparedRequest") -> "Response":
        from ci_stat.connectors.http.deadline import timed_adapter

        surroundings: dict[str, Any] = {
            **session.merge_environment_settings(request.url, {}, True, None, None)
        }
        if (
            self._place.loopback
        ):  # is nowhere a proxy could reach; and it may be spoken to unencrypted
            surroundings["proxies"] = {}
        # Not session.send: that follows redirects and keeps cookies.
        return timed_adapter(session, self._place.root).send(
            request, timeout=self._timeout, **surroundings
        )

    def _body(self, response: "Response") -> bytes:
        """What can be had of the body. One that is cut does not read as JSON, and is judged by that."""
        body = bytearray()
        for piece in _pieces(response):
            body += piece
            if len(body) > MAX_ANSWER:
                break
        return bytes(body[:MAX_ANSWER])

    def _trouble(self, error: BaseException, sent: bool) -> NoAnswer:
        import requests

        from ci_stat.connectors.http.deadline import TIMES, TooLate

        root = self._place.root
        chain = list(_chain(error))
        if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
            reason = f"{root}: its certificate is refused: {self._words(chain)}"
            return NoAnswer(reason, _CA_HINT, sent, passing=False)
        if isinstance(error, requests.exceptions.ProxyError):
            return NoAnswer(
                f"{root}: the proxy does not let us through: {self._words(chain)}",
                "Check HTTPS_PROXY.",
                sent,
            )
        if isinstance(error, requests.exceptions.SSLError):
            return NoAnswer(
                f"{root}: the encrypted connection fails: {self._words(chain)}", _CA_HINT, sent
            )
        if any(isinstance(each, TooLate) for each in chain):
            return NoAnswer(
                f"{root} was not done answering within {TIMES * self._timeout:g} s", sent=sent
            )
        if isinstance(error, requests.exceptions.Timeout):
            return NoAnswer(f"{root} did not answer within {self._timeout:g} s", sent=sent)
        if isinstance(error, requests.exceptions.ConnectionError):
            broken = "broke off without an answer" if sent else "cannot be reached"
            return NoAnswer(f"{root} {broken}: {self._words(chain)}", sent=sent)
        if isinstance(error, OSError) and not isinstance(
            error, requests.exceptions.RequestException
        ):
            return NoAnswer(
                f"{root}: the file in REQUESTS_CA_BUNDLE cannot be read.",
                _CA_HINT,
                sent,
                passing=False,
            )
        return NoAnswer(f"{root} cannot be asked: {type(error).__name__}", sent=sent, passing=False)

    def _words(self, chain: list[BaseException]) -> str:
        """The innermost words of a chain of errors, without addresses and object names."""
        # An error that only has text was written by the library, of a proxy's answer for one.
        said = [each.strerror or (each.args[0] if each.args and isinstance(each.args[0], str) else "")
                for each in chain if isinstance(each, OSError)]  # fmt: skip
        inner = [text for text in said if isinstance(text, str) and text]
        return self._mask.shown(inner[-1]) if inner else "the connection broke off"


def _headers(response: "Response") -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _pieces(response: "Response") -> Iterator[bytes]:
    import urllib3

    try:
        # Not iter_content: that waits for a full piece, for ever if bytes come one by one. So does urllib3 1.26.
        read = getattr(response.raw, "read1", response.raw.read)
        while piece := read(65_536, decode_content=True):
            yield piece
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        return  # the status has come, and so it is known that the request arrived


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it was made of, from outside to inside."""
    for _ in range(10):
        if error is None:
            return
        yield error
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__

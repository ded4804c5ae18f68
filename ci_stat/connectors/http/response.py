"""The result of one request as a value: a response with any status, or the reason why there is
none.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

MAX_WAIT = 86_400.0  # seconds; a longer Retry-After counts as this


@dataclass(frozen=True, slots=True)
class Response:
    """A response.

    `headers` have lower-case names. `body` is as much of the body as could be read.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)  # may hold an access token

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_page(self) -> bool:
        """Whether this is a web page, e.g. a login form, where data was requested."""
        first = self.body.lstrip()[:1]
        if first == b"<":
            return True
        # Some servers label every response as HTML, truncated JSON included.
        return is_html(self.headers) and first not in (b"", b"{", b"[")

    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    def json(self) -> dict[str, Any] | None:
        """The JSON object in the body; None for anything else, truncated JSON included."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def retry_after(self, *names: str) -> float | None:
        """Seconds to wait, from the first of the headers `names` and Retry-After that is valid."""
        return retry_after(self.headers, *names)

    def server_time(self) -> float | None:
        """The server's clock in Unix seconds; None without a valid Date header."""
        moment = _date(self.headers.get("date", ""))
        return None if moment is None else moment.timestamp()


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No response came.

    - `sent`: the server may have received the request.
    - `temporary`: another attempt may succeed.
    """

    reason: str
    hint: str = ""
    sent: bool = False
    temporary: bool = True


def json_bytes(value: object) -> bytes:
    """`value` as compact JSON in UTF-8, exactly as it is sent, so that its size can be checked.

    Raises TypeError or ValueError for a value that JSON cannot express.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8 encoding


def is_html(headers: Mapping[str, str]) -> bool:
    """Whether the Content-Type is that of a web page."""
    return headers.get("content-type", "").lower().startswith(("text/html", "application/xhtml"))


def retry_after(headers: Mapping[str, str], *names: str) -> float | None:
    """Seconds to wait, from the first of the headers `names` and Retry-After that is valid."""
    for name in (*names, "retry-after"):
        seconds = _seconds(headers.get(name, "").strip(), headers.get("date", ""))
        if seconds is not None:
            return min(seconds, MAX_WAIT)
    return None


def _seconds(text: str, now: str) -> float | None:
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text)
    # A date is compared with the server's clock: ours may differ.
    until, since = _date(text), _date(now)
    if until is None or since is None:
        return None
    return max(0.0, (until - since).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment if moment.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None

"""What one answer of GitHub means: for certain done, for certain not done, or in doubt; and what to tell about it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ci_stat.connectors.http.client import Answer, NoAnswer
from ci_stat.connectors.http.masking import Mask

_NOT_JSON = object()
_LIMIT = re.compile(
    r"(?i)rate limit|abuse detection|too many requests|wait a few minutes|again later"
)
_MOVED = (301, 307, 308)  # nothing was done; a 303 is what some servers say when they have done it
_PAGE_HINT = "A proxy or a login page answers: check github_url and HTTPS_PROXY."
_WORDS: dict[int, tuple[str, str]] = {
    301: (
        "what was asked for has moved",
        "If the repository was renamed, set github_repo to its new name.",
    ),
    401: ("the token is wrong or has expired", "Make a new one, and set gh_token."),
    403: (
        "it is not allowed",
        "The token needs the permission 'Issues: read and write' for this repository.",
    ),
    404: (
        "there is no such thing, or the token may not see it",
        "Check github_repo; a private repository needs a token that was given access to it.",
    ),
    410: (
        "it is gone",
        "Issues are switched off in the repository's settings, or this one was deleted.",
    ),
    422: ("it is refused as it stands", ""),
    451: ("it is blocked for legal reasons", ""),
}


class What(StrEnum):
    """What became of a request."""

    GOOD = "good"
    LIMITED = "limited"  # for certain not done; it may be asked again later
    REFUSED = "refused"  # for certain not done
    AWAY = "away"  # for certain not done: nobody was reached
    DOUBT = "doubt"  # it may have been done


@dataclass(frozen=True, slots=True)
class Said:
    """One answer, judged.

    - `reason`, `hint`: one line each, without secrets. `message`: GitHub's own words, for comparing only.
    - `wait`: seconds that GitHub asks for. `passing`: another try may do better.
    - `value`: the JSON that came. `headers`: by names in lower case.
    """

    what: What
    reason: str = ""
    hint: str = ""
    code: int | None = None
    wait: float | None = None
    passing: bool = True
    message: str = field(default="", repr=False)
    value: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Judge:
    """`wall`: Unix seconds, for an answer that does not tell the server's time."""

    def __init__(self, mask: Mask, wall: Callable[[], float]) -> None:
        self._mask, self._wall = mask, wall

    def judged(self, answer: Answer | NoAnswer) -> Said:
        if isinstance(answer, NoAnswer):
            what = What.DOUBT if answer.sent else What.AWAY
            return Said(what, answer.reason, answer.hint, passing=answer.passing)
        value = _parsed(answer.body)
        message = _message(value)
        if _is_limit(answer, message):
            return self._limited(answer, message)
        if answer.status in (200, 201) and value is not _NOT_JSON:
            return Said(What.GOOD, code=answer.status, value=value, headers=answer.headers)
        # Without GitHub's own words it is somebody else's answer, and who knows when it was given.
        if answer.status in _MOVED or (
            400 <= answer.status < 500 and answer.status != 408 and message
        ):
            return self._refused(answer, value, message)
        return self._odd(answer, value)

    def _limited(self, answer: Answer, message: str) -> Said:
        wait = answer.wait()
        if wait is None and answer.headers.get("x-ratelimit-remaining") == "0":
            reset = answer.headers.get("x-ratelimit-reset", "")
            now = answer.time()
            wait = (
                max(float(reset) - (self._wall() if now is None else now), 0) + 1
                if _is_number(reset)
                else None
            )
        ends = "" if wait is None else f"; it asks to come back in {wait:,.0f} s"
        reason = self._sentence(answer, "its limit of requests is reached", message) + ends
        return Said(
            What.LIMITED, reason, "Let it run again later.", answer.status, wait, message=message
        )

    def _refused(self, answer: Answer, value: Any, message: str) -> Said:
        words, hint = _WORDS.get(
            301 if answer.status in _MOVED else answer.status, ("it is refused", "")
        )
        if answer.headers.get("x-github-sso", "").startswith("required"):
            hint = "Authorize the token for the organization's single sign-on, in its owner's settings."
        reason = self._sentence(answer, words, "; ".join([message, *_details(value)]))
        return Said(What.REFUSED, reason, hint, answer.status, passing=False, message=message)

    def _odd(self, answer: Answer, value: Any) -> Said:
        hint = ""
        if answer.status >= 500:  # GitHub's own are web pages, too
            words = "it fails for the moment"
        elif answer.is_page:
            words, hint = "a web page came in place of data", _PAGE_HINT
        else:
            words = "an answer that is cut, or not GitHub's"
        reason = self._sentence(answer, words, _message(value))
        return Said(What.DOUBT, reason, hint, answer.status, answer.wait())

    def _sentence(self, answer: Answer, words: str, message: str) -> str:
        said = self._mask.shown(message.strip("; "))
        return f"GitHub: {words} (HTTP status {answer.status}{f': {said}' if said else ''})"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _message(value: Any) -> str:
    found = value.get("message") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _is_limit(answer: Answer, message: str) -> bool:
    if answer.status == 429:
        return True
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == 403 and (
        spent or answer.wait() is not None or _LIMIT.search(message) is not None
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def _details(value: Any) -> list[str]:
    """Which field is refused, and why: from a list of objects, or of sentences."""
    errors = value.get("errors") if isinstance(value, dict) else None
    return [_detail(each) for each in errors[:5]] if isinstance(errors, list) else []


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    words = [error.get(name) for name in ("resource", "field", "code", "message", "value")]
    return " ".join(str(each) for each in words if isinstance(each, str | int))

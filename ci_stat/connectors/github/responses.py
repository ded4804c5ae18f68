"""From a response of GitHub to the result of a call: done, certainly not done, or unknown."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response

_NOT_JSON = object()
_LIMIT = re.compile(
    r"(?i)rate limit|abuse detection|too many requests|wait a few minutes|again later"
)
MOVED = (301, 307, 308)  # nothing was done; some servers send 303 after they did it
_PAGE_HINT = "A proxy or a login page responded: check github_url and HTTPS_PROXY."
Refusals = Mapping[int, tuple[str, str]]  # by status: what it means, and the next step
ISSUE_REFUSALS: Refusals = {
    301: (
        "the repository or the issue has moved",
        "If the repository was renamed, set github_repo to its new name.",
    ),
    401: ("the token is wrong or has expired", "Create a new one, and set gh_token."),
    403: (
        "access is denied",
        "The token needs the permission 'Issues: read and write' for this repository.",
    ),
    404: (
        "not found, or not visible to the token",
        "Check github_repo; a private repository needs a token with access to it.",
    ),
    410: (
        "it no longer exists",
        "Issues are disabled in the repository's settings, or this one was deleted.",
    ),
    422: ("the request is invalid", ""),
    451: ("it is blocked for legal reasons", ""),
}
ACTIONS_REFUSALS: Refusals = {
    **ISSUE_REFUSALS,
    301: ("the repository has moved", "Use its new name."),
    403: (
        "access is denied",
        "The token (gh_token) needs the permissions 'Actions: read' and 'Pull requests: read' for"
        " this repository; a classic token the scope 'repo'.",
    ),
    404: (
        "not found, or not visible to the token",
        "Check the name OWNER/NAME; a private repository needs a token (gh_token) with access.",
    ),
    410: ("it no longer exists", ""),
}
PUBLISH_REFUSALS: Refusals = {
    **ISSUE_REFUSALS,
    301: ("the repository has moved", "Use its new name."),
    403: (
        "access is denied",
        "A comment needs a token (gh_token) with 'Pull requests: write', a status one with"
        " 'Commit statuses: write', and a check run the token of an App with 'Checks: write', such"
        " as GITHUB_TOKEN in GitHub Actions. GitHub gives forks a token that only reads.",
    ),
    404: (
        "not found, or not visible to the token",
        "Check --repo and --pr, or --commit; a private repository needs a token with access to it.",
    ),
    410: ("it no longer exists", "The repository is gone, or the conversation was deleted."),
    422: ("the request is invalid", "Check --commit: GitHub must have it in this repository."),
}
CAMPAIGN_REFUSALS: Refusals = {
    **ISSUE_REFUSALS,
    301: ("the repository has moved", "Use its new name in `repo`."),
    403: (
        "access is denied",
        "A campaign needs a token (gh_token) with 'Contents: write' where branches are created, and"
        " 'Pull requests: write', 'Commit statuses: read' and 'Checks: read' for the repository.",
    ),
    404: (
        "not found, or not visible to the token",
        "Check `repo` and `fork`; a private repository needs a token with access to it.",
    ),
    410: ("it no longer exists", ""),
}
_HIDDEN_HINT = "Check the name OWNER/NAME, or set a token with access to it (gh_token)."
ANONYMOUS_REFUSALS: Refusals = {
    **ACTIONS_REFUSALS,
    401: ("the repository is not public, or unknown without a token", _HIDDEN_HINT),
    404: ("the repository is not public, or does not exist", _HIDDEN_HINT),
}


class CallState(StrEnum):
    """What became of a request."""

    DONE = "done"
    LIMITED = "limited"  # certainly not done; it may be repeated later
    REFUSED = "refused"  # certainly not done
    UNREACHABLE = "unreachable"  # certainly not done: the server was not reached
    UNKNOWN = "unknown"  # it may have been done


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of one request.

    - `reason`, `hint`: one line each, without secrets. `message`: GitHub's own words, for
      comparisons only.
    - `wait`: seconds to wait, if GitHub says so. `temporary`: another attempt may succeed.
    - `value`: the JSON of the response. `headers` have lower-case names.
    """

    state: CallState
    reason: str = ""
    hint: str = ""
    code: int | None = None
    wait: float | None = None
    temporary: bool = True
    message: str = field(default="", repr=False)
    value: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Interpreter:
    """Turns responses into results.

    `wall`: Unix seconds, for a response without the server's time. `refusals`: what a refusal
    means to these calls.
    """

    def __init__(
        self, mask: Mask, wall: Callable[[], float], refusals: Refusals = ISSUE_REFUSALS
    ) -> None:
        self._mask, self._wall, self._refusals = mask, wall, refusals

    def result(
        self, response: Response | NoResponse, accepted: frozenset[int] = frozenset()
    ) -> CallResult:
        """`accepted`: statuses of responses that have no JSON and are DONE."""
        if isinstance(response, NoResponse):
            state = CallState.UNKNOWN if response.sent else CallState.UNREACHABLE
            return CallResult(state, response.reason, response.hint, temporary=response.temporary)
        if response.status in accepted:
            return CallResult(CallState.DONE, code=response.status, headers=response.headers)
        value = _parsed(response.body)
        message = _message(value)
        if _is_limit(response, message):
            return self._limited(response, message)
        if response.status in (200, 201) and value is not _NOT_JSON:
            return CallResult(
                CallState.DONE, code=response.status, value=value, headers=response.headers
            )
        if _is_refusal(response.status, message):
            return self._refused(response, value, message)
        return self._unusable(response, message)

    def _limited(self, response: Response, message: str) -> CallResult:
        wait = response.retry_after()
        if wait is None:
            wait = self._until_reset(response)
        asks = "" if wait is None else f"; it asks to wait {wait:,.0f} s"
        reason = self._sentence(response, "the rate limit is reached", message) + asks
        hint = "Run it again later."
        return CallResult(CallState.LIMITED, reason, hint, response.status, wait, message=message)

    def _until_reset(self, response: Response) -> float | None:
        """Seconds until the primary rate limit is reset."""
        reset = response.headers.get("x-ratelimit-reset", "")
        if response.headers.get("x-ratelimit-remaining") != "0" or not _is_number(reset):
            return None
        server_time = response.server_time()
        now = self._wall() if server_time is None else server_time
        return max(float(reset) - now, 0) + 1

    def _refused(self, response: Response, value: Any, message: str) -> CallResult:
        status = 301 if response.status in MOVED else response.status
        words, hint = self._refusals.get(status, ("the request is refused", ""))
        if response.headers.get("x-github-sso", "").startswith("required"):
            hint = "Authorize the token for single sign-on, in its owner's settings."
        reason = self._sentence(response, words, "; ".join([message, *_details(value)]))
        return CallResult(
            CallState.REFUSED,
            reason,
            hint,
            response.status,
            temporary=False,
            message=message,
            headers=response.headers,
        )

    def _unusable(self, response: Response, message: str) -> CallResult:
        hint = ""
        if response.status >= 500:  # GitHub's own errors are web pages, too
            words = "the server failed"
        elif response.is_page:
            words, hint = "received a web page instead of data", _PAGE_HINT
        else:
            words = "the response is truncated, or not GitHub's"
        reason = self._sentence(response, words, message)
        return CallResult(CallState.UNKNOWN, reason, hint, response.status, response.retry_after())

    def _sentence(self, response: Response, words: str, message: str) -> str:
        shown = self._mask.shown(message.strip("; "))
        quoted = f": {shown}" if shown else ""
        return f"GitHub: {words} (HTTP status {response.status}{quoted})"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _message(value: Any) -> str:
    message = value.get("message") if isinstance(value, dict) else None
    return message if isinstance(message, str) else ""


def _is_limit(response: Response, message: str) -> bool:
    if response.status == 429:
        return True
    if response.status != 403:
        return False
    used_up = response.headers.get("x-ratelimit-remaining") == "0"
    return used_up or response.retry_after() is not None or _LIMIT.search(message) is not None


def _is_refusal(status: int, message: str) -> bool:
    """Whether GitHub itself refused: without its message, a 4xx is a proxy's, sent at any time."""
    return status in MOVED or (400 <= status < 500 and status != 408 and bool(message))


def _is_number(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit()


def _details(value: Any) -> list[str]:
    """Which field is invalid, and why: from a list of objects, or of sentences."""
    errors = value.get("errors") if isinstance(value, dict) else None
    return [_detail(error) for error in errors[:5]] if isinstance(errors, list) else []


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    words = [error.get(name) for name in ("resource", "field", "code", "message", "value")]
    return " ".join(str(word) for word in words if isinstance(word, str | int))

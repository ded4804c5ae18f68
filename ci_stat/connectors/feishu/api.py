"""Calls of Feishu's API as an app, with the access token that each of them needs."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from ci_stat.connectors.feishu.responses import interpret
from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import HttpClient
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import NoResponse, Response, json_bytes
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, nothing
from ci_stat.errors import SettingsError

TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 (a path)
EARLY = 600.0  # seconds before a token expires that it is replaced, as in lark-oapi
_TOKEN = re.compile(r"[!-~]{1,8192}")  # what a header can carry
API_EXAMPLE = "https://open.feishu.cn, or https://open.larksuite.com"


class FeishuApi:
    """One app at one Feishu, for any number of threads.

    `clock`: seconds, for the life of the token. `now`: Unix seconds. Nothing is connected yet.
    Raises SettingsError for an invalid address, id or secret.
    """

    def __init__(
        self,
        base_url: str,
        app_id: str,
        app_secret: str,
        timeout: float,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.address = parse_address(base_url, "feishu_url", API_EXAMPLE)
        for setting, value in (("app_id", app_id), ("app_secret", app_secret)):
            if not value.strip() or not value.isprintable():
                raise SettingsError(
                    f"{setting} is empty or contains an invalid character.", "Copy it again."
                )
        self._credentials = {"app_id": app_id.strip(), "app_secret": app_secret.strip()}
        self._mask = Mask(app_secret.strip())
        self._http = HttpClient(self.address, self._mask, timeout)
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._token, self._expires = "", 0.0

    def __repr__(self) -> str:
        return f"<FeishuApi {self.address.root}>"

    def get(self, path: str, query: Mapping[str, str]) -> AttemptOutcome:
        """Read something: nothing is delivered."""
        outcome = self._with_token(
            lambda bearer: self._interpret(self._http.get(path, query, bearer))
        )
        return _harmless(outcome)

    def post(self, path: str, body: bytes, before: Callable[[], None] = nothing) -> AttemptOutcome:
        """Send JSON `body`. `before` is called each time immediately before it is sent."""

        def call(bearer: str) -> AttemptOutcome:
            before()
            return self._interpret(self._http.post(path, body, bearer))

        return self._with_token(call)

    def _interpret(self, response: Response | NoResponse) -> AttemptOutcome:
        return interpret(response, self._mask, self._now())

    def _with_token(self, call: Callable[[str], AttemptOutcome]) -> AttemptOutcome:
        """Make a call with a token; once more with a new token if Feishu refuses the first."""
        for is_last in (False, True):
            token = self._current_token()
            if isinstance(token, AttemptOutcome):
                return token
            outcome = call(f"Bearer {token}")
            if outcome.reaction is not Reaction.REFRESH or is_last:
                break
            self._forget(token)
        return outcome

    def _current_token(self) -> str | AttemptOutcome:
        with self._lock:  # other threads need the new token, too
            if self._token and self._clock() < self._expires:
                return self._token
            requested = self._clock()
            response = self._http.post(TOKEN_PATH, json_bytes(self._credentials))
            outcome = _harmless(self._interpret(response))
            if outcome.reaction is not Reaction.DONE:
                return outcome
            token, life = _token_in(outcome)
            if not token:
                reason = "Feishu: the response has no access token"
                return AttemptOutcome(Reaction.GIVE_UP, reason, "Check feishu_url.", outcome.code)
            self._mask.add(token)
            self._token, self._expires = token, requested + life - EARLY
            return token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:  # another thread may have a new one already
                self._token = ""


def _token_in(outcome: AttemptOutcome) -> tuple[str, int]:
    """The token and its life in seconds; an empty token if either is invalid."""
    token, life = outcome.value.get("tenant_access_token"), outcome.value.get("expire")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or not isinstance(life, int):
        return "", 0
    return token, life


def _harmless(outcome: AttemptOutcome) -> AttemptOutcome:
    """The outcome of a request that delivers nothing: it may be repeated, and has no content to
    refuse.
    """
    if outcome.reaction is Reaction.UNKNOWN:
        return replace(outcome, reaction=Reaction.RETRY)
    if outcome.reaction in (Reaction.REJECT, Reaction.FOREIGN):
        return replace(outcome, reaction=Reaction.GIVE_UP)
    return outcome

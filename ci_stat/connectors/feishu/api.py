"""Calls of Feishu's API as an app: the token that each needs, kept in memory and got anew in time."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from ci_stat.connectors.feishu.responses import judge
from ci_stat.connectors.http.address import address
from ci_stat.connectors.http.client import Answer, Http, NoAnswer, json_bytes
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.outcome import Reaction, Verdict, nothing
from ci_stat.errors import SettingsError

TOKEN_PATH = "/open-apis/auth/v3/tenant_access_token/internal"  # noqa: S105 (a path)
EARLY = 600.0  # seconds before its end that a token is replaced, as lark-oapi does
_TOKEN = re.compile(r"[!-~]{1,8192}")  # what a header can carry
API_EXAMPLE = "https://open.feishu.cn, or https://open.larksuite.com"


class FeishuApi:
    """One app at one Feishu, for any number of threads. `clock`: seconds, for the token's life; `now`: Unix seconds."""

    def __init__(
        self,
        base_url: str,
        app_id: str,
        app_secret: str,
        timeout: float,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        """Nothing is connected yet. Raises SettingsError for an address, an id or a secret that cannot be used."""
        self.place = address(base_url, "feishu_url", API_EXAMPLE)
        for setting, value in (("app_id", app_id), ("app_secret", app_secret)):
            if not value.strip() or not value.isprintable():
                raise SettingsError(
                    f"{setting} is empty, or holds a sign that it cannot have.", "Copy it anew."
                )
        self._credentials = {"app_id": app_id.strip(), "app_secret": app_secret.strip()}
        self._mask = Mask(app_secret.strip())
        self._http = Http(self.place, self._mask, timeout)
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def __repr__(self) -> str:
        return f"<FeishuApi {self.place.root}>"

    def get(self, path: str, query: Mapping[str, str]) -> Verdict:
        """A question: nothing is delivered by it."""
        return _harmless(
            self._with_token(lambda bearer: self._judged(self._http.get(path, query, bearer)))
        )

    def post(self, path: str, body: bytes, before: Callable[[], None] = nothing) -> Verdict:
        """JSON `body`; `before` is called when everything else is done, each time immediately before it is sent."""

        def call(bearer: str) -> Verdict:
            before()
            return self._judged(self._http.post(path, body, bearer))

        return self._with_token(call)

    def _judged(self, answer: Answer | NoAnswer) -> Verdict:
        return judge(answer, self._mask, self._now())

    def _with_token(self, call: Callable[[str], Verdict]) -> Verdict:
        """`call` with a token; with a new one, once, if that is refused."""
        for last in (False, True):
            token = self._current()
            if isinstance(token, Verdict):
                return token
            verdict = call(f"Bearer {token}")
            if verdict.reaction is not Reaction.REFRESH or last:
                break
            self._forget(token)
        return verdict

    def _current(self) -> str | Verdict:
        with self._lock:  # whoever comes while it is asked for needs it too
            if self._token and self._clock() < self._until:
                return self._token
            asked = self._clock()
            verdict = _harmless(
                self._judged(self._http.post(TOKEN_PATH, json_bytes(self._credentials)))
            )
            if verdict.reaction is not Reaction.DONE:
                return verdict
            token, life = verdict.value.get("tenant_access_token"), verdict.value.get("expire")
            if (
                not isinstance(token, str)
                or not _TOKEN.fullmatch(token)
                or not isinstance(life, int)
            ):
                return Verdict(
                    Reaction.GIVE_UP,
                    "Feishu: an answer without a token",
                    "Check feishu_url.",
                    verdict.code,
                )
            self._mask.add(token)
            self._token, self._until = token, asked + life - EARLY
            return token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:  # and not the one that another thread has got since
                self._token = ""


def _harmless(verdict: Verdict) -> Verdict:
    """The verdict on a request that delivers nothing, whatever became of it; and that holds no content to refuse."""
    if verdict.reaction is Reaction.UNKNOWN:
        return replace(verdict, reaction=Reaction.RETRY)
    if verdict.reaction in (Reaction.REJECT, Reaction.FOREIGN):
        return replace(verdict, reaction=Reaction.GIVE_UP)
    return verdict

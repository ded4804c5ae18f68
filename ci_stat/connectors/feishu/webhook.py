"""Feishu's custom bots: a webhook for each. They know no idempotency: what may have arrived is not sent again."""

import base64
import hashlib
import hmac
import random
import time
from collections.abc import Callable

from ci_stat.connectors.feishu.message import FeishuMessage
from ci_stat.connectors.feishu.responses import judge
from ci_stat.connectors.http.address import address
from ci_stat.connectors.http.client import TIMEOUT, Http, json_bytes
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import Verdict, deliver, nothing, once
from ci_stat.errors import SettingsError
from ci_stat.records import Outcome

WEBHOOK_EXAMPLE = "https://open.feishu.cn/open-apis/bot/v2/hook/..."
_SOME_TIME = 1_700_000_000  # as long as every timestamp until the year 2286


def sign(secret: str, timestamp: int | str) -> str:
    """Feishu's signature: Base64 of HMAC-SHA256 over nothing, whose key is timestamp (Unix seconds) and secret."""
    # Key and message are the other way round than everywhere else.
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class FeishuWebhook:
    """One custom bot. `secret`: its signing secret, where it asks for signatures.

    - `now`: Unix seconds, for the signature; `clock`, `sleep`, `jitter` (0 to 1): for the waits between tries.
    - `pace`: how fast it may be used; by default one for each address in this process.

    Nothing is connected before `send`. Raises SettingsError for an address or a secret that cannot be used.
    """

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        *,
        timeout: float = TIMEOUT,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        self._place = address(url, "webhook", WEBHOOK_EXAMPLE, path=True)
        self._secret = (secret or "").strip()
        if not self._secret.isprintable():
            raise SettingsError(
                "webhook_secret holds a sign that no secret has.",
                "Copy it anew from the bot's settings.",
            )
        self._mask = Mask(*self._place.secrets, self._secret)
        self._http = Http(self._place, self._mask, timeout)
        self._now = now
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(url)

    def __repr__(self) -> str:
        return f"<FeishuWebhook {self._place.root}>"

    def body(self, message: FeishuMessage, timestamp: int) -> bytes:
        """What goes on the wire at `timestamp` (Unix seconds): compact JSON in UTF-8, signed if there is a secret."""
        signed = (
            {"timestamp": str(timestamp), "sign": sign(self._secret, timestamp)}
            if self._secret
            else {}
        )
        return json_bytes(signed | message.for_webhook())

    def wire_size(self, message: FeishuMessage) -> int:
        """Bytes of the whole request body; Feishu allows 20 KB."""
        return len(self.body(message, _SOME_TIME))

    def send(self, message: FeishuMessage, about_to_send: Callable[[], None] = nothing) -> Outcome:
        """Sends, and tries again for as long as nothing can have been delivered.

        `about_to_send` is called once, immediately before the first request that could deliver. What the far end or
        the way there does wrong becomes the Outcome; what `about_to_send` raises comes through.
        """
        self.body(
            message, _SOME_TIME
        )  # raises for what is no JSON, before anybody is told anything
        self._http.ready()
        before = once(about_to_send)

        def attempt() -> Verdict:
            self._pace.wait()
            before()
            body = self.body(message, int(self._now()))
            return judge(self._http.post("", body), self._mask, self._now())

        return deliver(attempt, self._policy.begin())

"""Feishu's custom bots: one webhook each.

They have no idempotency key, so a message that may have arrived is not sent again.
"""

import base64
import hashlib
import hmac
import random
import time
from collections.abc import Callable

from ci_stat.connectors.feishu.message import FeishuMessage
from ci_stat.connectors.feishu.responses import interpret
from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import TIMEOUT, HttpClient
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import json_bytes
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import AttemptOutcome, nothing, once, send_with_retries
from ci_stat.errors import SettingsError
from ci_stat.records import Outcome

WEBHOOK_EXAMPLE = "https://open.feishu.cn/open-apis/bot/v2/hook/..."
_SOME_TIME = 1_700_000_000  # as long as every timestamp until the year 2286


def sign(secret: str, timestamp: int | str) -> str:
    """Feishu's signature: Base64 of HMAC-SHA256 of the empty message, with timestamp (Unix
    seconds) and secret as key.
    """
    # Other vendors sign timestamp and body with the secret as key; Feishu does not.
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


class FeishuWebhook:
    """One custom bot. `secret`: its signing secret, if it requires signatures.

    - `now`: Unix seconds, for the signature; `clock`, `sleep`, `jitter` (0 to 1): for the waits
      between attempts.
    - `pace`: how fast messages are sent; by default one for each address in this process.

    Nothing is connected before `send`. Raises SettingsError for an invalid address or secret.
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
        self._address = parse_address(url, "webhook", WEBHOOK_EXAMPLE, needs_path=True)
        self._secret = (secret or "").strip()
        if not self._secret.isprintable():
            raise SettingsError(
                "webhook_secret contains an invalid character.",
                "Copy it again from the bot's settings.",
            )
        self._mask = Mask(*self._address.secrets, self._secret)
        self._http = HttpClient(self._address, self._mask, timeout)
        self._now = now
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(url)

    def __repr__(self) -> str:
        return f"<FeishuWebhook {self._address.root}>"

    def body(self, message: FeishuMessage, timestamp: int) -> bytes:
        """The request body at `timestamp` (Unix seconds), signed if there is a secret."""
        fields = message.for_webhook()
        if self._secret:
            signature = sign(self._secret, timestamp)
            fields = {"timestamp": str(timestamp), "sign": signature} | fields
        return json_bytes(fields)

    def wire_size(self, message: FeishuMessage) -> int:
        """Bytes of the request body; Feishu allows 20 KB."""
        return len(self.body(message, _SOME_TIME))

    def send(self, message: FeishuMessage, about_to_send: Callable[[], None] = nothing) -> Outcome:
        """Send, and retry as long as nothing can have been delivered.

        `about_to_send` is called once, immediately before the first request that could deliver.
        Failures of the server or the network become the Outcome; exceptions of `about_to_send` are
        raised.
        """
        self.body(message, _SOME_TIME)  # raises for invalid content before anything is announced
        announce = once(about_to_send)

        def attempt() -> AttemptOutcome:
            self._pace.wait()
            announce()
            body = self.body(message, int(self._now()))
            return interpret(self._http.post("", body), self._mask, self._now())

        return send_with_retries(attempt, self._policy.begin())

"""Slack: messages by an incoming webhook, or with a bot's token.

Neither has an idempotency key, so a message that may have arrived is not sent again.
"""

import random
import re
import time
from collections.abc import Callable
from typing import Any

from ci_stat.connectors.http.address import parse_address
from ci_stat.connectors.http.client import TIMEOUT, HttpClient
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.response import json_bytes
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import AttemptOutcome, nothing, once, send_with_retries
from ci_stat.connectors.slack.responses import of_api, of_webhook
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import Outcome

LIMITS = ((1, 1.0),)  # messages, seconds: for each channel
POST_MESSAGE = "/chat.postMessage"
# Words in a report mention nobody, and links are not expanded.
QUIET: dict[str, Any] = {
    "parse": "none",
    "link_names": False,
    "unfurl_links": False,
    "unfurl_media": False,
}


class SlackWebhook:
    """One incoming webhook: its address determines the channel. Nothing is connected before `send`.

    Raises SettingsError for an invalid address. The other arguments are those of `FeishuWebhook`.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        example = "https://hooks.slack.com/services/..."
        self._address = parse_address(url, "slack_webhook", example, needs_path=True)
        self._mask = Mask(*self._address.secrets)
        self._http = HttpClient(self._address, self._mask, timeout)
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(url, LIMITS)

    def __repr__(self) -> str:
        return f"<SlackWebhook {self._address.root}>"

    def send(self, payload: dict[str, Any], about_to_send: Callable[[], None] = nothing) -> Outcome:
        """Send `payload` (`text` and `blocks`), and retry as long as nothing can have been
        delivered.

        `about_to_send` is called once, immediately before the first request that could deliver.
        """
        body = json_bytes(payload | QUIET)
        announce = once(about_to_send)

        def attempt() -> AttemptOutcome:
            self._pace.wait()
            announce()
            return of_webhook(self._http.post("", body), self._mask)

        return send_with_retries(attempt, self._policy.begin())


class SlackBot:
    """A bot's token and the channel (its id, or its name) that it posts to.

    Nothing is connected before `send`.

    Raises SettingsError for invalid settings. The other arguments are those of `FeishuWebhook`.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        channel: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        self._address = parse_address(base_url, "slack_url", "https://slack.com/api")
        token, self._channel = token.strip(), channel.strip()
        if not re.fullmatch("[!-~]+", token):
            raise SettingsError(
                "slack_token is empty or contains an invalid character.", "Copy it again."
            )
        if not self._channel:
            raise SettingsError(
                "slack_channel is empty.", "Set it to the channel's id (C...), or to its name."
            )
        self._bearer = f"Bearer {token}"
        self._mask = Mask(token)
        self._http = HttpClient(self._address, self._mask, timeout)
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(f"{self._address.root} {self._channel}", LIMITS)

    def __repr__(self) -> str:
        return f"<SlackBot {self._address.root} {visible(self._channel, 100)!r}>"

    def send(self, payload: dict[str, Any], about_to_send: Callable[[], None] = nothing) -> Outcome:
        """As `SlackWebhook.send`; the `ts` of a delivered message becomes its message_id."""
        body = json_bytes(payload | QUIET | {"channel": self._channel})
        announce = once(about_to_send)

        def attempt() -> AttemptOutcome:
            self._pace.wait()
            announce()
            return of_api(self._http.post(POST_MESSAGE, body, self._bearer), self._mask)

        return send_with_retries(attempt, self._policy.begin())

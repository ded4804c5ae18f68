"""Slack: messages by an incoming webhook, or with a bot's token. Neither knows idempotency: what may have arrived is
not sent again.
"""

import random
import re
import time
from collections.abc import Callable
from typing import Any

from ci_stat.connectors.http.address import address
from ci_stat.connectors.http.client import TIMEOUT, Answer, Http, NoAnswer, json_bytes
from ci_stat.connectors.http.masking import Mask
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import Reaction, Verdict, deliver, nothing, once
from ci_stat.connectors.slack.codes import ERRORS, Trouble, of_status
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import Outcome

LIMITS = ((1, 1.0),)  # messages, seconds: for each channel
POST_MESSAGE = "/chat.postMessage"
# Nobody is called and nothing is looked up because of words in a report.
QUIET: dict[str, Any] = {
    "parse": "none",
    "link_names": False,
    "unfurl_links": False,
    "unfurl_media": False,
}


class SlackWebhook:
    """One incoming webhook: its address says to which channel. Nothing is connected before `send`.

    Raises SettingsError for an address that cannot be used. The other arguments are those of `FeishuWebhook`.
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
        self._place = address(
            url, "slack_webhook", "https://hooks.slack.com/services/...", path=True
        )
        self._mask = Mask(*self._place.secrets)
        self._http = Http(self._place, self._mask, timeout)
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(url, LIMITS)

    def __repr__(self) -> str:
        return f"<SlackWebhook {self._place.root}>"

    def send(self, payload: dict[str, Any], about_to_send: Callable[[], None] = nothing) -> Outcome:
        """Sends `payload` (`text` and `blocks`), and tries again for as long as nothing can have been delivered.

        `about_to_send` is called once, immediately before the first request that could deliver.
        """
        body = json_bytes(payload | QUIET)
        self._http.ready()
        before = once(about_to_send)

        def attempt() -> Verdict:
            self._pace.wait()
            before()
            return _of_webhook(self._http.post("", body), self._mask)

        return deliver(attempt, self._policy.begin())


class SlackBot:
    """A bot's token and the channel (its id, or its name) that it posts to. Nothing is connected before `send`.

    Raises SettingsError for what cannot be used. The other arguments are those of `FeishuWebhook`.
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
        self._place = address(base_url, "slack_url", "https://slack.com/api")
        token, self._channel = token.strip(), channel.strip()
        if not re.fullmatch("[!-~]+", token):
            raise SettingsError(
                "slack_token is empty, or holds a sign that it cannot have.", "Copy it anew."
            )
        if not self._channel:
            raise SettingsError(
                "slack_channel is empty.", "Set it to the channel's id (C...), or to its name."
            )
        self._bearer = f"Bearer {token}"
        self._mask = Mask(token)
        self._http = Http(self._place, self._mask, timeout)
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(f"{self._place.root} {self._channel}", LIMITS)

    def __repr__(self) -> str:
        return f"<SlackBot {self._place.root} {visible(self._channel, 100)!r}>"

    def send(self, payload: dict[str, Any], about_to_send: Callable[[], None] = nothing) -> Outcome:
        """As `SlackWebhook.send`; a message that was delivered has its `ts` as message_id."""
        body = json_bytes(payload | QUIET | {"channel": self._channel})
        self._http.ready()
        before = once(about_to_send)

        def attempt() -> Verdict:
            self._pace.wait()
            before()
            return _of_api(self._http.post(POST_MESSAGE, body, self._bearer), self._mask)

        return deliver(attempt, self._policy.begin())


def _of_webhook(answer: Answer | NoAnswer, mask: Mask) -> Verdict:
    """The answer is one word: `ok`, or the name of an error."""
    if isinstance(answer, NoAnswer):
        return answer.verdict()
    word = answer.text()[:100]
    if answer.ok and word == "ok":
        return Verdict(Reaction.DONE, code=answer.status)
    return _refused(answer, word, mask)


def _of_api(answer: Answer | NoAnswer, mask: Mask) -> Verdict:
    if isinstance(answer, NoAnswer):
        return answer.verdict()
    value = answer.json() or {}
    if answer.ok and value.get("ok") is True:
        stamp = value.get("ts")
        return Verdict(
            Reaction.DONE, code=answer.status, message_id=visible(stamp, 100) if stamp else ""
        )
    return _refused(answer, str(value.get("error") or ""), mask)


def _refused(answer: Answer, error: str, mask: Mask) -> Verdict:
    known = ERRORS.get(error) or _unnamed(answer, error)
    said = f": {mask.shown(error)}" if re.fullmatch(r"[\w.-]+", error) else ""
    reason = f"Slack: {known.reason} (HTTP status {answer.status}{said})"
    return Verdict(known.reaction, reason, known.hint, answer.status, answer.wait())


def _unnamed(answer: Answer, error: str) -> Trouble:
    """For an error that we do not know, or an answer that is none of Slack's."""
    if not answer.ok:
        return of_status(answer.status)
    if answer.is_page:
        hint = "A proxy or login page answers: check the address."
        return Trouble(Reaction.GIVE_UP, "a web page came in place of an answer", hint)
    if (answer.json() or {}).get("ok") is False and error:
        return Trouble(Reaction.GIVE_UP, "the message is refused")
    return Trouble(Reaction.UNKNOWN, "an answer that is cut, or not Slack's")

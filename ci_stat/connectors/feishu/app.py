"""Messages as a Feishu app.

Feishu delivers one message per uuid within an hour, so each attempt may be repeated.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from ci_stat.connectors.feishu.api import FeishuApi
from ci_stat.connectors.feishu.chats import CHAT_ID, find_chat
from ci_stat.connectors.feishu.message import FeishuMessage
from ci_stat.connectors.http.client import TIMEOUT
from ci_stat.connectors.http.response import json_bytes
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import AttemptOutcome, Reaction, nothing, once, send_with_retries
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import Outcome

MESSAGES = "/open-apis/im/v1/messages?receive_id_type=chat_id"
MAX_UUID = 50
# 5 a second for a chat, which its bots share; 1,000 a minute for the app.
LIMITS = ((5, 1.0), (1000, 60.0))
_SOME_ID = "oc_" + "0" * 32


class FeishuApp:
    """An app and the chat that it posts to.

    `chat`: its id (oc_...), or a name that only one chat has.

    - `now`: Unix seconds; `clock`, `sleep`, `jitter` (0 to 1): for the token's life and the waits
      between attempts.
    - `pace`: how fast messages are sent; by default one for each app and chat in this process.

    Nothing is connected before `send` or `resolve`. Raises SettingsError for invalid settings.
    """

    def __init__(
        self,
        base_url: str,
        app_id: str,
        app_secret: str,
        chat: str,
        *,
        timeout: float = TIMEOUT,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
        pace: Pace | None = None,
    ) -> None:
        self._api = FeishuApi(base_url, app_id, app_secret, timeout, clock, now)
        self._chat = chat.strip()
        if not self._chat:
            raise SettingsError(
                "chat_id is empty.", "Set it to the chat's id (oc_...), or to its name."
            )
        self._chat_id = self._chat if CHAT_ID.fullmatch(self._chat) else ""
        self._lock = threading.Lock()
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        destination = f"{self._api.address.root} {app_id} {self._chat}"
        self._pace = pace or shared_pace(destination, LIMITS)

    def __repr__(self) -> str:
        return f"<FeishuApp {self._api.address.root} {visible(self._chat, 100)!r}>"

    def resolve(self) -> str | Outcome:
        """The chat's id, or why it is unknown: no chat or several have the name, or no answer
        came.
        """
        outcome = send_with_retries(self._resolve_chat, self._policy.begin())
        return self._chat_id or outcome

    def wire_size(self, message: FeishuMessage) -> int:
        """Bytes of the request body; Feishu allows 30 KB for cards and posts, 150 KB for text."""
        return len(_body(self._chat_id or _SOME_ID, message, "0" * MAX_UUID))

    def send(
        self, message: FeishuMessage, uuid: str, about_to_send: Callable[[], None] = nothing
    ) -> Outcome:
        """Send, and retry, also after a lost answer: within an hour the same `uuid` delivers once.

        `about_to_send` is called once, immediately before the first request that could deliver.
        Raises ValueError for a `uuid` that is empty or longer than 50 characters.
        """
        if not 0 < len(uuid) <= MAX_UUID:
            raise ValueError(f"A uuid has 1 to {MAX_UUID} characters.")
        _body(_SOME_ID, message, uuid)  # raises for invalid content before anything is announced
        announce = once(about_to_send)

        def before() -> None:
            self._pace.wait()
            announce()

        def attempt() -> AttemptOutcome:
            resolved = self._resolve_chat()
            if resolved.reaction is not Reaction.DONE:
                return resolved
            outcome = self._api.post(MESSAGES, _body(self._chat_id, message, uuid), before)
            return replace(outcome, message_id=_message_id(outcome))

        return send_with_retries(attempt, self._policy.begin(), repeatable=True)

    def _resolve_chat(self) -> AttemptOutcome:
        """DONE once the chat's id is known."""
        with self._lock:
            if not self._chat_id:
                result = find_chat(self._api, self._chat)
                if isinstance(result, AttemptOutcome):
                    return result
                self._chat_id = result
            return AttemptOutcome(Reaction.DONE)


def _body(chat_id: str, message: FeishuMessage, uuid: str) -> bytes:
    return json_bytes({"receive_id": chat_id, **message.for_app(), "uuid": uuid})


def _message_id(outcome: AttemptOutcome) -> str:
    data = outcome.value.get("data")
    message_id = data.get("message_id") if isinstance(data, dict) else None
    return visible(message_id, 100) if isinstance(message_id, str) else ""

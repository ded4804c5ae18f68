"""Messages as a Feishu app. Each carries a uuid, under which Feishu delivers once an hour: any try may be repeated."""

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ci_stat.connectors.feishu.api import FeishuApi
from ci_stat.connectors.feishu.message import FeishuMessage
from ci_stat.connectors.http.client import TIMEOUT, json_bytes
from ci_stat.connectors.http.retry import Pace, RetryPolicy, shared_pace
from ci_stat.connectors.outcome import Reaction, Verdict, deliver, nothing, once
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import Outcome

MESSAGES = "/open-apis/im/v1/messages?receive_id_type=chat_id"
CHATS = "/open-apis/im/v1/chats"
PAGE_SIZE = 100
MAX_PAGES = 100
MAX_UUID = 50
# 5 a second for a chat, which its bots share; 1,000 a minute for the app.
LIMITS = ((5, 1.0), (1000, 60.0))
_CHAT_ID = re.compile(r"oc_[0-9A-Za-z]+")
_SOME_ID = "oc_" + "0" * 32
_LISTED = 10  # chats named in a hint


class FeishuApp:
    """An app and the chat that it posts to. `chat`: its id (oc_...), or a name that only one chat has.

    - `now`: Unix seconds; `clock`, `sleep`, `jitter` (0 to 1): for the token's life and the waits between tries.
    - `pace`: how fast it may be used; by default one for each app and chat in this process.

    Nothing is connected before `send` or `resolve`. Raises SettingsError for what cannot be used.
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
        self._chat_id = self._chat if _CHAT_ID.fullmatch(self._chat) else ""
        self._lock = threading.Lock()
        self._policy = RetryPolicy(clock=clock, sleep=sleep, jitter=jitter)
        self._pace = pace or shared_pace(f"{self._api.place.root} {app_id} {self._chat}", LIMITS)

    def __repr__(self) -> str:
        return f"<FeishuApp {self._api.place.root} {visible(self._chat, 100)!r}>"

    def resolve(self) -> str | Outcome:
        """The chat's id; for a name that no chat has, or several have, or when nobody answers, why there is none."""
        outcome = deliver(self._find_chat, self._policy.begin())
        return self._chat_id or outcome

    def wire_size(self, message: FeishuMessage) -> int:
        """Bytes of the whole request body; Feishu allows 30 KB for cards and posts, 150 KB for text."""
        return len(_body(self._chat_id or _SOME_ID, message, "0" * MAX_UUID))

    def send(
        self, message: FeishuMessage, uuid: str, about_to_send: Callable[[], None] = nothing
    ) -> Outcome:
        """Sends, and tries again, after an answer that was lost too: within an hour the same `uuid` delivers once.

        `about_to_send` is called once, immediately before the first request that could deliver. Raises ValueError for
        an `uuid` that is empty or longer than 50 characters.
        """
        if not 0 < len(uuid) <= MAX_UUID:
            raise ValueError(f"A uuid has 1 to {MAX_UUID} characters.")
        body_to = _bodies(message, uuid)
        announced = once(about_to_send)

        def before() -> None:
            self._pace.wait()
            announced()

        def attempt() -> Verdict:
            found = self._find_chat()
            if found.reaction is not Reaction.DONE:
                return found
            verdict = self._api.post(MESSAGES, body_to(self._chat_id), before)
            return replace(verdict, message_id=_message_id(verdict))

        return deliver(attempt, self._policy.begin(), repeatable=True)

    def _find_chat(self) -> Verdict:
        """DONE once the id is known."""
        with self._lock:
            if self._chat_id:
                return Verdict(Reaction.DONE)
            chats = self._chats()
            if isinstance(chats, Verdict):
                return chats
            named = [chat for chat in chats if chat["name"] == self._chat]
            if len(named) != 1:
                return _not_one(self._chat, named, chats)
            self._chat_id = named[0]["chat_id"]
            return Verdict(Reaction.DONE)

    def _chats(self) -> list[dict[str, str]] | Verdict:
        """Id and name of every chat that the bot is in."""
        found: list[dict[str, str]] = []
        query = {"page_size": str(PAGE_SIZE)}
        for _ in range(MAX_PAGES):
            verdict = self._api.get(CHATS, query)
            if verdict.reaction is not Reaction.DONE:
                return verdict
            data = verdict.value.get("data")
            if not isinstance(data, dict):
                return Verdict(
                    Reaction.GIVE_UP, "Feishu: a list of chats without data", code=verdict.code
                )
            found += _read_chats(data.get("items"))
            following = data.get("page_token")
            if not data.get("has_more"):
                return found
            if not isinstance(following, str) or following in ("", query.get("page_token")):
                break
            query["page_token"] = following
        return Verdict(
            Reaction.GIVE_UP,
            "Feishu: the list of chats has no end",
            "Set chat_id to the chat's id (oc_...).",
        )


def _bodies(message: FeishuMessage, uuid: str) -> Callable[[str], bytes]:
    _body(_SOME_ID, message, uuid)  # raises for what is no JSON, before anybody is told anything
    return lambda chat_id: _body(chat_id, message, uuid)


def _body(chat_id: str, message: FeishuMessage, uuid: str) -> bytes:
    return json_bytes({"receive_id": chat_id, **message.for_app(), "uuid": uuid})


def _message_id(verdict: Verdict) -> str:
    data = verdict.value.get("data")
    found = data.get("message_id") if isinstance(data, dict) else None
    return visible(found, 100) if isinstance(found, str) else ""


def _read_chats(items: Any) -> list[dict[str, str]]:
    """What is an id with a name; pages may hold chats without one."""
    chats = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [
        {"chat_id": chat["chat_id"], "name": str(chat.get("name") or "")}
        for chat in chats
        if isinstance(chat.get("chat_id"), str) and _CHAT_ID.fullmatch(chat["chat_id"])
    ]


def _not_one(name: str, named: list[dict[str, str]], chats: list[dict[str, str]]) -> Verdict:
    shown = visible(name, 100)
    if named:
        ids = ", ".join(chat["chat_id"] for chat in named[:_LISTED])
        return Verdict(
            Reaction.GIVE_UP,
            f"{len(named)} chats have the name {shown!r}.",
            f"Set chat_id to one of their ids: {ids}.",
        )
    if not chats:
        return Verdict(
            Reaction.GIVE_UP,
            "The bot is in no chat.",
            "Put it into the chat (the chat's settings, Bots).",
        )
    listed = ", ".join(
        f"{chat['chat_id']} ({visible(chat['name'], 50)})" for chat in chats[:_LISTED]
    )
    more = f" and {len(chats) - _LISTED} more" if len(chats) > _LISTED else ""
    return Verdict(
        Reaction.GIVE_UP,
        f"No chat that the bot is in has the name {shown!r}.",
        f"Set chat_id to a name or an id of: {listed}{more}.",
    )

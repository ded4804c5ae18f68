"""Which chat a name means: the id of the only chat of that name that the bot is in."""

import re
from typing import Any

from ci_stat.connectors.feishu.api import FeishuApi
from ci_stat.connectors.outcome import AttemptOutcome, Reaction
from ci_stat.escape import visible

CHATS = "/open-apis/im/v1/chats"
PAGE_SIZE = 100
MAX_PAGES = 100
CHAT_ID = re.compile(r"oc_[0-9A-Za-z]+")
_LISTED = 10  # chats named in a hint

Chat = dict[str, str]  # chat_id and name


def find_chat(api: FeishuApi, name: str) -> str | AttemptOutcome:
    """The id of the chat, or why it is unknown."""
    chats = _all_chats(api)
    if isinstance(chats, AttemptOutcome):
        return chats
    named = [chat for chat in chats if chat["name"] == name]
    return named[0]["chat_id"] if len(named) == 1 else _ambiguous(name, named, chats)


def _all_chats(api: FeishuApi) -> list[Chat] | AttemptOutcome:
    """Every chat that the bot is in."""
    chats: list[Chat] = []
    query = {"page_size": str(PAGE_SIZE)}
    for _ in range(MAX_PAGES):
        outcome = api.get(CHATS, query)
        if outcome.reaction is not Reaction.DONE:
            return outcome
        data = outcome.value.get("data")
        if not isinstance(data, dict):
            reason = "Feishu: the list of chats has no data"
            return AttemptOutcome(Reaction.GIVE_UP, reason, code=outcome.code)
        chats += _chats_of(data.get("items"))
        next_page = data.get("page_token")
        if not data.get("has_more"):
            return chats
        if not isinstance(next_page, str) or next_page in ("", query.get("page_token")):
            break
        query["page_token"] = next_page
    reason = "Feishu: the list of chats does not end"
    return AttemptOutcome(Reaction.GIVE_UP, reason, "Set chat_id to the chat's id (oc_...).")


def _chats_of(items: Any) -> list[Chat]:
    """The chats of one page; items without a valid id are skipped."""
    if not isinstance(items, list):
        return []
    return [
        {"chat_id": item["chat_id"], "name": str(item.get("name") or "")}
        for item in items
        if isinstance(item, dict) and _has_id(item)
    ]


def _has_id(item: dict[str, Any]) -> bool:
    chat_id = item.get("chat_id")
    return isinstance(chat_id, str) and CHAT_ID.fullmatch(chat_id) is not None


def _ambiguous(name: str, named: list[Chat], chats: list[Chat]) -> AttemptOutcome:
    """No chat has the name, or several have."""
    shown = visible(name, 100)
    if named:
        ids = ", ".join(chat["chat_id"] for chat in named[:_LISTED])
        reason = f"{len(named)} chats have the name {shown!r}."
        hint = f"Set chat_id to one of their ids: {ids}."
    elif not chats:
        reason = "The bot is in no chat."
        hint = "Add it to the chat (the chat's settings, Bots)."
    else:
        reason = f"No chat that the bot is in has the name {shown!r}."
        hint = f"Set chat_id to a name or an id of: {_listed(chats)}."
    return AttemptOutcome(Reaction.GIVE_UP, reason, hint)


def _listed(chats: list[Chat]) -> str:
    texts = [f"{chat['chat_id']} ({visible(chat['name'], 50)})" for chat in chats[:_LISTED]]
    more = f" and {len(chats) - _LISTED} more" if len(chats) > _LISTED else ""
    return ", ".join(texts) + more

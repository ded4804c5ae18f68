"""The app's API: token, groups, messages, images. Errors come with HTTP 400 and tell a log id."""

import math
import secrets
from collections.abc import Callable
from typing import Any

from tests.support.feishu.images import image_of
from tests.support.feishu.messages import (
    card_fault,
    check_words,
    content_fault,
    from_json,
    unknown_images,
)
from tests.support.feishu.shapes import Fault, malformed
from tests.support.feishu.state import Chat, Feishu, Message, Refused, Request

_LIFE, _SAME_UNTIL = (
    7200,
    1800,
)  # seconds: of a token; a new one is given when less than this is left
_SAME_MESSAGE = 3600  # seconds during which one uuid is one message
_SEND_SCOPES = ("im:message", "im:message:send_as_bot", "im:message:send")
_CHAT_SCOPES = ("im:chat", "im:chat:readonly", "im:chat:read")
_IMAGE_SCOPES = ("im:resource", "im:resource:upload")
_RECEIVERS = ("chat_id", "open_id", "user_id", "union_id", "email")
_CONTENTS = ("text", "post", "image", "share_chat")
_TENANT = "736588c9260f175e"


def tenant_token(feishu: Feishu, request: Request) -> dict[str, Any]:
    """A token: the previous one while that is valid for another half hour, then a new one.

    Older tokens stay valid until they expire.
    """
    # The vendor's own SDK names no content type here, and gets its token.
    given = _json(request, default="application/json")
    if set(given) != {"app_id", "app_secret"}:
        raise Refused(10003, "invalid param")
    if (given["app_id"], given["app_secret"]) != (feishu.app_id, feishu.app_secret):
        raise Refused(10014, "app secret invalid")
    now = feishu.now()
    token, end = max(feishu.tokens.items(), key=lambda each: each[1], default=("", now))
    if end - now < _SAME_UNTIL:
        token, end = f"t-{secrets.token_hex(16)}", now + _LIFE
        feishu.tokens[token] = end
    return {"code": 0, "msg": "ok", "tenant_access_token": token, "expire": round(end - now)}


def list_chats(feishu: Feishu, request: Request) -> dict[str, Any]:
    """The groups that the app's bot is in, a page at a time."""
    _authorise(feishu, request, _CHAT_SCOPES)
    query = request.query
    size, begin = query.get("page_size", "20"), query.get("page_token", "") or "0"
    known = {"page_size", "page_token", "sort_type", "user_id_type", "types"}
    sorts = ("ByCreateTimeAsc", "ByActiveTimeDesc")
    if set(query) - known or query.get("sort_type", sorts[0]) not in sorts:
        raise Refused(99992402, "field validation failed")
    if not size.isdecimal() or not 1 <= int(size) <= 100 or not begin.isdecimal():
        raise Refused(99992402, "field validation failed")
    mine = [chat for chat in feishu.chats if chat.member]
    end = int(begin) + int(size)
    more = end < len(mine)
    page = [_chat(chat) for chat in mine[int(begin) : end]]
    return _good({"items": page, "page_token": str(end) if more else "", "has_more": more})


def send(feishu: Feishu, request: Request) -> dict[str, Any]:
    _authorise(feishu, request, _SEND_SCOPES)
    _limit(feishu, "app send")
    given = _message(request)
    uuid = given.get("uuid", "")
    for message in feishu.messages:
        if uuid and message.uuid == uuid and feishu.now() - message.created < _SAME_MESSAGE:
            return _sent(feishu, message, given["content"])
    chat = _chat_of(feishu, request.query["receive_id_type"], given["receive_id"])
    _check_size(feishu, request, given["msg_type"])
    content = _content(feishu, given)
    check_words(feishu, content, chat.forbids_all)
    if feishu.waits(f"group {chat.chat_id}", feishu.limits.group):
        raise Refused(230020, "This operation triggers the frequency limit., ext=chat rate limit")
    number = f"om_{next(feishu.numbers):032x}"
    sent = Message(
        "app",
        chat.chat_id,
        given["msg_type"],
        content,
        len(request.body),
        number,
        uuid,
        feishu.now(),
    )
    feishu.messages.append(sent)
    return _sent(feishu, sent, given["content"])


def upload_image(feishu: Feishu, request: Request) -> dict[str, Any]:
    _authorise(feishu, request, _IMAGE_SCOPES)
    _limit(feishu, "app images")
    data = image_of(
        request.headers.get("content-type", ""), request.body, feishu.limits.image_bytes
    )
    key = f"img_v3_{next(feishu.numbers):08x}"
    feishu.images[key] = data
    return _good({"image_key": key})


ROUTES: dict[str, tuple[str, Callable[[Feishu, Request], dict[str, Any]]]] = {
    "/open-apis/auth/v3/tenant_access_token/internal": ("POST", tenant_token),
    "/open-apis/im/v1/chats": ("GET", list_chats),
    "/open-apis/im/v1/messages": ("POST", send),
    "/open-apis/im/v1/images": ("POST", upload_image),
}


def _good(data: dict[str, Any]) -> dict[str, Any]:
    return {"code": 0, "msg": "success", "data": data}


def _json(request: Request, default: str = "") -> dict[str, Any]:
    kind = request.headers.get("content-type", default).partition(";")[0].strip().lower()
    try:
        return from_json(request.body if kind == "application/json" else "")
    except ValueError:
        raise Refused(9499, "Bad Request: fail to parse content") from None


def _authorise(feishu: Feishu, request: Request, scopes: tuple[str, ...]) -> None:
    given = request.headers.get("authorization", "")
    kind, _, token = given.partition(" ")
    if not given:
        raise Refused(99991661, "Missing access token for authorization.")
    if kind != "Bearer" or not token.startswith("t-"):
        raise Refused(
            99991671, "Invalid access token for authorization. It must start with t- or u-."
        )
    if feishu.tokens.get(token, 0) <= feishu.now():
        raise Refused(99991663, "Invalid access token for authorization.")
    if not feishu.scopes & set(scopes):
        raise Refused(
            99991672,
            f"Access denied. One of the following scopes is required: [{', '.join(scopes)}].",
        )


def _limit(feishu: Feishu, who: str) -> None:
    wait = feishu.waits(who, feishu.limits.app)
    if wait:
        headers = {
            "x-ogw-ratelimit-limit": str(feishu.limits.app[0]),
            "x-ogw-ratelimit-reset": str(math.ceil(wait)),
        }
        raise Refused(99991400, "request trigger frequency limit", 429, headers)


def _invalid(what: str) -> Refused:
    return Refused(230001, f"Your request contains an invalid request parameter, ext={what}")


def _message(request: Request) -> dict[str, Any]:
    """The body of a message, or the content of a card, with all its fields; each is a text."""
    given = _json(request)
    if (
        set(request.query) != {"receive_id_type"}
        or request.query["receive_id_type"] not in _RECEIVERS
    ):
        raise _invalid("receive_id_type")
    if (
        not {"receive_id", "msg_type", "content"}
        <= set(given)
        <= {"receive_id", "msg_type", "content", "uuid"}
    ):
        raise _invalid("missing or unknown field")
    for name, value in given.items():
        if not isinstance(value, str):
            raise _invalid(f"{name} is not a string")
    if len(given.get("uuid", "")) > 50:
        raise _invalid("uuid is longer than 50 characters")
    return given


def _chat_of(feishu: Feishu, kind: str, receiver: str) -> Chat:
    """The group, or the talk with one person."""
    if kind != "chat_id":
        if receiver not in feishu.users:
            raise Refused(230013, "Bot has NO availability to this user.")
        return Chat(f"oc_p2p_{receiver}")
    chat = next((each for each in feishu.chats if each.chat_id == receiver), None)
    if chat is None or not chat.member:
        raise Refused(230002, "The bot can not be outside the group.")
    return chat


def _check_size(feishu: Feishu, request: Request, kind: str) -> None:
    limit = (
        feishu.limits.rich_bytes if kind in ("post", "interactive") else feishu.limits.text_bytes
    )
    if len(request.body) > limit:
        raise Refused(230025, "The length of the message content reaches its limit.")


def _content(feishu: Feishu, given: dict[str, str]) -> dict[str, Any]:
    """The content as an object, checked.

    A post begins with its languages, not with `post` as on a webhook.
    """
    kind = given["msg_type"]
    if kind == "interactive":
        return _card(feishu, given["content"])
    if kind not in _CONTENTS:
        raise Refused(230054, "This operation is not supported for this message type.")
    try:
        content = from_json(given["content"])
    except ValueError:
        raise _invalid("invalid message content") from None
    wrong = content_fault(kind, content) or "".join(
        f"image key {key}" for key in unknown_images(feishu, content)[:1]
    )
    if wrong:
        raise _invalid(f"invalid message content, {wrong}")
    return content


def _card(feishu: Feishu, content: str) -> dict[str, Any]:
    try:
        card = from_json(content)
    except ValueError:
        raise _bad_card(malformed("no JSON object", "ROOT")) from None
    fault = card_fault(feishu, card)
    if fault is not None:
        raise _bad_card(fault)
    return card


def _bad_card(fault: Fault) -> Refused:
    return Refused(230099, f"Failed to create card content, ext={fault}")


def _sent(feishu: Feishu, message: Message, content: str) -> dict[str, Any]:
    stamp = str(int(message.created * 1000))
    return _good(
        {
            "message_id": message.message_id,
            "root_id": "",
            "parent_id": "",
            "msg_type": message.msg_type,
            "create_time": stamp,
            "update_time": stamp,
            "deleted": False,
            "updated": False,
            "chat_id": message.chat,
            "sender": {
                "id": feishu.app_id,
                "id_type": "app_id",
                "sender_type": "app",
                "tenant_key": _TENANT,
            },
            "body": {"content": content},
        }
    )


def _chat(chat: Chat) -> dict[str, Any]:
    return {
        "chat_id": chat.chat_id,
        "name": chat.name,
        "description": "",
        "avatar": "",
        "owner_id": "ou_owner",
        "owner_id_type": "open_id",
        "external": False,
        "tenant_key": _TENANT,
        "chat_status": "normal",
        "labels": [],
    }

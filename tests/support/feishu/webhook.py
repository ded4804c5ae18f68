"""The webhook of a custom bot. Errors have HTTP status 200.

The checks run in the order of this module. The documentation does not give the order of the last
four (address, signature, keyword, rate).
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from tests.support.feishu.messages import (
    card_fault,
    check_words,
    content_fault,
    from_json,
    unknown_images,
)
from tests.support.feishu.state import Feishu, Hook, Message, Refused, Request

PREFIX = "/open-apis/bot/v2/hook/"
_ANSWERS: dict[str, dict[str, Any]] = {
    "new": {"code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success"},
    "extra": {
        "Extra": None,
        "StatusCode": 0,
        "StatusMessage": "success",
        "code": 0,
        "data": {},
        "msg": "success",
    },
    "old": {"StatusCode": 0, "StatusMessage": "success"},
}


def answer(feishu: Feishu, request: Request) -> dict[str, Any]:
    """The body of a good answer; raises `Refused` for any other."""
    token = request.path.removeprefix(PREFIX)
    hook = feishu.hooks.get(token)
    if hook is None:
        raise Refused(19001, "param invalid: incoming webhook access token invalid", 200)
    body = _body(feishu, request)
    _check_form(body)
    _check_sender(feishu, hook, request, body)
    if feishu.waits(f"hook {token}", feishu.limits.hook):
        raise Refused(
            11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]", 200
        )
    kind = body["msg_type"]
    content = body["card" if kind == "interactive" else "content"]
    _check_content(feishu, hook, kind, content)
    number = f"hook_{next(feishu.numbers)}"
    message = Message(
        "webhook", hook.chat, kind, content, len(request.body), number, created=feishu.now()
    )
    feishu.messages.append(message)
    return _ANSWERS[hook.answer]


def sign(timestamp: int, secret: str) -> str:
    """The key is what others take for the message, and the message is empty."""
    key = f"{timestamp}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def _body(feishu: Feishu, request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or len(request.body) > feishu.limits.hook_bytes:
        raise Refused(9499, "Bad Request", 200)
    try:
        return from_json(request.body)
    except ValueError:
        raise Refused(9499, "Bad Request: fail to parse content", 200) from None


def _check_form(body: dict[str, Any]) -> None:
    """Raise code 19002 for a body that does not fit its `msg_type`.

    The forms differ from those of an app's messages.
    """
    kind = body.get("msg_type")
    if not isinstance(kind, str) or not kind:
        raise Refused(19002, "params error, msg_type need", 200)
    wanted = "card" if kind == "interactive" else "content"
    if kind not in ("text", "post", "image", "share_chat", "interactive"):
        raise Refused(19002, f"params error, unsupported msg_type {kind}", 200)
    if not isinstance(body.get(wanted), dict) or set(body) - {
        "msg_type",
        wanted,
        "timestamp",
        "sign",
    }:
        raise Refused(19002, f"params error, unknown {wanted} value", 200)
    if kind == "post" and set(body["content"]) != {"post"}:
        raise Refused(19002, "params error, unknown post value", 200)
    content = body["content"]["post"] if kind == "post" else body[wanted]
    wrong = "" if kind == "interactive" else content_fault(kind, content)
    if wrong:
        raise Refused(19002, f"params error, {wrong}", 200)


def _check_sender(feishu: Feishu, hook: Hook, request: Request, body: dict[str, Any]) -> None:
    sender = ip_address(request.address)
    if hook.addresses and not any(sender in ip_network(each) for each in hook.addresses):
        raise Refused(19022, "Ip Not Allowed", 200)
    if hook.secret and not _signed(body, hook.secret, feishu.now()):
        raise Refused(
            19021, "sign match fail or timestamp is not within one hour from current time", 200
        )
    told = "\n".join(_told(body))
    if hook.keywords and not any(word in told for word in hook.keywords):
        raise Refused(19024, "Key Words Not Found", 200)


def _signed(body: dict[str, Any], secret: str, now: float) -> bool:
    """The timestamp is a text in the vendor's pages; numbers are taken as well."""
    stamp, given = body.get("timestamp"), body.get("sign")
    if not isinstance(given, str) or isinstance(stamp, bool) or not isinstance(stamp, str | int):
        return False
    if not str(stamp).isascii() or not str(stamp).isdecimal() or abs(now - int(stamp)) > 3600:
        return False
    return hmac.compare_digest(sign(int(stamp), secret).encode(), given.encode())


def _told(node: Any) -> Iterator[str]:
    """The texts and titles, at any depth, that are searched for keywords.

    Links and the cells of tables are not searched.
    """
    if isinstance(node, list):
        for each in node:
            yield from _told(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in ("text", "title", "content") and isinstance(value, str):
                yield value
            else:
                yield from _told(value)


def _check_content(feishu: Feishu, hook: Hook, kind: str, content: dict[str, Any]) -> None:
    """All faults of cards have one code here; the fault's own is in the text."""
    fault = card_fault(feishu, content) if kind == "interactive" else None
    if fault is not None:
        raise Refused(11246, str(fault), 200)
    if kind != "interactive" and (unknown := unknown_images(feishu, content)):
        raise Refused(19002, f"params error, image key {unknown[0]}", 200)
    try:
        check_words(feishu, content, hook.forbids_all)
    except Refused as refused:
        raise Refused(refused.code, refused.msg, 200) from None

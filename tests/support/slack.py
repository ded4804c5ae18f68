"""A strict Slack on loopback: an incoming webhook, `chat.postMessage`, and all their faults.

It refuses what the real one cuts or accepts: texts that are too long, a message without `text`,
unknown properties of blocks. It records messages and requests.
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HOOK = "/services/T0000/B0000/hooksecret"
API = "/api/chat.postMessage"
MAX_TEXT = 40_000
MAX_BLOCKS = 50
_MENTION = re.compile(
    r"<(?:!(?:channel|here|everyone|group|subteam\^[^>]*)|@[UW][A-Z0-9]*)(?:\|[^>]*)?>"
)
_NAMED = re.compile(r"@(?:channel|here|everyone)\b")
_FIELDS = {
    "text",
    "blocks",
    "channel",
    "thread_ts",
    "parse",
    "link_names",
    "unfurl_links",
    "unfurl_media",
}


def live_mentions(payload: dict[str, Any]) -> list[str]:
    """Every mention that would call somebody, as it stands there."""
    texts = list(_texts(payload))
    found = [match[0] for text in texts for match in _MENTION.finditer(text)]
    if payload.get("link_names") or payload.get("parse") == "full":
        found += [match[0] for text in texts for match in _NAMED.finditer(text)]
    return found


def _texts(node: Any) -> Iterator[str]:
    """What is parsed: all `text` but those of plain_text."""
    if isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict) and node.get("type") != "plain_text":
        for name, value in node.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)


def fault_of(payload: Any) -> str:
    """Slack's name for what is wrong with a message; "" for nothing."""
    if not isinstance(payload, dict) or set(payload) - _FIELDS:
        return "invalid_payload"
    text, blocks = payload.get("text"), payload.get("blocks", [])
    if not isinstance(text, str) or not text.strip():
        return "no_text"
    if len(text) > MAX_TEXT:
        return "msg_too_long"
    if not isinstance(blocks, list):
        return "invalid_blocks_format"
    return "" if len(blocks) <= MAX_BLOCKS and all(map(_is_block, blocks)) else "invalid_blocks"


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict) or not _short(block.get("block_id", "x"), 255):
        return False
    check = _BLOCKS.get(str(block.get("type")))
    return check is not None and check(
        {name: value for name, value in block.items() if name not in ("type", "block_id")}
    )


def _short(value: Any, limit: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= limit


def _is_text(value: Any, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> bool:
    if (
        not isinstance(value, dict)
        or value.get("type") not in kinds
        or not _short(value.get("text"), limit)
    ):
        return False
    flag = "emoji" if value["type"] == "plain_text" else "verbatim"
    return set(value) <= {"type", "text", flag} and isinstance(value.get(flag, True), bool)


def _is_plain(value: Any, limit: int) -> bool:
    return _is_text(value, limit, ("plain_text",))


def _is_section(block: dict[str, Any]) -> bool:
    fields = block.get("fields", [{"type": "mrkdwn", "text": "x"}])
    if not set(block) <= {"text", "fields", "accessory"} or not {"text", "fields"} & set(block):
        return False
    fits = (
        isinstance(fields, list)
        and 0 < len(fields) <= 10
        and all(_is_text(each, 2_000) for each in fields)
    )
    return (
        fits
        and ("text" not in block or _is_text(block["text"], 3_000))
        and _is_button(block.get("accessory", _BUTTON))
    )


_BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "x"}}


def _is_button(value: Any) -> bool:
    known = {"type", "text", "url", "action_id", "value", "style"}
    if not isinstance(value, dict) or value.get("type") != "button" or set(value) - known:
        return False
    limits = {"url": 3_000, "action_id": 255, "value": 2_000}
    return (
        _is_plain(value.get("text"), 75)
        and all(_short(value[name], limit) for name, limit in limits.items() if name in value)
        and value.get("style", "primary") in ("primary", "danger")
    )


def _is_image(value: dict[str, Any]) -> bool:
    known = {"type", "image_url", "alt_text", "title"}
    titled = _is_plain(value.get("title", _BUTTON["text"]), 2_000)
    return (
        set(value) <= known
        and _short(value.get("image_url"), 3_000)
        and _short(value.get("alt_text"), 2_000)
        and titled
    )


def _is_context(block: dict[str, Any]) -> bool:
    elements = block.get("elements")
    if set(block) != {"elements"} or not isinstance(elements, list) or not 0 < len(elements) <= 10:
        return False
    return all(
        isinstance(each, dict) and (_is_text(each, 3_000) or _is_image(each)) for each in elements
    )


def _is_actions(block: dict[str, Any]) -> bool:
    elements = block.get("elements")
    return (
        set(block) == {"elements"}
        and isinstance(elements, list)
        and 0 < len(elements) <= 25
        and all(map(_is_button, elements))
    )


_BLOCKS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "header": lambda block: set(block) == {"text"} and _is_plain(block["text"], 150),
    "section": _is_section,
    "divider": lambda block: not block,
    "context": _is_context,
    "actions": _is_actions,
    "image": _is_image,
    "markdown": lambda block: set(block) == {"text"} and _short(block["text"], 12_000),
}


@dataclass
class Trouble:
    """What one request meets.

    - `status`, `headers`, `body`: the answer in place of the real one; 0 for the real one.
    - `hang_up`: no answer. `cut`: hang up after so many bytes of the body. `delay`: seconds
      before the answer.
    - `after_storing`: the message is stored first.
    """

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    cut: int | None = None
    delay: float = 0
    after_storing: bool = False


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Slack:
    """One webhook and one bot.

    `channels`: names or ids of the bot's channels; `error`: the answer to each message.
    """

    token: str = "xoxb-bot-secret"
    channels: set[str] = field(default_factory=lambda: {"C1", "#ci"})
    outside: set[str] = field(default_factory=lambda: {"C2"})  # there, and the bot is not in them
    archived: bool = False
    error: str = ""
    per_second: int = 1  # messages; 0 for any number
    now: Callable[[], float] = time.time
    messages: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: deque[Trouble] = field(default_factory=deque)
    port: int = 0

    def __post_init__(self) -> None:
        self._times: list[float] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def hook_url(self) -> str:
        return f"http://127.0.0.1:{self.port}{HOOK}"

    def takes_place(self) -> bool:
        now = self.now()
        if (
            self.per_second
            and len([each for each in self._times if each > now - 1]) >= self.per_second
        ):
            return False
        self._times.append(now)
        return True

    def answer(self, request: Request) -> Answer:
        """What Slack makes of a request, with all its consequences."""
        if (
            request.method != "POST"
            or request.headers.get("content-type", "").split(";")[0] != "application/json"
        ):
            return Answer(400, b"invalid_payload")
        try:
            payload = json.loads(request.body)
        except ValueError:
            payload = None
        if request.path == API:
            return self._api(request, payload)
        return self._hook(request, payload)

    def _hook(self, request: Request, payload: Any) -> Answer:
        if request.path != HOOK:
            return (
                Answer(403, b"invalid_token")
                if request.path.startswith("/services/")
                else Answer(404, b"no_service")
            )
        wrong = fault_of(payload) or ("invalid_payload" if "channel" in payload else "")
        if wrong:
            return Answer(400, wrong.encode())
        if self.archived:
            return Answer(410, b"channel_is_archived")
        if self.error:
            return Answer(500 if self.error == "rollup_error" else 403, self.error.encode())
        if not self.takes_place():
            return Answer(429, b"rate_limited", {"Retry-After": "1"})
        self.messages.append(payload)
        return Answer(200, b"ok")

    def _api(self, request: Request, payload: Any) -> Answer:
        wrong = self._access(request, payload) or self.error
        if wrong:
            return Answer(200, json.dumps({"ok": False, "error": wrong}).encode())
        if not self.takes_place():
            return Answer(429, b'{"ok":false,"error":"ratelimited"}', {"Retry-After": "1"})
        self.messages.append(payload)
        stamp = f"{self.now():.6f}"
        return Answer(
            200, json.dumps({"ok": True, "channel": "C1", "ts": stamp, "message": payload}).encode()
        )

    def _access(self, request: Request, payload: Any) -> str:
        """The name of what forbids it; "" for nothing."""
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self.token}":
            return "invalid_auth" if given else "not_authed"
        wrong = fault_of(payload)
        if wrong:
            return "invalid_arguments" if wrong == "invalid_payload" else wrong
        channel = payload.get("channel")
        if channel in self.outside:
            return "not_in_channel"
        return (
            ("is_archived" if self.archived else "")
            if channel in self.channels
            else "channel_not_found"
        )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        slack = self.server.slack
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        request = Request(self.command, self.path, headers, body)
        slack.requests.append(request)
        trouble = slack.faults.popleft() if slack.faults else Trouble()
        replaced = bool(trouble.status or trouble.hang_up)
        real = slack.answer(request) if trouble.after_storing or not replaced else None
        time.sleep(trouble.delay)
        if trouble.hang_up:
            self.close_connection = True
        elif trouble.status or real is None:
            self.say(Answer(trouble.status, trouble.body, trouble.headers), trouble.cut)
        else:
            self.say(real, trouble.cut)

    do_GET = do_PUT = do_POST

    def say(self, answer: Answer, cut: int | None) -> None:
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body[:cut])
        self.close_connection = self.close_connection or cut is not None


class _Server(ThreadingHTTPServer):
    slack: Slack
    daemon_threads = True
    block_on_close = False  # a thread may be sleeping before its answer

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up in the middle is part of the game."""


@contextmanager
def running(**options: Any) -> Iterator[Slack]:
    """A Slack for as long as the block runs; `options` are the fields of `Slack`."""
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.slack = Slack(**options, port=server.server_address[1])
        thread = threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.02), daemon=True
        )
        thread.start()
        try:
            yield server.slack
        finally:
            server.shutdown()
            thread.join(timeout=10)

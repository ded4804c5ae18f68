"""A strict Feishu on loopback: the webhook of custom bots, the app's API, and all their faults.

It refuses what the real one refuses, with the same codes and texts. It also refuses some requests
that the real one accepts: unknown fields, another method, another content type, a slash at the end
of a path. It records messages and requests.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.feishu import webhook as feishu_webhook
from tests.support.feishu.api import ROUTES
from tests.support.feishu.state import (
    HTML_PAGE,
    Chat,
    Feishu,
    Hook,
    Limits,
    Message,
    Refused,
    Request,
    Trouble,
)
from tests.support.feishu.webhook import sign

__all__ = [
    "HTML_PAGE",
    "Chat",
    "Feishu",
    "Hook",
    "Limits",
    "Message",
    "Request",
    "Trouble",
    "running",
    "sign",
]


@dataclass
class Answer:
    status: int
    body: bytes
    kind: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


def answer(feishu: Feishu, request: Request) -> Answer:
    """What Feishu makes of a request, with all its consequences."""
    route = _route(request.path)
    if route is None:
        return Answer(404, b"404 page not found", "text/plain; charset=utf-8")
    method, handle = route
    if request.method != method:
        return Answer(405, b"405 method not allowed", "text/plain; charset=utf-8")
    log_id = f"2026010100000000000000000{next(feishu.numbers):09X}"
    log = {"X-Tt-Logid": log_id}
    try:
        with feishu.lock:
            return Answer(200, _json(handle(feishu, request)), headers=log)
    except Refused as refused:
        body: dict[str, Any] = {"code": refused.code, "msg": refused.msg}
        hook = handle is feishu_webhook.answer
        body |= (
            {"data": {}}
            if hook
            else {"error": {"log_id": log_id, "troubleshooter": "see the log id"}}
        )
        return Answer(refused.status, _json(body), headers=log | refused.headers)


def _route(path: str) -> tuple[str, Callable[[Feishu, Request], dict[str, Any]]] | None:
    token = path.removeprefix(feishu_webhook.PREFIX)
    if token != path:
        return ("POST", feishu_webhook.answer) if token and "/" not in token else None
    return ROUTES.get(path)


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        pass

    def date_time_string(self, timestamp: float | None = None) -> str:
        """For the `Date` of answers: the clock by which signatures are judged."""
        return super().date_time_string(
            int(self.server.feishu.now()) if timestamp is None else int(timestamp)
        )

    def do_POST(self) -> None:
        feishu, request = self.server.feishu, self._request()
        with feishu.lock:
            feishu.requests.append(request)
        trouble = feishu.takes_fault(request.path)
        if trouble.hang_up == "before":
            self.close_connection = True
            return
        request.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        replaced = bool(trouble.status or trouble.hang_up)
        real = answer(feishu, request) if trouble.after_storing or not replaced else None
        time.sleep(trouble.delay)
        if trouble.hang_up:
            self.close_connection = True
        elif trouble.status or real is None:
            self._say(
                request,
                Answer(trouble.status, trouble.body, "text/html", trouble.headers),
                trouble.cut,
            )
        else:
            self._say(request, real, trouble.cut)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_POST

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Request(self.command, parts.path, query, headers, str(self.client_address[0]))

    def _say(self, request: Request, given: Answer, cut: int | None) -> None:
        request.status, request.code = given.status, _code(given.body)
        self.send_response(given.status)
        for name, value in {
            "Content-Type": given.kind,
            **given.headers,
            "Content-Length": str(len(given.body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(given.body[:cut])
        self.close_connection = self.close_connection or cut is not None


def _code(body: bytes) -> int | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value.get("code") if isinstance(value, dict) else None


class _Server(ThreadingHTTPServer):
    feishu: Feishu
    daemon_threads = True
    block_on_close = False  # a thread may be sleeping before its answer
    request_queue_size = 64

    def handle_error(self, *about: Any) -> None:
        """Ignore a client that closes early, as tests do; anything else is an error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*about)


@contextmanager
def running(**options: Any) -> Iterator[Feishu]:
    """A Feishu for as long as the block runs; `options` are the fields of `Feishu`."""
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.feishu = Feishu(**options, port=server.server_address[1])
        thread = threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.02), daemon=True
        )
        thread.start()
        try:
            yield server.feishu
        finally:
            server.shutdown()
            thread.join(timeout=10)

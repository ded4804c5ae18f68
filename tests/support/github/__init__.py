"""A strict, stateful GitHub on loopback: issues, comments, labels, search, and their faults.

It refuses what GitHub refuses, with the same codes and texts. What GitHub silently accepts although
it is wrong becomes a finding.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.github.answers import answer, received
from tests.support.github.code import Code
from tests.support.github.code.http_backend import git_answer, is_git
from tests.support.github.contract import CONTRACT, MISSING, contract_at
from tests.support.github.faults import Fault, rate_shown
from tests.support.github.log_storage import StorageHandler, StorageServer
from tests.support.github.records import Answer, Call, Comment, Issue, Rate
from tests.support.github.state import GitHub

__all__ = [
    "CONTRACT",
    "MISSING",
    "Call",
    "Comment",
    "Fault",
    "GitHub",
    "Issue",
    "Rate",
    "actions_server",
    "github_server",
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        pass

    def version_string(self) -> str:
        return "GitHub.com"

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The `Date` of answers, by the server's clock."""
        now = self.server.github.now.timestamp() if timestamp is None else timestamp
        return super().date_time_string(int(now))

    def do_POST(self) -> None:
        github, call = self.server.github, self._call()
        if isinstance(github.code, Code) and is_git(call.path):
            self._send_git(github.code, call)
            return
        with github.lock:
            received(github, call, time.monotonic())
            fault = github.faults.take(call)
        call.fault = fault.what if fault else ""
        real = self._processed(call) if fault is None or fault.processed else None
        with github.lock:
            sent = github.faults.spoil(fault, call, real)
            call.status = sent.status if sent else None
            call.items = _count(sent.value) if sent and not call.writes else None
        github.closing.wait(fault.delay if fault else 0)
        if sent is None:
            self.close_connection = True
        else:
            self._send(call, sent, fault)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_POST

    def _call(self) -> Call:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        parameters = parse_qsl(parts.query, keep_blank_values=True)
        body = self.rfile.read(int(headers.get("content-length", 0)))
        token = headers.pop("authorization", "")
        call = Call(self.command, parts.path, dict(parameters), headers, body, token=token)
        if len(parameters) != len(call.query):
            self.server.github.findings.append(
                f"{call.method} {call.path}: a query parameter is given twice"
            )
        return call

    def _send_git(self, code: Code, call: Call) -> None:
        kind = call.headers.get("content-type", "")
        with code.github.lock:
            given = git_answer(code, call.method, self.path, kind, call.raw)
        self.send_response(given.status)
        for name, value in (*given.headers, ("Content-Length", str(len(given.body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(given.body)

    def _processed(self, call: Call) -> Answer:
        github = self.server.github
        if github.before is not None:
            github.before(call.method, call.path)
        with github.lock:
            result = answer(github, call)
            call.processed = True
        if github.after is not None:
            github.after(call.method, call.path)
        return result

    def _send(self, call: Call, given: Answer, fault: Fault | None) -> None:
        body = given.raw
        if body is None:
            body = _encoded(given.value)
        headers = {"Content-Type": given.kind, **self._rate(call, fault), **given.headers}
        self.send_response(given.status)
        length = {} if given.status == 304 else {"Content-Length": str(len(body))}
        for name, value in (headers | length).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if given.cut is None else body[: len(body) // 2])
        self.close_connection = self.close_connection or given.cut is not None

    def _rate(self, call: Call, fault: Fault | None) -> dict[str, str]:
        github = self.server.github
        resource = "search" if call.path.startswith("/search/") else "core"
        rate = github.search_rate if resource == "search" else github.rate
        rate = rate if call.token else github.anonymous_rate
        numbers = rate_shown(fault, rate, github.now.timestamp())
        return {f"X-RateLimit-{name.title()}": str(value) for name, value in numbers.items()} | {
            "X-RateLimit-Resource": resource
        }


def _encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a pair, which JSON can only escape
        return json.dumps(value).encode()


def _count(value: Any) -> int | None:
    names = ("items", "workflow_runs", "jobs", "check_runs")
    if isinstance(value, dict):
        value = next((value[name] for name in names if name in value), None)
    items = value
    return len(items) if isinstance(items, list) else None


class _Server(ThreadingHTTPServer):
    github: GitHub
    daemon_threads = True
    block_on_close = False  # a thread may be waiting before its answer
    request_queue_size = 64

    def handle_error(self, *about: Any) -> None:
        """A client may close the connection; any other error is a bug of this server."""
        if not isinstance(sys.exception(), ConnectionError):
            self.github.findings.append(f"an error in the server: {sys.exception()!r}")
            super().handle_error(*about)


@contextmanager
def github_server(contract: Path | None = None, **options: Any) -> Iterator[GitHub]:
    """Run a GitHub while the block runs. `options`: fields of `GitHub`.

    `contract`: GitHub's description; requests and answers that violate it become `findings`.
    """
    description = contract_at(contract) if contract else None
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.github = GitHub(**options, contract=description, port=server.server_address[1])
        with _serving(server):
            try:
                yield server.github
            finally:
                server.github.closing.set()


@contextmanager
def actions_server(contract: Path | None = None, **options: Any) -> Iterator[GitHub]:
    """The same, with the storage of logs beside it."""
    storage = ("127.0.0.1", 0)
    with (
        github_server(contract, **options) as github,
        StorageServer(storage, StorageHandler) as server,
    ):
        server.actions, server.signatures = github.actions, github.signatures
        github.actions.storage_port = server.server_address[1]
        with _serving(server):
            yield github


@contextmanager
def _serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(timeout=10)

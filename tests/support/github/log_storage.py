"""The storage of logs: another server, whose signed addresses expire.

It refuses a request that carries a token, as Azure does: such a request has two authorizations.
"""

import hashlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.github.actions import Actions

_BOM = b"\xef\xbb\xbf"
_DENIED = b"\xef\xbb\xbf<?xml version='1.0'?><Error><Code>%s</Code></Error>"


class Signatures:
    """Signs addresses, and checks them once they come back."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def address(self, job: int) -> str:
        until = f"{time.time() + self._actions.sign_seconds:.3f}"
        return f"/actions-results/{job}.txt?se={until}&sig={_signature(job, until)}"

    def job_of(self, target: str) -> int | None:
        """The job of a valid address; None for any other."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        job = int(parts.path.rpartition("/")[2].removesuffix(".txt"))
        until = query.get("se", "0")
        valid = query.get("sig") == _signature(job, until) and time.time() <= float(until)
        return job if valid else None


def _signature(job: int, until: str) -> str:
    return hashlib.sha256(f"{job} {until} key".encode()).hexdigest()


class StorageHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "StorageServer"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        actions = self.server.actions
        actions.downloads.append(self.path)
        fault = actions.storage_faults.pop(0) if actions.storage_faults else None
        if self.headers.get("Authorization"):
            self._refuse(400, b"InvalidAuthenticationInfo")
        elif isinstance(fault, int):
            self._refuse(fault, b"ServerBusy")
        else:
            self._answer(cut=fault == "cut")

    def _answer(self, cut: bool) -> None:
        job = self.server.signatures.job_of(self.path)
        found = None if job is None else self.server.actions.job(job)
        if found is None:
            self._refuse(403, b"AuthenticationFailed")
            return
        body = _BOM + found[1].log
        start = self._start() if self.server.actions.ranges else None
        if start is not None and start >= len(body):
            self._refuse(416, b"InvalidRange")
            return
        self.send_response(200 if start is None else 206)
        self.send_header("Content-Type", "text/plain")
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        content = body[start or 0 :]
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def _start(self) -> int | None:
        text = self.headers.get("Range", "").removeprefix("bytes=").removesuffix("-")
        return int(text) if text.isdigit() else None

    def _refuse(self, status: int, code: bytes) -> None:
        body = _DENIED % code
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class StorageServer(ThreadingHTTPServer):
    actions: Actions
    signatures: Signatures
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

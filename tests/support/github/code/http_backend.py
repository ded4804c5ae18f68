"""Serves the git repository over HTTP by `git http-backend`: clone, fetch and push."""

import re
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.github.code.state import Code

_PATH = re.compile(r"/([\w.-]+/[\w.-]+)\.git(/.+)")


@dataclass(frozen=True)
class GitAnswer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def is_git(path: str) -> bool:
    return _PATH.match(path) is not None


def git_answer(code: Code, method: str, target: str, kind: str, body: bytes) -> GitAnswer:
    """What git's own server answers. `target`: path and query. `kind`: of the body."""
    parts = urlsplit(target)
    match = _PATH.fullmatch(parts.path)
    if match is None or match[1] not in code.repos:
        return GitAnswer(404, (), b"Repository not found.\n")
    variables = {
        "GIT_PROJECT_ROOT": str(code.store.folder.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_NAMESPACE": match[1].partition("/")[0],
        "PATH_INFO": f"/{code.store.folder.name}{match[2]}",
        "QUERY_STRING": parts.query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_USER": "someone",
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run(
        ["git", "http-backend"],
        input=body,
        capture_output=True,
        env=code.store.environment(variables),
        check=True,
    )
    code.store.forget_refs()
    code.follow_branches()
    return _parsed(done.stdout)


def _parsed(output: bytes) -> GitAnswer:
    head, _, body = output.partition(b"\r\n\r\n")
    pairs = [line.split(": ", 1) for line in head.decode().split("\r\n")]
    headers = tuple((name, value) for name, value in pairs if name != "Status")
    status = next((value for name, value in pairs if name == "Status"), "200 OK")
    return GitAnswer(int(status.split()[0]), headers, body)

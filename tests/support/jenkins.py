"""A strict Jenkins on loopback: jobs in folders, builds, logs, and all their faults.

It refuses (400) what a real one accepts: an unknown field in `tree=`, a path that is not quoted, a
method other than GET. It records every request.
"""

import base64
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

LOGIN_PAGE = b"<html><body>SECRET-PAGE please log in</body></html>"
_NOTE = re.compile(rb"\x1b\[8mha:.*?\x1b\[0m")
_PATH = re.compile(
    r"(?P<job>(?:/job/[^/]+)*)(?:/(?P<number>\d+))?"
    r"/(?P<what>api/json|consoleText|logText/progressiveText)"
)
_FIELDS = {
    "name",
    "jobs",
    "firstBuild",
    "nextBuildNumber",
    "allBuilds",
    "builds",
    "number",
    "result",
    "building",
    "timestamp",
    "duration",
    "url",
    "actions",
    "parameters",
    "value",
    "remoteUrls",
    "lastBuiltRevision",
    "SHA1",
}


@dataclass
class FakeBuild:
    """`log` is the file on disk, hidden notes included; `parameters`: values of any JSON type.

    `checkouts`: (address, commit) of what Git checked out. `odd`: fields that a broken Jenkins or a
    proxy tells in place of the real ones; `...` leaves a field out.
    """

    number: int
    result: str | None = "SUCCESS"
    building: bool = False
    timestamp: int = 1_624_032_000_000  # 2021-06-19 00:00:00 in Shanghai
    duration: int = 60_000
    parameters: dict[str, Any] = field(default_factory=dict)
    log: bytes = b"Started\nFinished: SUCCESS\n"
    checkouts: tuple[tuple[str, str], ...] = ()
    odd: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> bytes:
        return _NOTE.sub(b"", self.log)


@dataclass
class FakeJob:
    builds: list[FakeBuild] = field(default_factory=list)
    discarded: int = 0  # builds 1 to this number are gone
    broken: int = 0  # every request about the job is answered with this status


@dataclass
class Trouble:
    """What one request meets in place of its answer (`status`), or with it."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = LOGIN_PAGE
    cut: int | None = None  # hang up after so many bytes of the body
    hang_up: bool = False  # before any byte
    delay: float = 0
    hold: threading.Event | None = None  # wait for it; `seen` tells that somebody waits
    seen: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Asked:
    method: str
    path: str  # as it was sent
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class FakeJenkins:
    """`jobs` by full name; `folders`: multibranch projects and folders, also the empty ones."""

    jobs: dict[str, FakeJob] = field(default_factory=lambda: defaultdict(FakeJob))
    folders: set[str] = field(default_factory=set)
    user: str = ""
    token: str = ""
    ranges: bool = False  # Jenkins itself has none; a proxy before it may
    offsets: bool = True  # progressiveText
    chunked: bool = False
    prefix: str = ""
    asked: list[Asked] = field(default_factory=list)
    troubles: list[tuple[str, Trouble]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def add(self, job: str, *builds: FakeBuild) -> None:
        self.jobs[job].builds += builds

    def trouble(self, part: str, *troubles: Trouble) -> None:
        """Each of `troubles` for one request whose path holds `part`, in order."""
        self.troubles += [(part, trouble) for trouble in troubles]

    def paths(self, part: str = "") -> list[str]:
        return [each.path for each in self.asked if part in each.path]

    def takes_trouble(self, path: str) -> Trouble | None:
        for at, (part, trouble) in enumerate(self.troubles):
            if part in path:
                del self.troubles[at]
                return trouble
        return None

    def item(self, path: str) -> str | None:
        """The checked full name of a job or folder by its path; None if it is not quoted."""
        parts = path.split("/job/")[1:]
        names = [unquote(part) for part in parts]
        return (
            None
            if any(quote(name, safe="") != part for name, part in zip(names, parts, strict=True))
            else "/".join(names)
        )

    def children(self, folder: str) -> dict[str, bool]:
        """Names of the items in a folder, and whether each is a folder itself."""
        before = f"{folder}/" if folder else ""
        found: dict[str, bool] = {}
        for name in [*self.jobs, *(f"{each}/" for each in self.folders)]:
            if name.startswith(before) and name != before:
                child, slash, _ = name[len(before) :].partition("/")
                found[child] = found.get(child, False) or bool(slash)
        return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes
    server: "_Server"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        fake = self.server.fake
        parts = urlsplit(self.path)
        query = {
            name: values[-1]
            for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()
        }
        fake.asked.append(Asked(self.command, parts.path, query, dict(self.headers)))
        self.trouble = trouble = fake.takes_trouble(self.path) or Trouble()
        time.sleep(trouble.delay)
        if trouble.hold is not None:
            trouble.seen.set()
            trouble.hold.wait(60)
        if trouble.hang_up:
            self.close_connection = True
        elif trouble.status:
            self.say(trouble.status, trouble.body, "text/html;charset=utf-8", trouble.headers)
        elif not self.allowed():
            self.say(403, LOGIN_PAGE, "text/html;charset=utf-8")
        else:
            self.answer(parts.path, query)

    def do_POST(self) -> None:
        self.server.fake.asked.append(Asked(self.command, self.path, {}, dict(self.headers)))
        self.say(400, b"GET only")

    do_PUT = do_DELETE = do_HEAD = do_POST

    def allowed(self) -> bool:
        fake = self.server.fake
        given = self.headers.get("Authorization", "")
        if fake.user:
            return (
                given == "Basic " + base64.b64encode(f"{fake.user}:{fake.token}".encode()).decode()
            )
        return given == (f"Bearer {fake.token}" if fake.token else "")

    def answer(self, path: str, query: dict[str, str]) -> None:
        fake = self.server.fake
        found = (
            _PATH.fullmatch(path.removeprefix(fake.prefix))
            if path.startswith(fake.prefix)
            else None
        )
        name = fake.item(found["job"]) if found else None
        if found is None or name is None:
            return self.say(400, b"bad path")
        job = fake.jobs.get(name)
        if job and job.broken:
            return self.say(job.broken, LOGIN_PAGE, "text/html;charset=utf-8")
        if found["number"] is None:
            return self.about_item(name, query)
        build = (
            next((each for each in job.builds if each.number == int(found["number"])), None)
            if job
            else None
        )
        if build is None:
            return self.say(404, LOGIN_PAGE, "text/html;charset=utf-8")
        if found["what"] == "api/json":
            return self.say_json(self.values_of(build), query)
        return (
            self.console(build)
            if found["what"] == "consoleText"
            else self.progressive(build, query)
        )

    def about_item(self, name: str, query: dict[str, str]) -> None:
        fake = self.server.fake
        if name in fake.jobs:
            job = fake.jobs[name]
            newest = sorted(job.builds, key=lambda build: -build.number)
            everything = [self.values_of(build) for build in newest]
            return self.say_json(
                {
                    "name": name.rpartition("/")[2],
                    "firstBuild": everything[-1] if everything else None,
                    "nextBuildNumber": max([job.discarded, *(build.number for build in newest)])
                    + 1,
                    "builds": everything[:100],
                    "allBuilds": everything,
                },
                query,
            )
        if name and name not in fake.folders and not fake.children(name):
            return self.say(404, LOGIN_PAGE, "text/html;charset=utf-8")
        return self.say_json({"name": name.rpartition("/")[2], "jobs": self.items(name)}, query)

    def items(self, folder: str) -> list[dict[str, Any]]:
        return [
            {"name": name}
            | ({"jobs": self.items(f"{folder}/{name}".lstrip("/"))} if is_folder else {})
            for name, is_folder in self.server.fake.children(folder).items()
        ]

    def values_of(self, build: FakeBuild) -> dict[str, Any]:
        parameters = [{"name": name, "value": value} for name, value in build.parameters.items()]
        git = [
            {"remoteUrls": [url], "lastBuiltRevision": {"SHA1": commit}}
            for url, commit in build.checkouts
        ]
        values = {
            "number": build.number,
            "result": build.result,
            "building": build.building,
            "timestamp": build.timestamp,
            "duration": build.duration,
            "url": f"{self.server.fake.url}/somewhere/{build.number}/",
            "actions": [{"_class": "CauseAction"}, {"parameters": parameters}, *git, {}],
        } | build.odd
        return {name: value for name, value in values.items() if value is not ...}

    def console(self, build: FakeBuild) -> None:
        text = build.text
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not (found and self.server.fake.ranges):
            return self.say(200, text, "text/plain;charset=utf-8")
        start = int(found[1])
        if start >= len(text):
            return self.say(416, b"", headers={"Content-Range": f"bytes */{len(text)}"})
        place = f"bytes {start}-{len(text) - 1}/{len(text)}"
        return self.say(206, text[start:], "text/plain;charset=utf-8", {"Content-Range": place})

    def progressive(self, build: FakeBuild, query: dict[str, str]) -> None:
        if not self.server.fake.offsets:
            return self.say(404, LOGIN_PAGE, "text/html;charset=utf-8")
        start = int(query["start"])
        start = 0 if start > len(build.log) else start
        headers = {"X-Text-Size": str(len(build.log))} | (
            {"X-More-Data": "true"} if build.building else {}
        )
        return self.say(200, _NOTE.sub(b"", build.log[start:]), "text/plain;charset=utf-8", headers)

    def say_json(self, value: dict[str, Any], query: dict[str, str]) -> None:
        try:
            tree, rest = read_tree(query["tree"])
            if rest or set(query) != {"tree"}:
                raise ValueError(rest)
        except (KeyError, ValueError):
            return self.say(400, b"bad tree")
        return self.say(
            200, json.dumps(pruned(value, tree)).encode(), "application/json;charset=utf-8"
        )

    def say(
        self,
        status: int,
        body: bytes,
        kind: str = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> None:
        cut = self.trouble.cut if hasattr(self, "trouble") else None
        self.send_response(status)
        for name, value in {"Content-Type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        if self.server.fake.chunked and status == 200:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            # A chunk that is announced and not there in full is how a chunked answer breaks.
            chunk = b"%x\r\n%b" % (len(body), body[:cut]) if body else b""
            end = b"\r\n" * bool(body) + b"0\r\n\r\n"
            self.wfile.write(chunk + (end if cut is None else b""))
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None


Tree = dict[str, tuple["Tree | None", tuple[int, int] | None]]


def read_tree(text: str) -> tuple[Tree, str]:
    """`a,b[c]{0,5}` as a dict, and the rest of the text. Raises ValueError for an unknown field."""
    tree: Tree = {}
    while found := re.match(r"\w+", text):
        name, text = found[0], text[found.end() :]
        if name not in _FIELDS:
            raise ValueError(name)
        inner: Tree | None = None
        if text.startswith("["):
            inner, text = read_tree(text[1:])
            if not text.startswith("]"):
                raise ValueError(text)
            text = text[1:]
        limits = re.match(r"\{(\d+),(\d+)\}", text)
        text = text[limits.end() :] if limits else text
        tree[name] = (inner, (int(limits[1]), int(limits[2])) if limits else None)
        if not text.startswith(","):
            break
        text = text[1:]
    if not tree:
        raise ValueError(text)
    return tree, text


def pruned(value: Any, tree: Tree | None) -> Any:
    """The fields of `value` that `tree` names; like Jenkins, without those that `value` lacks."""
    if isinstance(value, list):
        return [pruned(each, tree) for each in value]
    if not isinstance(value, dict) or tree is None:
        return value
    found: dict[str, Any] = {"_class": "some.java.Name"}
    for name, (inner, limits) in tree.items():
        if name in value:
            inside = value[name][slice(*limits)] if limits else value[name]
            found[name] = pruned(inside, inner)
    return found


class _Server(ThreadingHTTPServer):
    fake: FakeJenkins
    daemon_threads = True
    block_on_close = False  # a thread may be held by a trouble
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up in the middle is part of the game."""


@contextmanager
def running(**options: Any) -> Iterator[FakeJenkins]:
    """A Jenkins for as long as the block runs."""
    with _Server(("127.0.0.1", 0), Handler) as server:
        server.fake = FakeJenkins(**options, port=server.server_address[1])
        thread = threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.02), daemon=True
        )
        thread.start()
        try:
            yield server.fake
        finally:
            server.shutdown()
            thread.join(timeout=10)

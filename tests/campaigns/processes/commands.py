"""Starts the command in processes whose time passes in a test, and kills them where it wants."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from typing import NamedTuple, Protocol

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120  # seconds of a process that does not end
_numbers = count(1)


class Clock(Protocol):
    """A time that only sleeping moves."""

    def time(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Ended(NamedTuple):
    """Exit code (a signal's number below zero), standard output, standard error."""

    code: int
    out: str
    err: str


class Gone(ConnectionError):
    """The process at the other end was killed: its connection is broken."""


@dataclass
class Kills:
    """Kills the process at its n-th point, counted from 1; 0: never.

    `names`: the points. `signal`: instead of SIGKILL; the process may then do something before it
    ends, so its request is answered.
    """

    at: int = 0
    signal: int = signal.SIGKILL
    pid: int = 0
    names: list[str] = field(default_factory=list)

    def reach(self, name: str) -> None:
        """Raises Gone if the process is dead now."""
        self.names.append(name)
        if len(self.names) != self.at:
            return
        os.kill(self.pid, self.signal)
        if self.signal == signal.SIGKILL:
            wait_until_dead(self.pid)
            raise Gone


def wait_until_dead(pid: int) -> None:
    """Without this, a process might still read an answer after its end was ordered."""
    while True:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return
        if stat.rpartition(b")")[2].split()[0] in (b"Z", b"X"):
            return
        time.sleep(0.0005)


class _Handler(StreamRequestHandler):
    server: "ControlServer"

    def handle(self) -> None:
        try:
            for line in self.rfile:
                pid, number, word, *rest = line.decode().strip().split(" ", 3)
                seconds = self.server.answer(int(pid), word, "".join(rest))
                self.wfile.write(f"{number} {seconds!r}\n".encode())
        except ConnectionError:
            return  # the process was killed


class ControlServer(ThreadingUnixStreamServer):
    """The test's side of `control`.

    `kills`: of the processes that run now. `before_sleep`: called with the pid of a process that
    is about to sleep, and the seconds; the process stands still meanwhile.
    """

    daemon_threads = True

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(str(path), _Handler)
        self.path, self._clock, self.kills = path, clock, Kills()
        self.before_sleep: Callable[[int, float], None] | None = None

    def answer(self, pid: int, word: str, rest: str) -> float:
        if word == "sleep":
            seconds = float(rest)
            if self.before_sleep is not None:
                self.before_sleep(pid, seconds)
            self._clock.sleep(seconds)
        elif word == "reach":
            self.kills.reach(rest)
        elif word == "begin":
            self.kills.pid = pid
        return self._clock.time()


@contextmanager
def control_server(clock: Clock) -> Iterator[ControlServer]:
    with (
        tempfile.TemporaryDirectory(prefix="cst") as folder,  # a socket's path must be short
        ControlServer(Path(folder) / "control", clock) as server,
    ):
        serve = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
        serve.start()
        try:
            yield server
        finally:
            server.shutdown()
            serve.join(timeout=10)


@dataclass
class Running:
    """A process of the command. `files`: of its output and its errors."""

    pid: int
    files: tuple[Path, Path]
    _answers: TextIOWrapper

    def wait(self) -> Ended:
        code = int(self._answers.readline())
        self._answers.close()
        out, err = (file.read_text() for file in self.files)
        return Ended(code, out, err)


@dataclass(frozen=True)
class Interpreter:
    """Starts processes of the command. `path`: of the socket of its requests."""

    path: Path

    def start(
        self,
        control: ControlServer,
        folder: Path,
        environment: Mapping[str, str],
        *arguments: str,
        host: str = "",
    ) -> Running:
        """`host`: what the process calls its host, by default as it is called."""
        number = next(_numbers)
        out, err = folder / f"{number}.out", folder / f"{number}.err"
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
            "out": str(out),
            "err": str(err),
            "control": str(control.path),
            "host": host,
        }
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(str(self.path))
        connection.sendall(f"{json.dumps(request)}\n".encode())
        answers = connection.makefile()
        connection.close()  # the file keeps it
        return Running(int(answers.readline()), (out, err), answers)


@contextmanager
def interpreter() -> Iterator[Interpreter]:
    """One for all processes of a test session: importing the command costs a second."""
    with tempfile.TemporaryDirectory(prefix="cst") as folder:
        path = Path(folder) / "requests"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.processes.interpreter", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield Interpreter(path)
        finally:
            process.stdin.close()
            process.wait(timeout=30)
            process.stdout.close()

"""A `ci-stat` for shell scripts that starts in a moment: each command is a copy of this process.

An interpreter of its own takes a second of CPU time until it has imported everything. The program
on the PATH only hands its arguments, environment, folder and streams over.
"""

import json
import os
import signal
import socket
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from ci_stat.cli import main

_CLIENT = """#!{python} -IS
import json, os, socket, sys

server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"x"], [0, 1, 2])
server.sendall(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode())
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(16) or 1))
"""


@contextmanager
def command_server() -> Iterator[Path]:
    """The folder with the program `ci-stat`, for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="cst") as name:
        folder, address = Path(name), f"{name}/s"
        program = folder / "ci-stat"
        program.write_text(_CLIENT.format(python=sys.executable, address=address))
        program.chmod(0o755)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen(64)
            pid = _fork()
            if pid == 0:
                _serve(server)
        try:
            yield folder
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _fork() -> int:
    with warnings.catch_warnings():
        # Threads of this process hold no lock that a command takes.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _serve(server: socket.socket) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        while True:
            client, _ = server.accept()
            if _fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                _answer(client)
            client.close()
    finally:
        os._exit(1)


def _answer(client: socket.socket) -> NoReturn:
    """Run one command in another process, and send its exit code."""
    try:
        _, handles, _, _ = socket.recv_fds(client, 1, 3)
        request = b"".join(iter(lambda: client.recv(65_536), b""))
        pid = _fork()
        if pid == 0:
            client.close()
            _run(handles, *json.loads(request))
        for handle in handles:
            os.close(handle)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        client.sendall(str(code if code >= 0 else 128 - code).encode())
    finally:
        os._exit(0)


def _run(
    handles: list[int], arguments: list[str], environment: dict[str, str], folder: str
) -> NoReturn:
    code: Any = 1
    try:
        for place, handle in enumerate(handles):
            os.dup2(handle, place)
            os.close(handle)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["ci-stat", *arguments]
        warnings.simplefilter("error")
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else int(code is not None))

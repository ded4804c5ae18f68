"""An interpreter that has imported the command, and runs it in a new process for each request.

    python -m tests.campaigns.processes.interpreter SOCKET

A request is a connection to the socket with one line of JSON. It is answered with the pid of the
new process, and at its end with its exit code. The clock and the commits of these processes belong
to the test (`control`). It ends with its standard input.
"""

import asyncio  # noqa: F401  # it and the next ones keep the machine's clock
import json
import os
import queue  # noqa: F401
import selectors
import signal
import socket
import sqlite3
import subprocess  # noqa: F401
import sys
import threading  # noqa: F401
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from tests.campaigns.processes.control import control


def _virtual_time() -> object:
    from tests.campaigns.processes.control import control  # its code is another module's

    return control.now()


def _take_clock() -> None:
    """Replace the clocks before ci_stat binds them."""
    time.sleep = control.sleep  # type: ignore[assignment]
    time.time = time.monotonic = control.time
    real_name = socket.gethostname()
    socket.gethostname = lambda: control.host or real_name

    context = import_module("ci_stat.context")
    context.real_time.__code__ = _virtual_time.__code__


def _take_commits() -> None:
    """Report each commit, before and after it. Nobody waits for the disk: no power is lost."""
    from sqlalchemy import Engine, event
    from sqlalchemy.engine.default import DefaultDialect

    commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

    def reported(dialect: DefaultDialect, connection: Any) -> None:
        control.reach("before commit")
        commit(dialect, connection)
        control.reach("after commit")

    def without_waiting(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = off")

    DefaultDialect.do_commit = reported  # type: ignore[method-assign]
    event.listen(Engine, "connect", without_waiting)


def _import_command() -> None:
    """Run it once: then all of its modules are here."""
    from ci_stat.cli import run

    with open(os.devnull, "w") as null, redirect_stdout(null), redirect_stderr(null):
        assert run(["campaign", "start", "--demo"]) == 0
    import_module("ci_stat.connectors.github.forge")


def _serve(listening: socket.socket) -> None:
    with selectors.DefaultSelector() as waiting:
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(sys.stdin, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in waiting.select()]
            if sys.stdin in ready:
                return
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _watch(connection)
            connection.close()


def _watch(connection: socket.socket) -> None:
    """Start the process of a request, and say how it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        _run(request)
    connection.sendall(f"{pid}\n".encode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    connection.sendall(f"{code}\n".encode())
    os._exit(0)


def _run(request: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        _settle(request)
        import_module("ci_stat.cli").main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _settle(request: dict[str, Any]) -> None:
    """Give the new process its arguments, environment, folder and files."""
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    null = os.open(os.devnull, os.O_RDONLY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    os.dup2(null, 0)
    os.dup2(os.open(request["out"], flags), 1)
    os.dup2(os.open(request["err"], flags), 2)
    sys.argv = ["ci-stat", *request["arguments"]]
    control.connect(Path(request["control"]), request["host"])


def main() -> None:
    _take_clock()
    _take_commits()
    _import_command()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen(16)
        print("ready", flush=True)
        _serve(listening)


if __name__ == "__main__":
    main()

"""Processes that are copies of this one: they have imported everything, and start in a moment."""

import json
import os
import signal
import sys
import textwrap
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

_COMMAND = """
import json
import os
import sys

from ci_stat.cli import main

os.environ.update(json.loads(sys.argv.pop(1)))
main()
"""


@dataclass
class Forked:
    """A process that runs a script. Like those of `Popen`, its three streams are pipes."""

    pid: int
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    returncode: int | None = field(default=None)

    def line(self) -> str:
        """The next line that it prints."""
        return self.stdout.readline().strip()

    def go_on(self) -> None:
        """End its wait for a line."""
        self.stdin.write("go\n")
        self.stdin.flush()

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, or a signal's number below zero."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def finish(self) -> tuple[int, str]:
        """Exit code and what it wrote to stderr. Its pipes are closed."""
        error = self.stderr.read()
        code = self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()
        return code, error


def fork(script: str, *arguments: object) -> Forked:
    """A process that runs `script` with `sys.argv[1:]` being `arguments`."""
    pipes = [os.pipe() for _ in range(3)]
    (its_in, our_in), (our_out, its_out), (our_err, its_err) = pipes
    with warnings.catch_warnings():
        # Threads of this process hold no lock that the script takes.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        for end in (our_in, our_out, our_err):
            os.close(end)
        _run(script, arguments, its_in, its_out, its_err)
    for end in (its_in, its_out, its_err):
        os.close(end)
    return Forked(pid, os.fdopen(our_in, "w"), os.fdopen(our_out), os.fdopen(our_err))


def fork_command(environment: Mapping[str, str], *arguments: str) -> Forked:
    """A process that runs the command `ci-stat`, with more environment variables."""
    return fork(_COMMAND, json.dumps(dict(environment)), *arguments)


def _run(script: str, arguments: tuple[object, ...], *streams: int) -> None:
    """Run the script in the new process, and end the process."""
    code = 1
    try:
        sys.stdin = os.fdopen(streams[0])
        sys.stdout = os.fdopen(streams[1], "w")
        sys.stderr = os.fdopen(streams[2], "w")
        sys.argv = ["-c", *map(str, arguments)]
        exec(textwrap.dedent(script), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

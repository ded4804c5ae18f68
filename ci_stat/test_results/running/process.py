"""Run a child process in its own process group, with a time limit, and end it for certain."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import IO

from ci_stat.test_results.running.capped_log import CappedLog

GRACE = 5.0  # seconds that a child has after each signal
_POLL = 0.05  # seconds
_WATCH = 'read -r word; kill -TERM -"$0"; sleep 2; kill -KILL -"$0"'
_groups: set[int] = set()  # process groups of the children that run now
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `code`: None if it did not start, or a signal ended it.

    `problem`: why it did not start. `left_out`: bytes of its output beyond the limit.
    """

    seconds: float
    code: int | None = None
    signal: str = ""
    is_timeout: bool = False
    is_stopped: bool = False
    problem: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Child:
    """What to run. `stdout`, `stderr`: files that are written; `stderr` None for the same file.

    `max_log`: bytes that are kept of the last of these files; None for all.
    """

    argv: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    stdout: Path
    stderr: Path | None = None
    timeout: float | None = None
    grace: float = GRACE
    max_log: int | None = None


def run_child(child: Child, stop: Event) -> Ended:
    """Run until the child ends, its time is over, or `stop` is set.

    Then the whole group gets SIGINT, so that a runner can write what it has, SIGTERM and SIGKILL.
    What a child left running in its group is killed too.
    """
    if child.max_log is None:
        return _run(child, stop, None)
    try:
        log = CappedLog(child.stderr or child.stdout, child.max_log)
    except OSError as error:
        return Ended(0.0, problem=f"{child.argv[0]}: {error.strerror or error}")
    with log.pipe() as target:
        ended = _run(child, stop, target)
    return replace(ended, left_out=log.left_out)


def _run(child: Child, stop: Event, log: int | None) -> Ended:
    """`log`: a file descriptor for what does not go to another file; None to open the files."""
    begin = time.monotonic()
    try:
        with _outputs(child, log) as (stdout, stderr):
            process = _started(child, stdout, stderr)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Ended(time.monotonic() - begin, problem=f"{child.argv[0]}: {reason}")
    _groups.add(process.pid)
    try:
        with _watched(process):
            is_timeout, is_stopped = _wait(process, child, stop, begin)
    finally:
        _signal_group(process, signal.SIGKILL)
        _groups.discard(process.pid)  # once it is reaped, its number may be another process
        returned = process.wait()
    return Ended(
        seconds=time.monotonic() - begin,
        code=returned if returned >= 0 else None,
        signal=_signal_name(-returned) if returned < 0 else "",
        is_timeout=is_timeout,
        is_stopped=is_stopped,
    )


Target = IO[bytes] | int


@contextmanager
def _outputs(child: Child, log: int | None) -> Iterator[tuple[Target, Target]]:
    """Where standard output and error go."""
    with ExitStack() as files:
        if log is not None and child.stderr is None:
            yield log, log
            return
        stdout = files.enter_context(open(child.stdout, "wb"))
        if log is not None:
            yield stdout, log
        elif child.stderr is None:
            yield stdout, stdout
        else:
            yield stdout, files.enter_context(open(child.stderr, "ab"))


def kill_groups() -> None:
    """Kill all children that run now, with their process groups."""
    for group in list(_groups):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def _started(child: Child, stdout: Target, stderr: Target) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # a list of arguments, no shell
        list(child.argv),
        cwd=child.folder,
        env={**os.environ, **child.env},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


@contextmanager
def _watched(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Kill the group also if ci-stat is killed: then the watchdog's input ends without a word."""
    watchdog = subprocess.Popen(  # noqa: S603  # a fixed text and a number
        ["/bin/sh", "-c", _WATCH, str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        watchdog.kill()
        watchdog.communicate()


def _wait(
    process: "subprocess.Popen[bytes]", child: Child, stop: Event, begin: float
) -> tuple[bool, bool]:
    """Return whether the time was over, and whether the child was stopped."""
    while not _has_ended(process):
        is_timeout = child.timeout is not None and time.monotonic() - begin > child.timeout
        if is_timeout or stop.is_set():
            _end(process, child.grace)
            return is_timeout, not is_timeout
        stop.wait(_POLL)
    return False, False


def _end(process: "subprocess.Popen[bytes]", grace: float) -> None:
    for number in _ENDING:
        _signal_group(process, number)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if _has_ended(process):
                return
            time.sleep(_POLL)


def _has_ended(process: "subprocess.Popen[bytes]") -> bool:
    """Whether the child has ended. It is not reaped: its group keeps its number."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

"""Starts a command, follows what it prints, and ends all of its processes."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ci_stat.commit_tests.isolation.ending import Verdict
from ci_stat.commit_tests.isolation.local.control_group import ControlGroup, control_group
from ci_stat.commit_tests.isolation.local.guard import Guard
from ci_stat.commit_tests.model import Limits, Outcome

_CHUNK = 64 * 1024
_GRACE = 5.0  # seconds for the output of processes that are being killed


async def run_guarded(
    argv: Sequence[str],
    environment: Mapping[str, str],
    limits: Limits,
    folders: list[Path],
    cancel: asyncio.Event,
    feed: Callable[[bytes], None],
) -> tuple[int, Verdict | None]:
    """Run a command to its end. Returns its exit code, and why it was ended, if it was.

    If the task is cancelled, all processes are gone before CancelledError is raised.
    """
    with control_group(limits) as group:
        joined = group.joining(list(argv)) if group else argv
        code, verdict = await _run(joined, environment, limits, folders, cancel, feed)
        return code, verdict or _by_group(group, code)


async def _run(
    argv: Sequence[str],
    environment: Mapping[str, str],
    limits: Limits,
    folders: list[Path],
    cancel: asyncio.Event,
    feed: Callable[[bytes], None],
) -> tuple[int, Verdict | None]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
    )

    def kill() -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    guard = Guard(process.pid, limits, folders, cancel, kill)
    watching = asyncio.create_task(guard.watch())
    try:
        await _follow(process, feed)
        code = await process.wait()
    finally:
        watching.cancel()
        kill()
        await process.wait()
        _close(process)
    return code, guard.verdict


def _by_group(group: ControlGroup | None, code: int) -> Verdict | None:
    """The verdict if a limit of the group has ended the command; None otherwise."""
    if group is None or code == 0:
        return None
    if group.oom_kills():
        detail = "It used more memory than its limit."
        return Verdict(Outcome.OUT_OF_MEMORY, signal="SIGKILL", detail=detail)
    return None


async def _follow(process: asyncio.subprocess.Process, feed: Callable[[bytes], None]) -> None:
    """Feed the output until all processes that hold it have ended, or were killed."""
    assert process.stdout is not None
    ended = asyncio.create_task(_ended(process))
    try:
        while True:
            reading = asyncio.create_task(process.stdout.read(_CHUNK))
            await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return
            data = reading.result()
            if not data:
                return
            feed(data)
    finally:
        ended.cancel()


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Returns some seconds after the process has ended: nothing may hold its output longer."""
    await process.wait()
    await asyncio.sleep(_GRACE)


def _close(process: asyncio.subprocess.Process) -> None:
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()

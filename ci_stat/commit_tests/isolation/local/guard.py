"""Ends a command that uses more than its limits allow, or that is to end for another reason."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ci_stat.commit_tests.isolation.ending import Verdict
from ci_stat.commit_tests.isolation.local.usage import disk_bytes, exact_memory, usage
from ci_stat.commit_tests.model import Limits, Outcome

_POLL = 0.05  # seconds between two looks at processes
_DISK_POLL = 1.0  # seconds between two looks at the disk, and 20 times as long as one took
_DISK_SHARE = 20


@dataclass
class Guard:
    """One command. `verdict`: why it was ended; None if it was not."""

    pid: int
    limits: Limits
    folders: list[Path]
    cancel: asyncio.Event
    kill: Callable[[], None]
    verdict: Verdict | None = None
    _begin: float = field(default_factory=time.monotonic)
    _next_disk: float = 0.0

    async def watch(self) -> None:
        """Look at the command until it has to end; then kill it."""
        while self.verdict is None:
            await self._wait()
            self.verdict = self._over() or await self._disk_over()
        self.kill()

    async def _wait(self) -> None:
        """Wait a little, or until the run is cancelled."""
        left = self.limits.seconds - (time.monotonic() - self._begin)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(_POLL, left))):
                await self.cancel.wait()

    def _over(self) -> Verdict | None:
        limits = self.limits
        if self.cancel.is_set():
            return Verdict(Outcome.CANCELLED, detail="It was cancelled.")
        if time.monotonic() - self._begin >= limits.seconds:
            detail = f"It ran longer than {limits.seconds:g} s."
            return Verdict(Outcome.TIMED_OUT, detail=detail)

        now = usage(self.pid)
        if now.tasks > limits.processes:
            detail = f"It had more than {limits.processes:,} processes and threads at once."
            return Verdict(Outcome.FAILED, signal="SIGKILL", detail=detail)
        if now.memory > limits.memory and exact_memory(self.pid) > limits.memory:
            detail = f"It used more than {limits.memory // 1024**2:,} MiB of memory."
            return Verdict(Outcome.OUT_OF_MEMORY, signal="SIGKILL", detail=detail)
        return None

    async def _disk_over(self) -> Verdict | None:
        begin = time.monotonic()
        if begin < self._next_disk:
            return None
        written = await asyncio.to_thread(disk_bytes, self.folders)
        took = time.monotonic() - begin
        self._next_disk = begin + max(_DISK_POLL, _DISK_SHARE * took)
        if written <= self.limits.disk_bytes:
            return None
        detail = f"Its files take more than {self.limits.disk_bytes // 1024**2:,} MiB."
        return Verdict(Outcome.FAILED, signal="SIGKILL", detail=detail)

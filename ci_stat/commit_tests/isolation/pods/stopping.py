"""Why a step is to end before its command does: from the event loop to the thread that waits."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ci_stat.commit_tests.model import Outcome


class Stopped(Exception):
    """The caller wants no more: the run was cancelled, or its time is over."""


@dataclass
class Stop:
    """One step. `reason`: why it is to end; None as long as it may run."""

    reason: Outcome | None = None
    begun: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Raises Stopped once there is a reason."""
        if self.reason is not None:
            raise Stopped


async def stop_when(
    stop: Stop, cancel: asyncio.Event, seconds: float, end: Callable[[], None]
) -> None:
    """Wait until the run is cancelled or the command's time is over; then call `end`, in a thread.

    The time counts from the begin of the command, not of the pod.
    """
    timer = asyncio.create_task(_time_over(stop, seconds))
    cancelled = asyncio.create_task(cancel.wait())
    try:
        await asyncio.wait({timer, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        stop.reason = Outcome.CANCELLED if cancelled.done() else Outcome.TIMED_OUT
        await asyncio.to_thread(end)
    finally:
        timer.cancel()
        cancelled.cancel()


async def _time_over(stop: Stop, seconds: float) -> None:
    while not stop.begun.is_set():
        await asyncio.sleep(0.05)
    await asyncio.sleep(seconds)

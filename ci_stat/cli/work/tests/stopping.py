"""Ends a long command in order: Ctrl-C and SIGTERM set an event instead of ending the process.

A second signal ends it at once.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Stopped:
    """Whether and by which signal the command was asked to end."""

    event: Event = field(default_factory=Event)
    number: int = 0

    def end_if_stopped(self) -> None:
        """Exit as a process does that the signal ends: 130 for Ctrl-C, 143 for SIGTERM."""
        if self.number:
            sys.exit(128 + self.number)


@contextmanager
def stopping(kill: Callable[[], None]) -> Iterator[Stopped]:
    """Within the block, the signals set the event. Work ends its children then, and returns.

    A second signal calls `kill`, which must end all children, and exits.
    """
    stopped = Stopped()

    def stop(number: int, _frame: FrameType | None) -> None:
        is_second = stopped.event.is_set() and stopped.number != 0
        stopped.number = stopped.number or number
        stopped.event.set()
        if is_second:
            kill()
            stopped.end_if_stopped()

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

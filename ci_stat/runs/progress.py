"""Progress of a long command, as callbacks. Knows no terminal."""

from collections.abc import Callable
from dataclasses import dataclass

# Called with the number of items done since the last call.
Advance = Callable[[int], None]

# Called with the number of logs to read; returns what is called with the number of logs done.
LogProgress = Callable[[int], Advance]

# Called with a description of the next step.
Step = Callable[[str], None]


def no_progress(_count: int) -> None:
    """Show nothing."""


def no_step(_description: str) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class ProgressDisplay:
    """What a command reports while it works: its steps, the rows and the logs of the current one.

    Without arguments, it shows nothing.
    """

    step: Step = no_step
    rows: Advance = no_progress
    logs: LogProgress | None = None

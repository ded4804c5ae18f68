"""What a long command says while it works."""

from collections.abc import Callable
from dataclasses import dataclass

Advance = Callable[[int], None]


LogProgress = Callable[
    [int], Advance
]  # told how many logs are to be read; gives what is told of each one done


def no_progress(_rows: int) -> None:
    """For callers that nobody watches."""


Step = Callable[[str], None]  # told what is being done now


def no_step(_what: str) -> None:
    """For callers that nobody watches."""


@dataclass(frozen=True)
class Watched:
    """What a person who waits is shown."""

    step: Step = no_step
    rows: Advance = no_progress
    logs: LogProgress | None = None

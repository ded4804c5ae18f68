"""The marker that our script writes inside the isolation when the command has ended."""

import re
from dataclasses import dataclass

_MARKER = re.compile(r"(\w+) ([0-9]{1,9}) ([0-9]{1,9})\n")
MAX_MARKER = 200  # bytes


@dataclass(frozen=True, slots=True)
class Marker:
    """What the script wrote. `oom_kills`: processes that were killed by the limit of memory."""

    nonce: str
    exit_code: int
    oom_kills: int = 0


def read_marker(text: str) -> Marker | None:
    """Read what the script wrote; None for anything else."""
    match = _MARKER.fullmatch(text)
    return Marker(match[1], int(match[2]), int(match[3])) if match else None

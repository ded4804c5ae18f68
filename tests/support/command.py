"""The `ci-stat` command in this process, and what it answered."""

import pty
from collections.abc import Callable
from typing import NamedTuple

import pytest


class Answer(NamedTuple):
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]


def terminal() -> tuple[int, int]:
    """Our end and the program's end of a pseudo-terminal. Skips the test if the system has none."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal can be opened here: {error.strerror or error}")

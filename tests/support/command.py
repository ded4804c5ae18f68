"""The `ci-stat` command in this process, and what it answered."""

from collections.abc import Callable
from typing import NamedTuple


class Answer(NamedTuple):
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Call = Callable[..., Answer]

"""The order of jobs and pull requests in every list: worst first."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, Protocol, TypeVar


class Ranked(Protocol):
    """Job, PR, JobCount or PRCount."""

    @property
    def rank(self) -> tuple[Any, ...]: ...


T = TypeVar("T", bound=Ranked)


def worst_first(things: Iterable[T]) -> list[T]:
    """Most failures first; among equals more runs, then the name."""
    return sorted(things, key=attrgetter("rank"))

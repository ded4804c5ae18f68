"""Orders result files by the times that they state, so that a retry comes after what it repeats."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from ci_stat.formats.decoding import Decoded
from ci_stat.records.case_results import Unreadable

_HEAD = 64 * 1024  # characters in which the time is looked for
# JUnit and NUnit, TRX, go test. The time is ISO 8601.
_TIME = re.compile(
    r"""(?:\btimestamp|\bstart-time|<Times\b[^>]{0,200}?\bstart)\s*=\s*["']([^"']{10,40})["']"""
    r"""|"Time"\s*:\s*"([^"]{10,40})\""""
)


class Timed(Protocol):
    """A file to read, as often as needed. `open` may raise Unreadable."""

    @property
    def open(self) -> Callable[[], Iterator[bytes]]: ...


Input = TypeVar("Input", bound=Timed)


def in_order(inputs: Sequence[Input]) -> list[Input]:
    """Return the inputs with those that state a time in the order of these times.

    Inputs without a time keep their places, and so do all if only some times have a zone, because
    they cannot be compared.
    """
    ordered = list(inputs)
    if len(ordered) < 2:
        return ordered
    timed = [(place, time) for place, one in enumerate(ordered) if (time := _stated(one))]
    if len({time.tzinfo is None for _, time in timed}) != 1:
        return ordered
    places = [place for place, _ in timed]
    by_time = sorted(timed, key=lambda one: one[1])
    for place, (source, _) in zip(places, by_time, strict=True):
        ordered[place] = inputs[source]
    return ordered


def _stated(input: Timed) -> datetime | None:
    """The first time in the begin of the content; None without one."""
    head = ""
    try:
        for text in Decoded(input.open()):
            head += text
            if len(head) >= _HEAD:
                break
    except Unreadable:
        pass  # what is readable may state a time; the reader says what is wrong with the file
    match = _TIME.search(head[:_HEAD])
    return _parsed(match[1] or match[2]) if match else None


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None

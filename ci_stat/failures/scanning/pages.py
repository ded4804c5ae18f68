"""The kept pages of a log: its first and last ones as they are, those between by their worth."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

MAX_PAGES = 64  # pages kept from the start and again from the end of a log, 1 MB each


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a log: its bytes, and the 1-based number of the line in which it begins."""

    first: int
    data: bytes
    whole_line: bool  # the part begins at the start of a line

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.first + self.data.count(b"\n") - self.data.endswith(b"\n")

    def below(self, number: int) -> "Part | None":
        """Return the lines below a line of the log."""
        if self.first > number:
            return self
        if self.last <= number:
            return None
        lines = self.data.split(b"\n", number + 1 - self.first)
        return Part(number + 1, lines[-1], True)

    def above(self, number: int) -> "Part | None":
        """Return the lines above a line of the log."""
        if self.last < number:
            return self
        if self.first >= number:
            return None
        lines = self.data.split(b"\n")[: number - self.first]
        return Part(self.first, b"\n".join(lines) + b"\n", self.whole_line)


class Middle(Protocol):
    """Takes the pages between the first and the last ones; keeps what they tell."""

    def add(self, number: int, page: Part) -> None:
        """Take the next page in order; numbers of adjacent pages follow each other."""

    def finish(self, number: int, following: Sequence[Part]) -> tuple[Part, ...]:
        """Return what is kept, in order, after a look at the page `number` and those after it."""


class KeptPages:
    """Pages with their numbers: `MAX_PAGES` from each end; those between go to `middle`.

    `ahead`: how many adjacent pages a failure can reach into.
    """

    def __init__(self, ahead: int, middle: Middle | None) -> None:
        self._ahead = ahead
        self._middle = middle
        self._front: list[tuple[int, Part]] = []
        self._back: deque[tuple[int, Part]] = deque()
        self._last: list[tuple[int, Part]] = []

    def add(self, number: int, page: Part) -> None:
        if self._fits_front(number):
            self._front.append((number, page))
            return

        self._back.append((number, page))
        if len(self._back) > MAX_PAGES:
            self._leave_out(*self._back.popleft())

    def _fits_front(self, number: int) -> bool:
        if self._back:
            return False
        if len(self._front) < MAX_PAGES:
            return True
        # A failure in the last of these pages reaches into the next ones.
        is_next = number == self._front[-1][0] + 1
        return is_next and len(self._front) < MAX_PAGES + self._ahead

    def _leave_out(self, number: int, page: Part) -> None:
        if self._middle is not None:
            self._middle.add(number, page)

    def add_last(self, number: int, page: Part) -> None:
        """Add a page of the end of the log, without regard to how many there are."""
        self._last.append((number, page))

    def parts(self) -> tuple[Part, ...]:
        """Return the pages in order, adjacent pages joined into one part."""
        end = sorted([*self._back, *self._last], key=lambda numbered: numbered[0])
        front = _joined(self._front)
        if self._middle is None or not end:
            return _joined([*self._front, *end])

        number, first = end[0][0], end[0][1]
        following = [page for _, page in end[: self._ahead]]
        middle = _before(first, self._middle.finish(number, following))
        if not middle:
            return _joined([*self._front, *end])
        return (*front, *middle, *_joined(end))


def _before(page: Part, parts: Iterable[Part]) -> list[Part]:
    """Cut off what the page contains again."""
    limit = page.first if page.whole_line else page.first + 1
    return [cut for part in parts if (cut := part.above(limit)) is not None]


def _joined(pages: Iterable[tuple[int, Part]]) -> tuple[Part, ...]:
    # The difference of page number and index is equal for adjacent pages.
    ordered = sorted(pages, key=lambda numbered: numbered[0])
    runs = groupby(enumerate(ordered), key=lambda entry: entry[1][0] - entry[0])
    return tuple(_join([page for _, (_, page) in run]) for _, run in runs)


def _join(pages: list[Part]) -> Part:
    return Part(pages[0].first, b"".join(page.data for page in pages), pages[0].whole_line)

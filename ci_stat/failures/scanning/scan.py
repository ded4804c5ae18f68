"""The scanner: read a log of any length once and keep the parts around anchors and at the end.

Memory does not grow with the log: three buffers take turns, and one pass searches all anchors.
A hot path: its loops are measured by `benchmarks/logs.py`.
"""

import importlib
import sys
from dataclasses import dataclass
from typing import Protocol

from ci_stat.failures.scanning.anchors import Anchors
from ci_stat.failures.scanning.pages import KeptPages, Middle, Part
from ci_stat.failures.text import without_escapes

__all__ = ["Part", "Scan", "scan"]

PAGE = 1 << 14
PAGES = 8  # per buffer: 128 KB fit into the second level cache
BEHIND, AHEAD = 1, 4  # pages kept before and after a page with an anchor: 16 KB and 64 KB
OVERLAP = 128  # longer than any anchor
CROWD = 64  # matches in a buffer from which on its pages are searched one by one, up to the first
NUMPY_AFTER = 1 << 30  # bytes from which on counting lines faster is worth an import


class ByteStream(Protocol):
    """A source of bytes: a file, a decompressor, a response. `readinto` returns 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Scan:
    """The kept parts of a log in order, and its length in lines and bytes."""

    parts: tuple[Part, ...]
    lines: int
    size: int


class _Buffer:
    """One stretch of a log in `data[OVERLAP:OVERLAP + filled]`.

    The first `OVERLAP` bytes are the end of the stretch before it.
    """

    def __init__(self) -> None:
        self.data = bytearray(OVERLAP + PAGE * PAGES)
        self.view = memoryview(self.data)
        self.number = self.filled = self.first = 0
        self.kept: set[int] = set()
        self._lines = [0]

    def fill(self, stream: ByteStream, number: int, first: int, before: "_Buffer | None") -> None:
        """Read the next stretch: buffer `number` of the log, which begins in line `first`."""
        self.number, self.first, self.filled, self.kept = number, first, 0, set()
        self._lines = [0]

        if before is not None:
            self.data[:OVERLAP] = before.data[before.filled : before.filled + OVERLAP]
        else:
            self.data[:OVERLAP] = b"\n" * OVERLAP

        while self.filled < PAGE * PAGES:
            count = stream.readinto(self.view[OVERLAP + self.filled :])
            if not count:
                break
            self.filled += count

    def anchored(self, anchors: Anchors) -> set[int]:
        """Return the pages in which an anchor begins; -1 is the end of the buffer before."""
        matches = anchors.some(self.view[: OVERLAP + self.filled], CROWD)
        if len(matches) < CROWD:
            return {(begin - OVERLAP) // PAGE for begin, _ in matches}

        return {
            page
            for page in range(-(-self.filled // PAGE))
            if anchors.some(self._page_and_overlap(page), 1)
        }

    def _page_and_overlap(self, page: int) -> memoryview:
        begin, end = PAGE * page, min(PAGE * (page + 1), self.filled)
        return self.view[begin : OVERLAP + end]

    def coloured(self, anchors: Anchors) -> set[int]:
        """Return the pages in which an anchor appears after colours inside of it are removed."""
        pages: set[int] = set()
        end, escape = OVERLAP + self.filled, self.data.find(b"\x1b", 0, OVERLAP + self.filled)

        while escape >= 0:
            page = max(0, (escape - OVERLAP) // PAGE)
            if anchors.some(without_escapes(bytes(self._page_and_overlap(page))), 1):
                pages.add(page)
            escape = self.data.find(b"\x1b", OVERLAP + PAGE * (page + 1), end)

        return pages

    def lines(self) -> int:
        """Return the number of line ends."""
        return self._count(0, self.filled)

    def page(self, index: int) -> Part:
        """Return a copy of a page with the number of its first line, and mark it as kept."""
        self.kept.add(index)
        begin, end = PAGE * index, min(PAGE * (index + 1), self.filled)

        while len(self._lines) <= index:  # the line ends before each page, counted once
            last = len(self._lines) - 1
            self._lines.append(self._lines[last] + self._count(PAGE * last, PAGE * (last + 1)))

        data = bytes(self.view[OVERLAP + begin : OVERLAP + end])
        first = self.first + self._lines[index]
        return Part(first, data, self.data[OVERLAP + begin - 1] == 10)

    def _count(self, begin: int, end: int) -> int:
        return _counter.count(self.data, self.view, OVERLAP + begin, OVERLAP + end)


class _LineCounter:
    """Counts line ends: with numpy, three times as fast, if it is loaded or after a gigabyte.

    Its import takes 0.1 s and 13 MB, so only a process that reads much imports it.
    """

    def __init__(self) -> None:
        self._left = NUMPY_AFTER  # bytes until the import

    def count(self, data: bytearray, view: memoryview, begin: int, end: int) -> int:
        numpy = sys.modules.get("numpy")
        if numpy is None:
            self._left -= end - begin
            if self._left < 0:
                importlib.import_module("numpy")
            return data.count(b"\n", begin, end)

        numbers = numpy.frombuffer(view[begin:end], dtype=numpy.uint8)
        return int(numpy.count_nonzero(numbers == 10))


_counter = _LineCounter()


def scan(stream: ByteStream, anchors: Anchors, middle: Middle | None = None) -> Scan:
    """Read a stream to its end; keep pages with anchors, pages around them and the last ones.

    `middle`: takes the pages that are too many to keep and returns what is worth it.
    """
    kept, buffers = KeptPages(AHEAD, middle), [_Buffer() for _ in range(3)]
    number, first, ahead, size = 0, 1, 0, 0
    current: _Buffer | None = None

    while True:
        before, current = current, buffers[number % 3]
        current.fill(stream, number, first, before)
        size += current.filled

        relevant = _relevant(current, anchors, ahead)
        if before is not None and -1 in relevant and PAGES - 1 not in before.kept:
            kept.add(before.number * PAGES + PAGES - 1, before.page(PAGES - 1))
        for index in sorted(relevant):
            if 0 <= index < PAGES and index * PAGE < current.filled:
                kept.add(number * PAGES + index, current.page(index))

        ahead = max((index for index in relevant if index >= PAGES), default=PAGES - 1) - PAGES + 1
        first += current.lines()
        if current.filled < PAGE * PAGES:
            break
        number += 1

    for buffer in sorted(buffers, key=lambda buffer: buffer.number):
        for index in range(PAGES):
            if index not in buffer.kept and index * PAGE < buffer.filled:
                kept.add_last(buffer.number * PAGES + index, buffer.page(index))
    ends_with_newline = current.data[OVERLAP + current.filled - 1] == 10
    lines = first - 1 if ends_with_newline else first
    return Scan(kept.parts(), lines, size)


def _relevant(buffer: _Buffer, anchors: Anchors, ahead: int) -> set[int]:
    """Return the pages to keep, by index in this buffer.

    -1 is the last page of the buffer before; `PAGES` and more are pages of the next one.
    `ahead`: how many pages at the start of this buffer follow an anchor of the buffer before.
    """
    pages = set(range(ahead))
    for page in buffer.anchored(anchors) | buffer.coloured(anchors):
        pages.update(range(page - BEHIND, page + AHEAD + 1))
    return pages

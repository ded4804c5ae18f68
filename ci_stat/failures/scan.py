"""The scanner: read a log of any length once and keep the parts around anchors and at the end.

Memory does not grow with the log: three buffers take turns, and one pass searches all anchors.
A hot path: its loops are measured by `benchmarks/logs.py`.
"""

import importlib
import sys
from collections import deque
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from ci_stat.failures.anchors import Anchors
from ci_stat.failures.text import without_escapes

PAGE = 1 << 14
PAGES = 8  # per buffer: 128 KB fit into the second level cache
BEHIND, AHEAD = 1, 4  # pages kept before and after a page with an anchor: 16 KB and 64 KB
MAX_PAGES = 128  # pages kept from the start and again from the end of a log, 2 MB each
NUMPY_AFTER = 512  # buffers, 64 MB, from which on counting lines faster is worth an import
OVERLAP = 128  # longer than any anchor


class ByteStream(Protocol):
    """A source of bytes: a file, a decompressor, a response. `readinto` returns 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a log: its bytes, and the 1-based number of the line in which it begins."""

    first: int
    data: bytes
    whole_line: bool  # the part begins at the start of a line


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

    def fill(self, stream: ByteStream, number: int, first: int, before: "_Buffer | None") -> None:
        """Read the next stretch: buffer `number` of the log, which begins in line `first`."""
        self.number, self.first, self.filled, self.kept = number, first, 0, set()

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
        # A copy: the library reads immutable bytes three times as fast.
        text = bytes(self.view[: OVERLAP + self.filled])
        return {(begin - OVERLAP) // PAGE for begin, _ in anchors.find(text)}

    def coloured(self, anchors: Anchors) -> set[int]:
        """Return the pages in which an anchor appears after colours inside of it are removed."""
        pages: set[int] = set()
        end, escape = OVERLAP + self.filled, self.data.find(b"\x1b", 0, OVERLAP + self.filled)

        while escape >= 0:
            page = max(0, (escape - OVERLAP) // PAGE)
            begin = OVERLAP + PAGE * page
            text = without_escapes(bytes(self.view[begin - OVERLAP : min(begin + PAGE, end)]))
            if anchors.find(text):
                pages.add(page)
            escape = self.data.find(b"\x1b", begin + PAGE, end)

        return pages

    def newlines(self, end: int) -> int:
        return _newlines(self.data, self.view, OVERLAP, OVERLAP + end)

    def page(self, index: int) -> Part:
        """Return a copy of a page with the number of its first line, and mark it as kept."""
        self.kept.add(index)
        begin = PAGE * index
        data = bytes(self.view[OVERLAP + begin : OVERLAP + min(begin + PAGE, self.filled)])
        return Part(self.first + self.newlines(begin), data, self.data[OVERLAP + begin - 1] == 10)


def _newlines(data: bytearray, view: memoryview, begin: int, end: int) -> int:
    # numpy counts three times as fast but takes 0.1 s to import, so only long logs import it.
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return data.count(b"\n", begin, end)
    numbers = numpy.frombuffer(view[begin:end], dtype=numpy.uint8)
    return int(numpy.count_nonzero(numbers == 10))


def scan(stream: ByteStream, anchors: Anchors) -> Scan:
    """Read a stream to its end; keep pages with anchors, pages around them and the last ones."""
    kept, buffers = _Pages(), [_Buffer() for _ in range(3)]
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
        first += current.newlines(current.filled)
        if number == NUMPY_AFTER:
            importlib.import_module("numpy")
        if current.filled < PAGE * PAGES:
            break
        number += 1

    for buffer in sorted(buffers, key=lambda buffer: buffer.number):
        kept.add_rest(buffer)
    ends_with_newline = current.data[OVERLAP + current.filled - 1] == 10
    return Scan(kept.parts(), first - 1 if ends_with_newline else first, size)


def _relevant(buffer: _Buffer, anchors: Anchors, ahead: int) -> set[int]:
    """Return the pages to keep, by index in this buffer.

    -1 is the last page of the buffer before; `PAGES` and more are pages of the next one.
    `ahead`: how many pages at the start of this buffer follow an anchor of the buffer before.
    """
    pages = set(range(ahead))
    for page in buffer.anchored(anchors) | buffer.coloured(anchors):
        pages.update(range(page - BEHIND, page + AHEAD + 1))
    return pages


class _Pages:
    """The kept pages of a log with their numbers, `MAX_PAGES` from each end."""

    def __init__(self) -> None:
        self._front: list[tuple[int, Part]] = []
        self._back: deque[tuple[int, Part]] = deque(maxlen=MAX_PAGES)

    def add(self, number: int, page: Part) -> None:
        pages = self._front if len(self._front) < MAX_PAGES else self._back
        pages.append((number, page))

    def add_rest(self, buffer: _Buffer) -> None:
        """Add the pages of a buffer that are not kept yet: the end of the log."""
        for index in range(PAGES):
            if index not in buffer.kept and index * PAGE < buffer.filled:
                self.add(buffer.number * PAGES + index, buffer.page(index))

    def parts(self) -> tuple[Part, ...]:
        """Return the pages in order, adjacent pages joined into one part."""
        pages = sorted([*self._front, *self._back], key=lambda numbered: numbered[0])
        # The difference of page number and index is equal for adjacent pages.
        runs = groupby(enumerate(pages), key=lambda entry: entry[1][0] - entry[0])
        return tuple(_joined([page for _, (_, page) in run]) for _, run in runs)


def _joined(pages: list[Part]) -> Part:
    return Part(pages[0].first, b"".join(page.data for page in pages), pages[0].whole_line)

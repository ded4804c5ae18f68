"""Some pages of a log as one text, searched without splitting it into lines."""

from collections.abc import Iterator

from ci_stat.failures.scanning.pages import Part
from ci_stat.failures.text import MAX_LENGTH, without_escapes

_ABOVE = 1 << 10  # bytes kept above the mark of a command, for a guess
_REACH = 4 * MAX_LENGTH  # bytes of a line that rules look at


class Chunk:
    """Pages as one text without colours; lines are known by the offset of their start.

    The lines to look at begin in the pages from `begin` to `end`; blocks may begin above and end
    below.
    """

    def __init__(self, pages: list[Part], begin: int, end: int) -> None:
        texts = [b"".join(page.data for page in some) for some in _thirds(pages, begin, end)]
        above, own, below = map(without_escapes, texts)
        # A line end above the first line, as above every other line.
        head = b"\n" if pages[0].whole_line else b""
        self._data = head + above + own + below
        self._start = self._data.find(b"\n")  # of whole lines; -1 if there is none
        self._own = len(head) + len(above)
        self._own_end = self._own + len(own)
        self._first = pages[0].first - len(head)  # the number of the text's first line
        self._numbered = (0, self._first)
        self.text = self._data[max(0, self._own - 1) : self._own_end]
        self.first, self.last = pages[begin].first, pages[end - 1].last
        self.lines = own.count(b"\n")

    def number(self, begin: int) -> int:
        """Return the number of the line at an offset; ask for offsets in ascending order."""
        offset, number = self._numbered
        number += self._data.count(b"\n", offset, begin)
        self._numbered = begin, number
        return number

    def lines_with(self, literal: bytes, most: int) -> tuple[list[int], int]:
        """Return the starts of lines that contain a literal, and how many others there are.

        If there are more than `most`, those returned are spread over the text.
        """
        count = self._data.count(literal, self._own, self._own_end)
        steps = range(self._own, self._own_end, max(1, (self._own_end - self._own) // max(1, most)))
        is_spread = count > most
        starts: dict[int, None] = {}
        offset = self._own - literal.startswith(b"\n")

        for step in steps if is_spread else range(count):
            if offset < 0 or len(starts) >= most:
                break
            offset = self._data.find(literal, max(offset, step) if is_spread else offset)
            if not 0 <= offset < self._own_end:
                break
            begin = self._data.rfind(b"\n", 0, offset + 1) + 1
            # The line may begin in the pages above, where its anchor was not looked for.
            if begin and offset - begin <= _REACH:
                starts[begin] = None
            offset = self._data.find(b"\n", offset + 1)  # other matches in the line do not count

        return list(starts), max(0, count - most) if is_spread else 0

    def line(self, begin: int) -> bytes:
        end = self._data.find(b"\n", begin, begin + _REACH)
        return self._data[begin : end if end >= 0 else begin + _REACH]

    def lines_below(self, begin: int) -> list[bytes]:
        """Return the next line; two if it is empty, as every other line of some logs is."""
        end = self._data.find(b"\n", begin) + 1
        first = self.line(end) if end else b""
        return [first] if first.strip() else [first, self.line(end + len(first) + 1)]

    def window(self, begin: int, number: int, size: int) -> Part:
        """Return the line `number` that starts at an offset, with whole lines around it."""
        low = self._data.rfind(b"\n", 0, max(self._start, begin - size // 4) + 1) + 1
        high = self._data.find(b"\n", begin + size) + 1 or len(self._data)
        return Part(number - self._data.count(b"\n", low, begin), self._data[low:high], True)

    def whole(self) -> Part:
        """Return all whole lines, also those around the pages to look at."""
        low = self._start + 1
        return Part(self._first + self._data.count(b"\n", 0, low), self._data[low:], True)

    def above(self, begin: int, number: int) -> Part:
        """Return a line with some lines above it."""
        low = self._data.rfind(b"\n", 0, max(self._start, begin - _ABOVE) + 1) + 1
        data = self._data[low:begin] + self.line(begin) + b"\n"
        return Part(number - self._data.count(b"\n", low, begin), data, True)


def _thirds(pages: list[Part], begin: int, end: int) -> Iterator[list[Part]]:
    yield pages[:begin]
    yield pages[begin:end]
    yield pages[end:]

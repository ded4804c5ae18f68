"""Whether a tool stands behind a line that many tools could have written."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property

from ci_stat.failures.document import Document
from ci_stat.failures.rules import compiled
from ci_stat.failures.scanning.pages import Part

REACH = 100  # lines above and below a match in which a sign of the tool counts


class Signs:
    """The signs of tools in a document; asked in order of the document.

    Each line is searched once for each pattern, so a log full of matches without a sign takes no
    longer than any other.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._searched: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def near(self, pattern: str, position: int) -> int | None:
        """Return the position of a line within `REACH` lines that matches; None without one."""
        regex = compiled(pattern)
        end = min(position + REACH + 1, len(self._document))
        start = max(self._searched.get(pattern, 0), position - REACH)

        for current in range(start, end):
            if regex.search(self._document.text(current)):
                self._last[pattern] = current

        self._searched[pattern] = max(start, end)
        last = self._last.get(pattern)
        return last if last is not None and last >= position - REACH else None


class Nearby:
    """The signs in a part of a log, which is split into lines only if a rule asks for one."""

    def __init__(self, part: Callable[[], Part]) -> None:
        self._part = part

    @cached_property
    def _document(self) -> Document:
        return Document([self._part()])

    @cached_property
    def _signs(self) -> Signs:
        return Signs(self._document)

    def sign(self, pattern: str, number: int) -> Part | None:
        """Return the line of a sign near a line of the log; ask in order of the log."""
        position = bisect_left(self._document.numbers, number)
        sign = self._signs.near(pattern, position)
        if sign is None:
            return None
        return Part(self._document.numbers[sign], self._document.raw(sign) + b"\n", True)

"""Search many literals at once: the first filter of the scanner, before any rule is tried."""

from collections.abc import Iterable

from ci_stat.failures.scanning.literal_search import Match, Text, engine


class Anchors:
    """Literals that are searched in one pass over the text.

    A literal that begins with a line end belongs to the line that it starts: its offset is that of
    the line.
    """

    def __init__(self, literals: Iterable[str]) -> None:
        self.literals = tuple(sorted(set(literals)))
        self.bytes = tuple(literal.encode() for literal in self.literals)
        self._edges = {
            index for index, literal in enumerate(self.literals) if literal.startswith("\n")
        }
        self._engine = engine(self.bytes)

    def find(self, data: Text) -> list[Match]:
        """Return (offset, index of the literal) of every literal, in no order."""
        return [
            (offset + (index in self._edges), index) for offset, index in self._engine.find(data)
        ]

    def some(self, data: Text, most: int) -> list[Match]:
        """Return up to about `most` occurrences: enough to see that there are more."""
        return self._engine.some(data, most)

    def present(self, data: Text) -> set[int]:
        """Return the literals that occur, by index."""
        return self._engine.present(data)

"""Whether a tool stands behind a line that many tools could have written."""

from ci_stat.failures.document import Document
from ci_stat.failures.rules import compiled

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

    def near(self, pattern: str, position: int) -> bool:
        """Whether a line that matches the pattern stands within `REACH` lines."""
        regex = compiled(pattern)
        end = min(position + REACH + 1, len(self._document))
        start = max(self._searched.get(pattern, 0), position - REACH)

        for current in range(start, end):
            if regex.search(self._document.text(current)):
                self._last[pattern] = current

        self._searched[pattern] = max(start, end)
        return self._last.get(pattern, -1 - REACH) >= position - REACH

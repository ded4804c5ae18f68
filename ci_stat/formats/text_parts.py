"""Texts of test results: kept up to a limit, and without what no text should contain."""

import re

# Colours and other sequences for terminals, then control characters but tab and line feed.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)|[@-Z\\^_])"
)
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class TextPart:
    """A text that arrives in pieces. Beyond `limit` characters its beginning and end are kept.

    `left_out`: characters between them.
    """

    __slots__ = ("_half", "_pieces", "_size", "_tail", "left_out", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.left_out = 0
        self._half = limit // 2
        self._size = 0
        self._pieces: list[str] = []
        self._tail: str | None = None  # None: everything fits so far

    def add(self, piece: str) -> None:
        self._size += len(piece)
        if self._tail is None and self._size <= self.limit:
            self._pieces.append(piece)
            return

        if self._tail is None:
            whole = "".join(self._pieces)
            self._pieces = [whole[: self._half]]
            self._tail = whole[self._half :]
            if len(whole) < self._half:
                room = self._half - len(whole)
                self._pieces.append(piece[:room])
                piece = piece[room:]
        self._tail = (self._tail + piece[-self._half :])[-self._half :]
        self.left_out = self._size - self._half - len(self._tail)

    def text(self) -> str:
        """Return the text, cleaned; what is left out is said at its place."""
        whole = "".join(self._pieces)
        if self._tail is not None:
            whole = f"{whole}\n[{self.left_out:,} characters left out]\n{self._tail}"
        return tidy(whole)


def tidy(text: str) -> str:
    """Return the text without terminal sequences; lines end with LF.

    >>> tidy("\\x1b[31mred\\x1b[0m\\r\\n")
    'red\\n'
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _TERMINAL.sub("", text).replace("\x1b", "") if "\x1b" in text else text


def clean(text: str) -> str:
    """Return the text tidied and without control characters, for text that was not decoded here."""
    return _CONTROL.sub("", tidy(text))


def clean_line(text: str) -> str:
    """Return a name as one line: stripped, cleaned, without line ends."""
    if text.isprintable():
        return text.strip()
    return " ".join(clean(text).split())

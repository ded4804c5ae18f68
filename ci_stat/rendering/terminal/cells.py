"""Cells of a table in the width of their column."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from rich.cells import cell_len
from rich.text import Text

from ci_stat.rendering.as_text import breaks
from ci_stat.rendering.terminal.roles import Role

_HANG = "  "  # before the lines that continue a name
_ELLIPSIS = "…"
_WIDEST = 2  # cells of one character


def in_width(cell: Text, role: Role, width: int) -> Text:
    """The cell in `width` cells: an identity on several lines, a name cut in the middle."""
    if cell.cell_len <= width:
        return cell
    if role is Role.IDENTITY:
        return _folded(cell, width)
    if role is Role.NAME:
        return cut_in_the_middle(cell, width)
    return cell


def _folded(cell: Text, width: int) -> Text:
    """The cell on several lines, broken behind separators; lines after the first are indented."""
    inner = max(_WIDEST, width - len(_HANG))
    lines = cell.divide(breaks(cell.plain, inner))
    return Text("\n").join(_indented(lines))


def _indented(lines: Iterable[Text]) -> Iterator[Text]:
    margin = ""
    for line in lines:
        line.rstrip()
        yield Text(margin) + line
        margin = _HANG


def cut_in_the_middle(words: Text, width: int) -> Text:
    """`words` in `width` cells: their beginning, …, and their end, which is the longer part."""
    if words.cell_len <= width:
        return words
    room = max(0, width - 1)
    end = _fitting(words.plain[::-1], room - room // 2)
    begin = _fitting(words.plain, room // 2)
    tail = words[len(words) - end :] if end else Text()
    return words[:begin] + Text(_ELLIPSIS) + tail


def _fitting(words: str, room: int) -> int:
    """How many characters at the beginning of `words` fit in `room` cells."""
    widths = accumulate(map(cell_len, words))
    return sum(width <= room for width in widths)

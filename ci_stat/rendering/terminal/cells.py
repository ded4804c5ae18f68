"""Cells of a table in the width of their column."""

from collections.abc import Iterable, Iterator

from rich.text import Text

from ci_stat.rendering.as_text import breaks
from ci_stat.rendering.terminal.roles import Role

_HANG = "  "  # before the lines that continue a name
_WIDEST = 2  # cells of one character


def in_width(cell: Text, role: Role, width: int) -> Text:
    """The cell in `width` cells: an identity that is longer is on several lines."""
    if cell.cell_len <= width:
        return cell
    if role is Role.IDENTITY:
        return _folded(cell, width)
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

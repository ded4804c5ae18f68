"""A table that never cuts a number: on a narrow terminal it leaves out whole columns, the least telling first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_NAME_MIN = 10  # cells that are left of a name when it is cut to fit
_INDENT = 4  # cells before what stands below a row
_GAP = 3  # cells that a column costs beside its content


@dataclass
class Column:
    """`spare`: the higher, the sooner the column is left out; 0 stays. Names (`left`) may be cut, numbers not.

    `floor`: cells that a name is cut to before another column is left out. `below`: a sentence, which is never cut:
    where there is no room for it, it stands below its row, folded.
    """

    title: str
    spare: int = 0
    left: bool = False
    floor: int = _NAME_MIN
    below: bool = False
    cells: list[Text] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max([cell_len(self.title), *(cell.cell_len for cell in self.cells)])

    @property
    def least(self) -> int:
        return min(self.width, self.floor) if self.left else self.width


class Fitted:
    """Columns that are chosen when the width is known."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text | str]]) -> None:
        self.columns = columns
        for row in rows:
            for column, cell in zip(columns, row, strict=True):
                column.cells.append(cell if isinstance(cell, Text) else Text(cell))

    def _below(self, width: int) -> Column | None:
        """The column that does not stand beside the others."""
        below = next((column for column in self.columns if column.below), None)
        others = sum(column.least + _GAP for column in self.columns if column is not below)
        return below if below and others + below.width + _GAP > width else None

    def _kept(self, width: int) -> list[Column]:
        below = self._below(width)
        kept = [column for column in self.columns if column is not below]
        while sum(column.least + _GAP for column in kept) > width:
            spare = max(kept, key=lambda column: column.spare)
            if not spare.spare:
                break
            kept.remove(spare)
        return kept

    def _widths(self, kept: Sequence[Column], width: int) -> Iterator[int]:
        """Numbers get what they need; names share the rest, each at most what it needs."""
        room = width - sum(_GAP + (0 if column.left else column.width) for column in kept)
        names = sum(column.left for column in kept)
        for column in kept:
            if not column.left:
                yield column.width
                continue
            share = max(column.least, min(column.width, room // max(1, names)))
            yield share
            room, names = room - share, names - 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        kept = self._kept(options.max_width)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, width in zip(kept, self._widths(kept, options.max_width), strict=True):
            justify: Literal["left", "right"] = (
                "left" if column.left or not column.title else "right"
            )
            table.add_column(
                column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=width
            )
        for cells in zip(*(column.cells for column in kept), strict=True):
            table.add_row(*cells)
        below = self._below(options.max_width)
        yield from (table,) if below is None else self._parted(table, below, console, options)

    def _parted(
        self, table: Table, below: Column, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """The table's lines, and below each row what is said of it."""
        lines = console.render_lines(table, options, pad=False)
        first = len(lines) - len(below.cells) - 1  # a row has one line, and the last one is empty
        for number, line in enumerate(lines):
            yield from (*line, Segment.line())
            if first <= number < first + len(below.cells) and below.cells[number - first]:
                yield Padding(below.cells[number - first], (0, 0, 0, _INDENT))

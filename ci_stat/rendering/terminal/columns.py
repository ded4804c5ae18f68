"""A table that cuts no number: a narrow terminal omits columns, the least important first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

_NAME_MIN = 10  # cells of a name that is cut
_INDENT = 4  # cells before a sentence below a row
_GAP = 3  # cells of a column in addition to its content


@dataclass
class Column:
    """A column of a table.

    - `spare`: columns with the highest value are omitted first; 0 stays.
    - `left`: names, which can be cut; numbers cannot.
    - `floor`: cells of a name that is cut; a narrower table omits columns instead.
    - `below`: sentences, which are never cut; without room for them they are below their rows.
    """

    title: str
    spare: int = 0
    left: bool = False
    floor: int = _NAME_MIN
    below: bool = False
    cells: list[Text] = field(default_factory=list)

    @property
    def width(self) -> int:
        """Cells of the longest value, or of the title."""
        return max([cell_len(self.title), *(cell.cell_len for cell in self.cells)])

    @property
    def least(self) -> int:
        """Cells that the column needs."""
        return min(self.width, self.floor) if self.left else self.width


class Fitted:
    """A table that chooses its columns by the width of the terminal."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text | str]]) -> None:
        """At most one column can be `below`."""
        self._sentences = next((column for column in columns if column.below), None)
        self._others = [column for column in columns if not column.below]
        for row in rows:
            for column, cell in zip(columns, row, strict=True):
                column.cells.append(cell if isinstance(cell, Text) else Text(cell))

    def fits(self, width: int) -> bool:
        """Whether all names have their `floor` once columns are omitted."""
        return _least(self._kept(width)) <= width

    def _below(self, width: int) -> Column | None:
        """The column of sentences that has no room next to the others."""
        sentences = self._sentences
        if sentences is None:
            return None
        needed = _least(self._others) + sentences.width + _GAP
        return sentences if needed > width else None

    def _kept(self, width: int) -> list[Column]:
        kept = list(self._others)
        if self._sentences and not self._below(width):
            kept.append(self._sentences)
        while _least(kept) > width:
            spare = max(kept, key=lambda column: column.spare)
            if not spare.spare:
                break
            kept.remove(spare)
        return kept

    def _widths(self, kept: Sequence[Column], width: int) -> Iterator[int]:
        """Numbers get the width that they need; names share the rest, up to the width they need."""
        names = sum(column.left for column in kept)
        numbers = sum(column.width for column in kept if not column.left)
        room = width - _GAP * len(kept) - numbers
        for column in kept:
            if not column.left:
                yield column.width
                continue
            share = max(column.least, min(column.width, room // names))
            yield share
            room, names = room - share, names - 1

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = self._table(options.max_width)
        below = self._below(options.max_width)
        if below is None:
            yield table
        else:
            yield from self._with_sentences(table, below, console, options)

    def _table(self, max_width: int) -> Table:
        kept = self._kept(max_width)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column, width in zip(kept, self._widths(kept, max_width), strict=True):
            is_number = column.title and not column.left
            table.add_column(
                column.title,
                justify="right" if is_number else "left",
                no_wrap=True,
                overflow="ellipsis",
                width=width,
            )
        for cells in zip(*(column.cells for column in kept), strict=True):
            table.add_row(*cells)
        return table

    def _with_sentences(
        self, table: Table, below: Column, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """The lines of the table, with the sentence of each row below it."""
        lines = console.render_lines(table, options, pad=False)
        # A row has one line, and the last line of the table is empty.
        first = len(lines) - len(below.cells) - 1
        sentences = dict(enumerate(below.cells, first))
        for number, line in enumerate(lines):
            yield from (*line, Segment.line())
            sentence = sentences.get(number)
            if sentence:
                yield Padding(sentence, (0, 0, 0, _INDENT))


def _least(columns: Sequence[Column]) -> int:
    """Cells that these columns need."""
    return sum(column.least + _GAP for column in columns)


class FirstFitting:
    """The first of several tables that cuts no name; the last one if none does."""

    def __init__(self, *tables: Fitted) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitting = (table for table in self._tables if table.fits(options.max_width))
        yield next(fitting, self._tables[-1])

"""A table that cuts no identity and no number: a narrow terminal omits the other columns."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ci_stat.rendering.terminal.cells import in_width
from ci_stat.rendering.terminal.roles import (
    Column,
    Role,
    column_widths,
    kept_columns,
    least_width,
)

__all__ = ["Column", "FirstFitting", "Fitted", "Role"]

_INDENT = 4  # cells before a sentence below a row


Row = tuple[Text, ...]


class Fitted:
    """A table that chooses its columns by the width of the terminal."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text | str]]) -> None:
        """At most one column can be of sentences."""
        self._columns = columns
        self._sentences = next((column for column in columns if column.role is Role.SENTENCE), None)
        for row in rows:
            for column, cell in zip(columns, row, strict=True):
                column.cells.append(cell if isinstance(cell, Text) else Text(cell))

    def fits(self, width: int) -> bool:
        """Whether no name is cut once columns are omitted."""
        below = self._below(width)
        columns = [column for column in self._columns if column is not below]
        return least_width(kept_columns(columns, width)) <= width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table; nothing without rows, because titles alone look like lost rows."""
        has_rows = any(column.cells for column in self._columns)
        if not has_rows:
            return

        below = self._below(options.max_width)
        columns = [column for column in self._columns if column is not below]
        kept = kept_columns(columns, options.max_width)
        widths = column_widths(kept, options.max_width)
        rows = _rows(kept, widths)
        table = _table(kept, rows, widths)
        if below is None:
            yield table
        else:
            yield from _with_sentences(table, rows, below, console, options)

    def _below(self, width: int) -> Column | None:
        """The column of sentences that has no room next to the others."""
        sentences = self._sentences
        if sentences is None:
            return None
        return sentences if least_width(self._columns) > width else None


class FirstFitting:
    """The first of several tables that cuts no name; the last one if none does."""

    def __init__(self, *tables: Fitted) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fitting = (table for table in self._tables if table.fits(options.max_width))
        yield next(fitting, self._tables[-1])


def _rows(columns: Sequence[Column], widths: Sequence[int]) -> list[Row]:
    """The cells of each row in the widths of their columns."""
    cells = (
        [in_width(cell, column.role, width) for cell in column.cells]
        for column, width in zip(columns, widths, strict=True)
    )
    return list(zip(*cells, strict=True))


def _table(columns: Sequence[Column], rows: Sequence[Row], widths: Sequence[int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        is_number = column.title and column.role is Role.NUMBER
        table.add_column(
            column.title,
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=width,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _with_sentences(
    table: Table, rows: Sequence[Row], below: Column, console: Console, options: ConsoleOptions
) -> RenderResult:
    """The lines of the table, with the sentence of each row below it."""
    lines = console.render_lines(table, options, pad=False)
    heights = [max(cell.plain.count("\n") for cell in row) + 1 for row in rows]
    # The last line of the table is empty.
    last = len(lines) - sum(heights) - 2
    sentences = {}
    for height, sentence in zip(heights, below.cells, strict=True):
        last += height
        sentences[last] = sentence
    for number, line in enumerate(lines):
        yield from (*line, Segment.line())
        sentence = sentences.get(number, Text())
        if sentence:
            yield Padding(sentence, (0, 0, 0, _INDENT))

"""Blocks as lines, for channels that have no tables, charts or folded parts."""

from collections.abc import Iterable, Iterator

from ci_stat.rendering.document import (
    Block,
    Button,
    Chart,
    Document,
    Item,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    more_words,
    text,
)
from ci_stat.rendering.format import percent


def document_lines(document: Document) -> Iterator[Text]:
    """All blocks and the foot, as lines."""
    for block in document.blocks:
        yield from block_lines(block)
    yield from document.foot


def block_lines(block: Block) -> Iterator[Text]:
    """A block as lines."""
    if isinstance(block, Paragraph):
        yield from block.lines
    elif isinstance(block, Button):
        yield text(Span(block.text, link=block.link))
    else:
        yield from _title(block.title)
        yield from _content(block)


def _title(title: str) -> Iterator[Text]:
    if title:
        yield text(Span(title, bold=True))


def _content(block: Table | Section | Chart) -> Iterator[Text]:
    if isinstance(block, Table):
        yield from table_lines(block)
    elif isinstance(block, Chart):
        yield from chart_lines(block)
    else:
        for item in block.items:
            yield from _item(item)
        yield from _more(block.more, block.what)


def joined(lines: Iterable[str], most: int) -> Iterator[str]:
    """Lines joined to texts of at most `most` characters. A longer line is not broken."""
    piece: list[str] = []
    size = 0
    for line in lines:
        if piece and size + len(line) >= most:
            yield "\n".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line) + 1
    if piece:
        yield "\n".join(piece)


def table_lines(table: Table) -> list[Text]:
    """Each row as a line: its first cell, then the other cells behind their column titles."""
    lines = [_row(table.columns, row) for row in table.rows]
    return [*lines, *_more(table.more, table.what)]


def _row(columns: tuple[str, ...], row: tuple[Text, ...]) -> Text:
    parts = list(row[0])
    separator = ": "
    for title, cell in zip(columns[1:], row[1:], strict=True):
        parts += [Span(separator), Span(f"{title} ", Tone.FAINT), *cell]
        separator = ", "
    return tuple(parts)


def chart_lines(chart: Chart) -> list[Text]:
    """Each label as a line with its numbers."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    return [
        text(
            f"{label}: {bar:,} {chart.bar_name}, ",
            Span(f"{chart.line_name} {percent(share)}", Tone.FAINT),
        )
        for label, bar, share in rows
    ]


def _item(item: Item) -> Iterator[Text]:
    yield text("• ", *item.head)
    for line in item.lines:
        yield text("    ", *line)
    yield from _more(item.more, item.what, "    ")


def _more(more: int, what: str, indent: str = "") -> Iterator[Text]:
    """The line that counts what is omitted."""
    if more:
        yield text(Span(f"{indent}{more_words(more, what)}", Tone.FAINT))

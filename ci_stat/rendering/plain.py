"""Blocks as lines, for channels without tables, charts or folds."""

from collections.abc import Iterator

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


def table_lines(table: Table) -> list[Text]:
    """Each row on a line: its first cell, then every other cell behind its column's title."""
    lines = []
    for row in table.rows:
        parts: list[object] = [*row[0]]
        for title, cell in zip(table.columns[1:], row[1:], strict=True):
            parts += [
                ": " if len(parts) == len(row[0]) else ", ",
                Span(f"{title} ", Tone.FAINT),
                *cell,
            ]
        lines.append(text(*parts))
    if table.more:
        lines.append(text(Span(more_words(table.more, table.what), Tone.FAINT)))
    return lines


def chart_lines(chart: Chart) -> list[Text]:
    """Each label on a line with its numbers."""
    rows = zip(chart.labels, chart.bars, chart.line, strict=True)
    return [
        text(
            f"{label}: {bar:,} {chart.bar_name}, ",
            Span(f"{chart.line_name} {percent(share)}", Tone.FAINT),
        )
        for label, bar, share in rows
    ]


def document_lines(document: Document) -> Iterator[Text]:
    """Every block as lines, and the foot."""
    for block in document.blocks:
        yield from block_lines(block)
    yield from document.foot


def block_lines(block: Block) -> Iterator[Text]:
    """One block as lines."""
    if isinstance(block, Paragraph):
        yield from block.lines
    elif isinstance(block, Button):
        yield text(Span(block.text, link=block.link))
    else:
        yield from _titled(block)


def _titled(block: Table | Section | Chart) -> Iterator[Text]:
    if block.title:
        yield text(Span(block.title, bold=True))
    if isinstance(block, Table):
        yield from table_lines(block)
    elif isinstance(block, Chart):
        yield from chart_lines(block)
    else:
        for item in block.items:
            yield from _item(item)
        if block.more:
            yield text(Span(more_words(block.more, block.what), Tone.FAINT))


def _item(item: Item) -> Iterator[Text]:
    yield text("• ", *item.head)
    for line in item.lines:
        yield text("    ", *line)
    if item.more:
        yield text(Span(f"    {more_words(item.more, item.what)}", Tone.FAINT))

"""A document as GitHub Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ci_stat.escape import markdown_text
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
    more_words,
)
from ci_stat.rendering.feishu.markup import link_address
from ci_stat.rendering.format import percent


def as_markdown(document: Document) -> str:
    """The whole document, escaped: its texts contain no markup, no mention and no link."""
    blocks = chain.from_iterable(map(_block, document.blocks))
    foot = "  \n".join(map(_line, document.foot))
    title, subtitle = markdown_text(document.title), markdown_text(document.subtitle)
    parts = [f"## {title}", subtitle, *blocks, "---", foot]
    return "\n\n".join(filter(None, parts)) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from map(_line, block.lines)
    elif isinstance(block, Button):
        yield _line((Span(block.text, link=block.link),))
    else:
        yield f"### {markdown_text(block.title)}" if block.title else ""
        yield "\n".join(_content(block))


def _content(block: Table | Section | Chart) -> Iterable[str]:
    if isinstance(block, Table):
        return _table(block)
    return _chart(block) if isinstance(block, Chart) else _section(block)


def _line(line: Text) -> str:
    return "".join(map(_span, line))


def _span(span: Span) -> str:
    words = span.text.strip()
    if not words:
        return span.text
    before, _, after = span.text.partition(words)
    shown = markdown_text(words)
    if span.link:
        shown = f"[{shown}]({link_address(span.link)})"
    if span.bold:
        shown = f"**{shown}**"
    return f"{before}{shown}{after}"


def _table(block: Table) -> list[str]:
    rows = [tuple(map(_line, row)) for row in block.rows]
    return _grid(block.columns, rows, more_words(block.more, block.what))


def _chart(block: Chart) -> list[str]:
    rows = [
        (markdown_text(label), f"{bar:,}", percent(share))
        for label, bar, share in zip(block.labels, block.bars, block.line, strict=True)
    ]
    return _grid(("", block.bar_name, block.line_name), rows)


def _grid(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], after: str = "") -> list[str]:
    """A table of cells, the numbers to the right, and a line `after` it."""
    titles = _row(tuple(map(markdown_text, columns)))
    alignment = _row(("---", *["---:"] * (len(columns) - 1)))
    lines = [titles, alignment, *map(_row, rows)]
    return [*lines, "", markdown_text(after)] if after else lines


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _section(block: Section) -> Iterator[str]:
    for item in block.items:
        yield from _item(item)
    if block.more:
        yield f"- {markdown_text(more_words(block.more, block.what))}"


def _item(item: Item) -> Iterator[str]:
    yield f"- {_line(item.head)}"
    for line in item.lines:
        yield f"  - {_line(line)}"
    if item.more:
        yield f"  - {markdown_text(more_words(item.more, item.what))}"

"""A document as Markdown, as GitHub and its like render it."""

from collections.abc import Iterator, Sequence

from ci_stat.escape import markdown_text
from ci_stat.rendering.document import (
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
    """The whole report. Nothing from outside is markup, a mention or a link in it."""
    parts = [f"## {markdown_text(document.title)}", markdown_text(document.subtitle)]
    for block in document.blocks:
        if isinstance(block, Paragraph):
            parts += [_line(line) for line in block.lines]
        elif isinstance(block, Table):
            parts += _titled(block.title, _table(block))
        elif isinstance(block, Section):
            parts += _titled(block.title, list(_section(block)))
        elif isinstance(block, Chart):
            parts += _titled(block.title, _chart(block))
        else:
            parts.append(_line((Span(block.text, link=block.link),)))
    parts += ["---", "  \n".join(map(_line, document.foot))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _titled(title: str, lines: list[str]) -> list[str]:
    return [f"### {markdown_text(title)}" if title else "", "\n".join(lines)]


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
    return f"{before}{f'**{shown}**' if span.bold else shown}{after}"


def _table(block: Table) -> list[str]:
    return _grid(
        block.columns,
        [tuple(map(_line, row)) for row in block.rows],
        more_words(block.more, block.what),
    )


def _chart(block: Chart) -> list[str]:
    rows = zip(block.labels, block.bars, block.line, strict=True)
    shown = [(markdown_text(label), f"{bar:,}", percent(share)) for label, bar, share in rows]
    return _grid(("", block.bar_name, block.line_name), shown)


def _grid(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]], after: str = "") -> list[str]:
    lines = [
        _row(tuple(map(markdown_text, columns))),
        _row(("---", *["---:"] * (len(columns) - 1))),
        *map(_row, rows),
    ]
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

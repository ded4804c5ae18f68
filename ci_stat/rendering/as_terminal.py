"""A document on a terminal: a rich renderable for `screen.show`.

Wrapped lines are indented like their first line. In a file, lines have no limit and do not wrap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text as Shown

from ci_stat.escape import visible, web_link
from ci_stat.rendering.as_text import breaks
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
)
from ci_stat.rendering.format import percent
from ci_stat.rendering.terminal.columns import Column, Fitted, Role

_COLORS = {Tone.PLAIN: "blue", Tone.GOOD: "green", Tone.BAD: "red", Tone.WARN: "yellow"}
_DIM = Style(dim=True)
_BOLD = Style(bold=True)
_NAME = 28  # cells that a name keeps before columns are omitted
_BAR = 20  # cells of the longest bar
_LINE = 12  # cells of the longest bar of the line's values
_EIGHTHS = " ▏▎▍▌▋▊▉"


def on_terminal(document: Document) -> RenderableType:
    """The document; with colours and links on a console that has colours."""
    head = Style(bold=True, color=_COLORS.get(document.tone))
    parts: list[RenderableType] = [
        _Hanging(_shown(document.title, head)),
        _Hanging(_shown(document.subtitle, _DIM)),
    ]
    for block in document.blocks:
        parts += ["", *_block(block)]
    if document.foot:
        parts += ["", *(_Hanging(_text(line)) for line in document.foot)]
    return Group(*parts)


def _block(block: Block) -> Iterator[RenderableType]:
    if isinstance(block, Paragraph):
        yield from (_Hanging(_text(line)) for line in block.lines)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Section):
        yield from _section(block)
    elif isinstance(block, Chart):
        yield _Hanging(_shown(block.title, _BOLD))
        yield _Tight(_chart(block))
    else:
        yield _button(block)


@dataclass(frozen=True, slots=True)
class _Hanging:
    """Text behind `first`. Wrapped lines are indented as far as the text, and `hang` cells more."""

    text: Shown
    first: str = ""
    hang: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        margin = " " * (len(self.first) + self.hang)
        width = max(1, options.max_width - len(margin))
        places = [] if options.no_wrap else breaks(self.text.plain, width)
        before = self.first
        for line in self.text.divide(places):
            line.rstrip()
            yield Shown.assemble(before, line, no_wrap=True, overflow="ignore")
            before = margin


@dataclass(frozen=True, slots=True)
class _Tight:
    """A table without the empty lines that rich draws above and below it."""

    table: Fitted

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self.table, options, pad=False)
        for line in lines:
            is_edge = line in (lines[0], lines[-1])
            is_empty = not "".join(segment.text for segment in line).strip()
            if not (is_edge and is_empty):
                yield from (*line, Segment.line())


def _shown(words: object, style: Style = Style()) -> Shown:  # noqa: B008  a style never changes
    return Shown(visible(words), style)


def _text(spans: Iterable[Span]) -> Shown:
    return Shown().join(_shown(span.text, _style(span)) for span in spans)


def _style(span: Span) -> Style:
    link = web_link(span.link)
    link_color = "cyan" if link else None
    color = _COLORS.get(span.tone) if span.tone else link_color
    is_faint = span.tone == Tone.FAINT
    return Style(bold=span.bold or None, dim=is_faint or None, color=color, link=link)


def _more(more: int, what: str, first: str, hang: int = 0) -> Iterator[RenderableType]:
    """The line that counts what is omitted."""
    if more:
        yield _Hanging(_shown(more_words(more, what), _DIM), first, hang)


def _section(block: Section) -> Iterator[RenderableType]:
    count = _shown(f" ({len(block.items) + block.more:,})", _DIM)
    yield _Hanging(_shown(block.title, _BOLD) + count)
    for item in block.items:
        yield from _item(item)
    yield from _more(block.more, block.what, "  ")


def _item(item: Item) -> Iterator[RenderableType]:
    yield _Hanging(_text(item.head), "  • ")
    for line in item.lines:
        yield _Hanging(_text(line), "      ", 2)
    yield from _more(item.more, item.what, "      ", 2)


def _table(block: Table) -> Iterator[RenderableType]:
    if block.title:
        yield _Hanging(_shown(block.title, _BOLD))
    name, *numbers = block.columns
    columns = [
        Column(visible(name), Role.IDENTITY, floor=_NAME),
        *(
            Column(visible(title), spare=_spare(place, block.rows))
            for place, title in enumerate(numbers, 1)
        ),
    ]
    yield _Tight(Fitted(columns, [list(map(_text, row)) for row in block.rows]))
    yield from _more(block.more, block.what, " ")


def _spare(place: int, rows: Iterable[tuple[Text, ...]]) -> int:
    """The first number stays; of the others the widest is omitted first, for the most room."""
    if place == 1:
        return 0
    return max((_text(row[place]).cell_len for row in rows), default=0) + 1


def _chart(block: Chart) -> Fitted:
    """A row for each label: a number with its bar, and the line's value with its bar."""
    most = max(block.bars, default=0)
    highest = max(filter(None, block.line), default=0)
    rows: list[list[Shown | str]] = [
        [
            _shown(label),
            f"{bar:,}",
            _bar(bar, most, _BAR, "blue"),
            percent(share),
            _bar(share or 0, highest, _LINE, "red"),
        ]
        for label, bar, share in zip(block.labels, block.bars, block.line, strict=True)
    ]
    columns = [
        Column("", Role.IDENTITY),
        Column(visible(block.bar_name)),
        Column("", Role.BAR),
        Column(visible(block.line_name)),
        Column("", Role.BAR),
    ]
    return Fitted(columns, rows)


def _bar(value: float, most: float, cells: int, color: str) -> Shown:
    """A bar in steps of an eighth of a cell; only 0 has no bar."""
    eighths = max(1, round(value / most * cells * 8)) if value else 0
    full, part = divmod(eighths, 8)
    return Shown("█" * full + _EIGHTHS[part].strip(), color)


def _button(block: Button) -> RenderableType:
    """The link with its address, for terminals that have no links."""
    link = web_link(block.link)
    if not link:
        return _Hanging(_shown(block.text))
    style = Style(color="cyan", underline=True, link=link)
    return _Hanging(_shown(f"{block.text}: ", _BOLD) + Shown(link, style))

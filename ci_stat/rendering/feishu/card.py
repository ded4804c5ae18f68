"""A document as a Feishu card of schema 2.0: tables, folded parts, a chart."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from ci_stat.escape import visible
from ci_stat.rendering.document import (
    Block,
    Button,
    Chart,
    Document,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    Tone,
    more_words,
)
from ci_stat.rendering.feishu.markup import markup, pieces, section_lines, text_markup

Card = dict[str, Any]
COLORS = {
    Tone.GOOD: "green",
    Tone.BAD: "red",
    Tone.WARN: "orange",
    Tone.PLAIN: "blue",
    Tone.FAINT: "grey",
}
_TITLE = 200  # characters
_PAGE = 10  # rows that a table shows at once; the limit


def card_v2(document: Document) -> Card:
    """The card. Equal documents give equal cards."""
    elements = list(chain.from_iterable(map(_elements, document.blocks)))
    if document.foot:
        elements += _foot(document.foot)
    return {
        "schema": "2.0",
        "config": {
            "update_multi": True,
            "width_mode": "fill",
            "summary": {"content": visible(document.summary, _TITLE)},
        },
        "header": {
            "title": plain_text(document.title),
            "subtitle": plain_text(document.subtitle),
            "template": COLORS[document.tone],
        },
        "body": {"elements": elements},
    }


def _foot(lines: tuple[Text, ...]) -> Iterator[Card]:
    yield {"tag": "hr"}
    for piece in pieces(text_markup(lines)):
        yield _markdown(piece, "notation")


def with_short_header(document: Document) -> Document:
    """The document with title and subtitle cut as on the card."""
    title, subtitle = visible(document.title, _TITLE), visible(document.subtitle, _TITLE)
    return replace(document, title=title, subtitle=subtitle)


def plain_text(words: str, most: int = _TITLE) -> Card:
    """Text without markup."""
    return {"tag": "plain_text", "content": visible(words, most)}


def _markdown(content: str, size: str = "normal") -> Card:
    return {"tag": "markdown", "content": content, "text_size": size}


def _elements(block: Block) -> Iterator[Card]:
    if isinstance(block, Paragraph):
        yield from map(_markdown, pieces(text_markup(block.lines)))
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Section):
        yield from _section(block)
    elif isinstance(block, Chart):
        yield from _chart(block)
    else:
        yield _button(block)


def _heading(title: str) -> str:
    return markup((Span(title, bold=True),))


def _table(block: Table) -> Iterator[Card]:
    if block.title:
        yield _markdown(_heading(block.title))
    if block.rows:
        yield {
            "tag": "table",
            "page_size": _PAGE,
            "row_height": "low",
            "header_style": {"background_style": "grey", "bold": True, "text_align": "left"},
            "columns": [_column(number, title) for number, title in enumerate(block.columns)],
            "rows": list(map(_row, block.rows)),
        }
    if block.more:
        yield _markdown(markup((Span(more_words(block.more, block.what), Tone.FAINT),)))


def _row(cells: tuple[Text, ...]) -> Card:
    return {f"c{number}": markup(cell) for number, cell in enumerate(cells)}


def _column(number: int, title: str) -> Card:
    return {
        "name": f"c{number}",
        "display_name": visible(title, 60),
        "data_type": "lark_md",
        "width": "auto",
        "horizontal_align": "right" if number else "left",
    }


def _section(block: Section) -> Iterator[Card]:
    count = len(block.items) + block.more
    title = f"{_heading(block.title)}{markup((Span(f' ({count:,})', Tone.FAINT),))}"
    if not block.folded:
        yield from map(_markdown, pieces([title, *section_lines(block)]))
        return
    yield {
        "tag": "collapsible_panel",
        "expanded": False,
        "header": {"title": {"tag": "markdown", "content": title}},
        "elements": [_markdown(piece) for piece in pieces(section_lines(block))],
    }


def _chart(block: Chart) -> Iterator[Card]:
    """Two series over one axis of labels, each with its own scale, in the format of VChart."""
    bars = [
        {"x": label, "y": bar, "name": block.bar_name}
        for label, bar in zip(block.labels, block.bars, strict=True)
    ]
    # A day without finished runs has no rate: a gap in the line.
    line = [
        {"x": label, "y": round(share * 100, 1), "name": f"{block.line_name} (%)"}
        for label, share in zip(block.labels, block.line, strict=True)
        if share is not None
    ]
    yield _markdown(_heading(block.title))
    yield {
        "tag": "chart",
        "aspect_ratio": "16:9",
        "color_theme": "brand",
        "preview": True,
        "chart_spec": {
            "type": "common",
            "data": [{"id": "bars", "values": bars}, {"id": "line", "values": line}],
            "series": [_series("bar", "bars"), _series("line", "line")],
            "axes": [
                {"orient": "left", "seriesIndex": [0]},
                {"orient": "right", "seriesIndex": [1], "grid": {"visible": False}},
                {"orient": "bottom", "type": "band"},
            ],
            "legends": {"visible": True, "orient": "bottom"},
        },
    }


def _series(kind: str, data: str) -> Card:
    return {"type": kind, "dataId": data, "xField": "x", "yField": "y", "seriesField": "name"}


def _button(block: Button) -> Card:
    return {
        "tag": "button",
        "type": "primary",
        "text": plain_text(block.text, 100),
        "behaviors": [{"type": "open_url", "default_url": block.link}],
    }

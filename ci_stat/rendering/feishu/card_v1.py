"""A document as a Feishu card of schema 1.0, for servers that refuse 2.0: texts and a button."""

from collections.abc import Iterator
from itertools import chain

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
    plain,
)
from ci_stat.rendering.feishu.card import COLORS, Card, plain_text
from ci_stat.rendering.feishu.markup import markup, pieces, section_lines, text_markup
from ci_stat.rendering.plain import chart_lines, table_lines


def card_v1(document: Document) -> Card:
    """The card. Its header has no subtitle, so this is the first line."""
    subtitle = {"tag": "markdown", "content": markup((Span(document.subtitle, Tone.FAINT),))}
    elements = [subtitle, *chain.from_iterable(map(_elements, document.blocks))]
    if document.foot:
        note = {"tag": "note", "elements": list(map(_note, document.foot))}
        elements += [{"tag": "hr"}, note]
    return {
        "config": {"wide_screen_mode": True, "update_multi": True},
        "header": {"title": plain_text(document.title), "template": COLORS[document.tone]},
        "elements": elements,
    }


def _note(line: Text) -> Card:
    return {"tag": "plain_text", "content": visible(plain(line))}


def _elements(block: Block) -> Iterator[Card]:
    if isinstance(block, Button):
        yield {"tag": "action", "actions": [_button(block)]}
        return
    for piece in pieces(_lines(block)):
        yield {"tag": "markdown", "content": piece}


def _button(block: Button) -> Card:
    return {
        "tag": "button",
        "type": "primary",
        "text": plain_text(block.text, 100),
        "url": block.link,
    }


def _lines(block: Paragraph | Table | Section | Chart) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from text_markup(block.lines)
        return
    if block.title:
        yield markup((Span(block.title, bold=True),))
    if isinstance(block, Section):
        yield from section_lines(block)
    elif isinstance(block, Table):
        yield from text_markup(table_lines(block))
    else:
        yield from text_markup(chart_lines(block))

"""A document as an HTML page: in the style of the chat's card, or of a mail.

The page has no script and loads nothing, and its policy forbids both. The templates escape every
text, and each link is an http(s) URL. Mail programs drop style sheets, so the elements of a mail
have style attributes; those of a page have classes.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from markupsafe import Markup

from ci_stat.escape import visible
from ci_stat.html_templates import shown, templates
from ci_stat.rendering.chart import chart_svg
from ci_stat.rendering.chart_words import chart_table, chart_words
from ci_stat.rendering.document import Block, Chart, Document, Text, more_words, plain
from ci_stat.rendering.html_style import BANDS, inline_styles, style_sheet

Mark = Callable[[str], Markup]

_LONG = 24  # characters of a word that can break
# Long names, and dates, which browsers break at each "-".
_BREAKS = re.compile(rf"[^\s&]{{{_LONG},}}|\b\d+(?:-\d+)+\b")
_SEPARATOR = re.compile(r"([/_]|[.:-](?!\d))(?=\w)")
_RIGHT_TO_LEFT = ("R", "AL", "AN")
_ONE_LINE = 12  # characters


def page(document: Document, *, style: Literal["card", "mail"], chart: str | None = None) -> str:
    """The page as HTML.

    `chart`: content id, without `<>`, of the picture of a mail's first chart. The other charts of a
    mail are tables.
    """
    if style == "card":
        return _render("card.html", document, document.blocks, _classes, _card_values())
    values = {
        "picture": chart,
        "chart_words": chart_words,
        "band": BANDS[document.tone],
        "band_style": Markup(inline_styles()["band"]),  # noqa: S704 - our own
    }
    return _render("mail.html", document, _mail_blocks(document, chart), _styles, values)


def is_drawn(block: Block) -> bool:
    """Whether a mail can have a picture of the block."""
    return isinstance(block, Chart) and bool(block.labels)


def _render(
    template: str,
    document: Document,
    blocks: tuple[Block, ...],
    mark: Mark,
    values: dict[str, Any],
) -> str:
    page_template = templates("ci_stat.rendering").get_template(template)
    html = page_template.render(
        values,
        document=document,
        blocks=[(type(block).__name__, block) for block in blocks],
        mark=mark,
        words=partial(_words, mark),
        more_words=more_words,
        number_kind=_number_kind,
    )
    return f"{html}\n"


def _card_values() -> dict[str, Any]:
    style = style_sheet()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "style_sheet": Markup(style),  # noqa: S704 - our own
        "style_digest": digest,
        "drawing": _drawing,
    }


def _drawing(chart: Chart) -> Markup:
    return Markup(chart_svg(chart))  # noqa: S704 - its template escapes all texts


def _mail_blocks(document: Document, picture: str | None) -> tuple[Block, ...]:
    """The blocks, with tables in place of all charts except the one that has a picture."""
    drawn = next(filter(is_drawn, document.blocks), None) if picture else None
    return tuple(
        chart_table(block) if isinstance(block, Chart) and block is not drawn else block
        for block in document.blocks
    )


def _classes(kind: str) -> Markup:
    """The `class` attribute of an element of a page."""
    return Markup(' class="{}"').format(kind)


def _styles(kind: str) -> Markup:
    """The `style` attribute of an element of a mail."""
    styles = inline_styles()
    style = ";".join(styles[name] for name in kind.split() if name in styles)
    return Markup(f' style="{style}"' if style else "")  # noqa: S704 - our own


def _number_kind(cell: Text) -> str:
    """The kind of a cell behind the first: a short one is not wrapped."""
    return "cell number" if len(plain(cell)) <= _ONE_LINE else "cell number long"


def _words(mark: Mark, words: str) -> Markup:
    """`words` escaped. Text in a right-to-left script does not reverse the text next to it."""
    escaped = _BREAKS.sub(partial(_whole_word, mark), shown(words))
    directions = map(unicodedata.bidirectional, visible(words))
    has_right_to_left = any(direction in _RIGHT_TO_LEFT for direction in directions)
    isolated = f"<bdi>{escaped}</bdi>" if has_right_to_left else escaped
    return Markup(isolated)  # noqa: S704 - escaped above


def _whole_word(mark: Mark, match: re.Match[str]) -> str:
    """A long name can break at its separators; a date cannot break."""
    word = match[0]
    if len(word) >= _LONG:
        return _SEPARATOR.sub(r"\1<wbr>", word)
    return f"<span{mark('fixed')}>{word}</span>"

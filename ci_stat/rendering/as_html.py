"""A document as a whole HTML page: as a chat shows the card, or as a mail.

No script, nothing from elsewhere, and a policy in the page that forbids both. Every text is escaped, and a link is one
to http(s). Mail programs drop style sheets, so there each element carries its own style; a page has classes.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Literal

from ci_stat.escape import html_text, visible, web_link
from ci_stat.rendering.chart import chart_svg, chart_table, chart_words
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
    plain,
)
from ci_stat.rendering.html_style import BANDS, INLINE, STYLE

_REL = 'rel="noopener noreferrer nofollow"'
_LONG = 24  # characters of a word that may be broken
_BREAKS = re.compile(
    rf"[^\s&]{{{_LONG},}}|\b\d+(?:-\d+)+\b"
)  # long names, and dates, which browsers break at each -
_SIGN = re.compile(r"([/_]|[.:-](?!\d))(?=\w)")
_ONE_LINE = 12  # characters


def page(document: Document, *, looks: Literal["card", "mail"], chart: str | None = None) -> str:
    """`chart`: for a mail, the content id (without `<>`) of the picture of the document's first chart.

    A chart of a mail that has no picture is a table.
    """
    return (_Card() if looks == "card" else _Mail(chart)).page(document)


def is_drawn(block: Block) -> bool:
    """Whether a mail may have a picture of it."""
    return isinstance(block, Chart) and bool(block.labels)


class _Card:
    """The page that looks like the card in the chat."""

    policy = "default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'"
    scheme = "light dark"

    def page(self, document: Document) -> str:
        body = "\n".join(self.blocks(document))
        main = (
            f"<main{self.mark('card')}>\n<header{self.band(document.tone)}>{self.titles(document)}</header>\n"
            f"<div{self.mark('body')}>\n{body}\n</div>\n{self.foot(document.foot)}</main>"
        )
        return self.whole(document, f"<style>{STYLE}</style>\n", f"<body>\n{main}\n</body>")

    def whole(self, document: Document, style: str, body: str) -> str:
        """The document type and the head around a body."""
        digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
        policy = self.policy.format(f"sha256-{digest}")
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n'
            f'<meta name="color-scheme" content="{self.scheme}">\n'
            f'<meta name="description" content="{html_text(document.summary)}">\n'
            f"<title>{html_text(document.title)}</title>\n{style}</head>\n{body}\n</html>\n"
        )

    def mark(self, kind: str) -> str:
        """The attribute that gives an element its look."""
        return f' class="{kind}"'

    def band(self, tone: Tone) -> str:
        return self.mark(f"band band-{tone or 'plain'}")

    def titles(self, document: Document) -> str:
        under = (
            f"<p{self.mark('under')}>{self.words(document.subtitle)}</p>"
            if document.subtitle
            else ""
        )
        return f"<h1{self.mark('title')}>{self.words(document.title)}</h1>{under}"

    def foot(self, lines: Iterable[Text]) -> str:
        shown = "".join(f"<p{self.mark('note')}>{self.text(line)}</p>\n" for line in lines)
        return f"<footer{self.mark('foot')}>\n{shown}</footer>\n" if shown else ""

    # --- blocks ---

    def blocks(self, document: Document) -> Iterator[str]:
        for block in document.blocks:
            yield "\n".join(self.block(block))

    def block(self, block: Block) -> Iterator[str]:
        if isinstance(block, Paragraph):
            yield from (f"<p{self.mark('words')}>{self.text(line)}</p>" for line in block.lines)
        elif isinstance(block, Table):
            yield from self.table(block)
        elif isinstance(block, Section):
            yield from self.section(block)
        elif isinstance(block, Chart):
            yield from self.chart(block)
        else:
            yield self.button(block)

    def heading(self, title: str, count: str = "") -> str:
        return f"<h2{self.mark('heading')}>{self.words(title)}{count}</h2>"

    def table(self, block: Table) -> Iterator[str]:
        if block.title:
            yield self.heading(block.title)
        yield f"<div{self.mark('wide')}{self.movable(block.title)}><table{self.mark('table')}>"
        yield f"<thead><tr>{''.join(map(self.column, range(len(block.columns)), block.columns))}</tr></thead>\n<tbody>"
        yield from map(self.row, block.rows)
        yield f"</tbody></table></div>{self.more(block.more, block.what)}"

    def movable(self, title: str) -> str:
        """A table that is too wide is moved by itself, with the keyboard too."""
        return f' role="region" aria-label="{html_text(title or "Numbers")}" tabindex="0"'

    def column(self, place: int, title: str) -> str:
        kind = self.mark("column number" if place else "column")
        return f'<th scope="col"{kind}>{self.words(title)}</th>' if title else f"<td{kind}></td>"

    def row(self, cells: tuple[Text, ...]) -> str:
        first = f'<th scope="row"{self.mark("cell")}>{self.text(cells[0])}</th>'
        rest = "".join(
            f"<td{self.mark(_number(cell))}>{self.text(cell)}</td>" for cell in cells[1:]
        )
        return f"<tr>{first}{rest}</tr>"

    def more(self, more: int, what: str) -> str:
        return f"<p{self.mark('more')}>{self.words(more_words(more, what))}</p>" if more else ""

    def section(self, block: Section) -> Iterator[str]:
        heading = self.heading(block.title, self.count(block))
        yield f"<details{'' if block.folded else ' open'}><summary>{heading}</summary>"
        yield from self.items(block)
        yield "</details>"

    def count(self, block: Section) -> str:
        return f"<span{self.mark('count')}> ({len(block.items) + block.more:,})</span>"

    def items(self, block: Section) -> Iterator[str]:
        if block.items:
            yield f"<ul{self.mark('items')}>\n" + "\n".join(map(self.item, block.items)) + "\n</ul>"
        yield self.more(block.more, block.what)

    def item(self, item: Item) -> str:
        lines = [self.text(line) for line in item.lines]
        if item.more:
            lines.append(
                f"<span{self.mark('faint')}>{self.words(more_words(item.more, item.what))}</span>"
            )
        below = "".join(f"<div{self.mark('line')}>{line}</div>" for line in lines)
        return f"<li{self.mark('item')}>{self.text(item.head)}{below}</li>"

    def chart(self, block: Chart) -> Iterator[str]:
        yield self.heading(block.title)
        yield f"<figure{self.mark('chart')}>{chart_svg(block)}</figure>"

    def button(self, block: Button) -> str:
        """Without a link it would do nothing, so it is text then."""
        link = web_link(block.link)
        inside = (
            f'<a{self.mark("button")} href="{html_text(link)}" {_REL}>{self.words(block.text)}</a>'
            if link
            else ""
        )
        return f"<p{self.mark('words')}>{inside or self.words(block.text)}</p>"

    # --- words ---

    def words(self, words: str) -> str:
        """Escaped; what is written from right to left turns nothing around it."""
        shown = _BREAKS.sub(self.whole_word, html_text(words))
        turned = any(
            unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in visible(words)
        )
        return f"<bdi>{shown}</bdi>" if turned else shown

    def whole_word(self, match: re.Match[str]) -> str:
        """A long name may be broken at its signs, a date may not."""
        word = match[0]
        return (
            _SIGN.sub(r"\1<wbr>", word)
            if len(word) >= _LONG
            else f"<span{self.mark('fixed')}>{word}</span>"
        )

    def text(self, spans: Iterable[Span]) -> str:
        return "".join(map(self.span, spans))

    def span(self, span: Span) -> str:
        shown, link = self.words(span.text), web_link(span.link)
        if link:
            shown = f'<a{self.mark("link")} href="{html_text(link)}" {_REL}>{shown}</a>'
        elif span.tone:
            shown = f"<span{self.mark(span.tone)}>{shown}</span>"
        return f"<strong{self.mark('strong')}>{shown}</strong>" if span.bold else shown


class _Mail(_Card):
    """The page for mail programs: nothing is folded, tables hold it together."""

    policy = "default-src 'none'; style-src-attr 'unsafe-inline'; img-src cid: data:; base-uri 'none'; form-action 'none'"
    scheme = "light"

    def __init__(self, picture: str | None) -> None:
        self.picture = picture

    def page(self, document: Document) -> str:
        rows = (
            f"<td{self.band(document.tone)}>{self.titles(document)}</td>",
            f"<td{self.mark('body')}>\n" + "\n".join(self.blocks(document)) + "\n</td>",
            f"<td{self.mark('foot')}>\n{self.foot(document.foot)}</td>" if document.foot else "",
        )
        inner = "\n".join(f"<tr>{row}</tr>" for row in rows if row)
        # The first text of a mail is what the list of mails shows beside the subject.
        body = (
            f"<body{self.mark('page')}>\n<div{self.mark('preview')}>{html_text(document.summary)}</div>\n"
            f'<table role="presentation" width="100%"{self.mark("outer")}>\n'
            f'<tr><td align="center"{self.mark("around")}>\n'
            f'<table role="presentation" width="720"{self.mark("card")}>\n{inner}\n</table>\n'
            "</td></tr></table>\n</body>"
        )
        return self.whole(document, "", body)

    def mark(self, kind: str) -> str:
        style = ";".join(INLINE[each] for each in kind.split() if each in INLINE)
        return f' style="{style}"' if style else ""

    def band(self, tone: Tone) -> str:
        return f' bgcolor="{BANDS[tone]}" style="background:{BANDS[tone]};{INLINE["band"]}"'

    def movable(self, title: str) -> str:  # noqa: ARG002  mail programs take these attributes off
        return ""

    def foot(self, lines: Iterable[Text]) -> str:
        return "".join(f"<p{self.mark('note')}>{self.text(line)}</p>\n" for line in lines)

    def section(self, block: Section) -> Iterator[str]:
        yield self.heading(block.title, self.count(block))
        yield from self.items(block)

    def blocks(self, document: Document) -> Iterator[str]:
        first = next(
            (place for place, block in enumerate(document.blocks) if is_drawn(block)), None
        )
        for place, block in enumerate(document.blocks):
            drawn = self.picture is not None and place == first
            yield "\n".join(
                self.block(chart_table(block) if isinstance(block, Chart) and not drawn else block)
            )

    def chart(self, block: Chart) -> Iterator[str]:
        yield self.heading(block.title)
        words = html_text(chart_words(block), 20_000)  # programs that show no pictures show this
        yield f'<img src="cid:{html_text(self.picture)}" alt="{words}" width="676"{self.mark("chart")}>'

    def button(self, block: Button) -> str:
        link = web_link(block.link)
        if not link:
            return super().button(block)
        anchor = (
            f'<a{self.mark("button")} href="{html_text(link)}" {_REL}>{self.words(block.text)}</a>'
        )
        inside = f'<td bgcolor="#245bdb"{self.mark("round")}>{anchor}</td>'
        return f'<table role="presentation" cellspacing="0"{self.mark("press")}><tr>{inside}</tr></table>'


def _number(cell: Text) -> str:
    """A cell behind the first: a number stays on its line, words may wrap."""
    return "cell number" if len(plain(cell)) <= _ONE_LINE else "cell number long"

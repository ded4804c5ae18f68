"""Spans and sections in Feishu's card markup, in pieces that its client shows whole."""

from collections.abc import Iterable, Iterator

from ci_stat.escape import lark_text
from ci_stat.rendering.document import Item, Section, Span, Text, Tone, more_words
from ci_stat.rendering.plain import joined

PIECE = 3_500  # characters; clients silently drop the text of an element beyond about 5,000
_COLORS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.WARN: "orange", Tone.FAINT: "grey"}
_IN_LINK = str.maketrans(
    {character: f"%{ord(character):02X}" for character in "()[]<>\"'\\`*{}|$^"}
)
_INDENT = "　"  # an ideographic space: the client strips others from the begin of a line


def link_address(url: str) -> str:
    """A URL for the parentheses of `[text](...)`."""
    return url.translate(_IN_LINK)


def text_markup(lines: Iterable[Text]) -> list[str]:
    """Each line as markup."""
    return list(map(markup, lines))


def markup(spans: Iterable[Span]) -> str:
    """Spans as `markdown` or `lark_md`."""
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    words = span.text.strip()
    if not words:
        return lark_text(span.text)
    # Spaces stay outside: `** text**` is not bold.
    before, _, after = span.text.partition(words)
    shown = lark_text(words)
    if span.link:
        shown = f"[{shown}]({link_address(span.link)})"
    elif span.tone in _COLORS:
        shown = f"<font color='{_COLORS[span.tone]}'>{shown}</font>"
    if span.bold:
        shown = f"**{shown}**"
    return f"{before}{shown}{after}"


def section_lines(section: Section) -> Iterator[str]:
    """The entries of a section and the lines below them, each as a line of markup."""
    for item in section.items:
        yield from _item_lines(item)
    if section.more:
        yield _more(section.more, section.what)


def _item_lines(item: Item) -> Iterator[str]:
    yield f"• {markup(item.head)}"
    for line in item.lines:
        yield f"{_INDENT}{markup(line)}"
    if item.more:
        yield f"{_INDENT}{_more(item.more, item.what)}"


def _more(more: int, what: str) -> str:
    """The line that counts what is omitted."""
    return markup((Span(more_words(more, what), Tone.FAINT),))


def pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined to texts of at most `PIECE` characters. A longer line is not broken."""
    return joined(lines, PIECE)

"""Spans and sections in Feishu's card markup, in pieces that the client shows whole."""

from collections.abc import Iterable, Iterator

from ci_stat.escape import lark_text
from ci_stat.rendering.document import Item, Section, Span, Text, Tone, more_words

PIECE = (
    3_500  # characters; clients drop what a text element holds beyond about 5,000, without a word
)
_COLORS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.WARN: "orange", Tone.FAINT: "grey"}
_IN_LINK = {"(": "%28", ")": "%29", "[": "%5B", "]": "%5D", "<": "%3C", ">": "%3E", '"': "%22", "'": "%27", "\\": "%5C",
            "`": "%60", "*": "%2A", "{": "%7B", "}": "%7D", "|": "%7C", "$": "%24", "^": "%5E"}  # fmt: skip


def link_address(url: str) -> str:
    """A link as it may stand in `[text](...)`."""
    return "".join(_IN_LINK.get(sign, sign) for sign in url)


def markup(spans: Iterable[Span]) -> str:
    """Spans as `markdown` or `lark_md`."""
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    if not span.text.strip():
        return lark_text(span.text)
    # Blanks outside: `** text**` is no bold text.
    words = span.text.strip()
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
    """Its entries with the lines below them, one markup line each."""
    for item in section.items:
        yield from _item_lines(item)
    if section.more:
        yield markup((Span(more_words(section.more, section.what), Tone.FAINT),))


def _item_lines(item: Item) -> Iterator[str]:
    yield f"• {markup(item.head)}"
    for each in item.lines:
        yield f"　{markup(each)}"  # an ideographic space: others are taken off a line's beginning
    if item.more:
        yield f"　{markup((Span(more_words(item.more, item.what), Tone.FAINT),))}"


def pieces(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined to texts of at most `PIECE` characters; a line is never broken."""
    held: list[str] = []
    size = 0
    for line in lines:
        if held and size + len(line) + 1 > PIECE:
            yield "\n".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    if held:
        yield "\n".join(held)


def text_markup(lines: Iterable[Text]) -> list[str]:
    return [markup(line) for line in lines]

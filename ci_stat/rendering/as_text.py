"""A document as plain text: the text part of a mail.

Links follow their words. Tables have no links, because these would break their rows.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rich.cells import cell_len

from ci_stat.escape import visible, web_link
from ci_stat.rendering.chart_words import chart_table
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
    more_words,
    plain,
)
from ci_stat.rendering.plain import table_lines

_GAP = "  "  # between two columns
_WORD = re.compile(r"[^ ]+ *| +")
_SOFT = frozenset("/_-.,:;=&?)]}@#|")  # characters behind which a long word can break


def as_text(document: Document, width: int = 78) -> str:
    """Lines of at most `width` terminal cells. Longer words and links are not broken."""
    parts = [
        [*_heading(document.title, "=", width), *_wrapped(visible(document.subtitle), width)],
        *(list(_block(block, width)) for block in document.blocks),
        list(_foot(document, width)),
    ]
    texts = ("\n".join(line.rstrip() for line in part) for part in parts if part)
    return "\n\n".join(texts) + "\n"


def _foot(document: Document, width: int) -> Iterator[str]:
    if document.foot:
        yield "--"
        yield from _paragraph(document.foot, width)


def _block(block: Block, width: int) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield from _paragraph(block.lines, width)
    elif isinstance(block, Section):
        yield from _section(block, width)
    elif isinstance(block, Button):
        link = web_link(block.link)
        yield f"{visible(block.text)}: {link}" if link else visible(block.text)
    else:
        yield from _table(chart_table(block) if isinstance(block, Chart) else block, width)


def _heading(title: str, underline: str, width: int) -> list[str]:
    lines = list(_wrapped(visible(title), width))
    longest = max(map(cell_len, lines), default=0)
    return [*lines, underline * min(width, longest)]


def _paragraph(lines: Iterable[Iterable[Span]], width: int) -> Iterator[str]:
    for line in lines:
        yield from _wrapped(_words(line), width)


def _words(spans: Iterable[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    link = web_link(span.link)
    if not link:
        return visible(span.text)
    address = link.replace("<", "%3C").replace(">", "%3E")
    return f"{visible(span.text)} <{address}>"


def _section(block: Section, width: int) -> Iterator[str]:
    count = len(block.items) + block.more
    yield from _heading(f"{block.title} ({count:,})", "-", width)
    for item in block.items:
        yield from _item(item, width)
    yield from _more(block.more, block.what)


def _item(item: Item, width: int) -> Iterator[str]:
    yield from _wrapped(_words(item.head), width, "* ", "  ")
    for line in item.lines:
        yield from _wrapped(_words(line), width, "  - ", "    ")
    yield from _more(item.more, item.what, "    ")


def _more(more: int, what: str, indent: str = "") -> Iterator[str]:
    """The line that counts what is omitted."""
    if more:
        yield f"{indent}{more_words(more, visible(what))}"


def _table(block: Table, width: int) -> Iterator[str]:
    """Aligned columns; a list of rows if these are too wide."""
    if block.title:
        yield from _heading(block.title, "-", width)
    rows = [block.columns, *(tuple(map(plain, row)) for row in block.rows)]
    lines = list(_aligned([tuple(map(visible, row)) for row in rows]))
    if max(map(cell_len, lines)) <= width:
        yield from lines
        yield from _more(block.more, block.what)
        return
    for row in table_lines(block):
        yield from _wrapped("".join(visible(span.text) for span in row), width, "* ", "  ")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, numbers to the right; a wide character has two cells."""
    columns = zip(*rows, strict=True)
    widths = [max(map(cell_len, column)) for column in columns]
    for row in rows:
        pads = [" " * (width - cell_len(cell)) for width, cell in zip(widths, row, strict=True)]
        numbers = (f"{pad}{cell}" for pad, cell in zip(pads[1:], row[1:], strict=True))
        yield _GAP.join([f"{row[0]}{pads[0]}", *numbers])


def _wrapped(words: str, width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Lines of visible words, behind `first` and then behind `rest`, which has the same width."""
    places = breaks(words, width - len(first), whole=True)
    for begin, end in pairwise([0, *places, len(words)]):
        yield f"{rest if begin else first}{words[begin:end].rstrip(' ')}"


def breaks(words: str, width: int, whole: bool = False) -> list[int]:
    """The places in `words` at which the second line begins, the third, ...

    `width`: of a line, in cells. A longer word breaks too, behind a separator if it has one and
    never inside a number; with `whole` it does not.
    """
    places: list[int] = []
    used = 0
    for match in _WORD.finditer(words):
        word, begin = match[0], match.start()
        if used and used + _visible_len(word) > width:
            places.append(begin)
            used = 0
        while not whole and _visible_len(word) > width:
            fits = _fitting(word, width)
            word, begin = word[fits:], begin + fits
            places.append(begin)
        used += cell_len(word)
    return places


def _visible_len(word: str) -> int:
    """Cells of the word without the spaces at its end."""
    return cell_len(word.rstrip(" "))


def _fitting(word: str, width: int) -> int:
    """How many characters of a word that is wider than `width` stay on the line: at least one."""
    fits = 1
    while cell_len(word[: fits + 1]) <= width:
        fits += 1

    second_half = range(max(1, fits // 2), fits + 1)
    places = [end for end in second_half if not _tears(word, end)]
    slashes = [end for end in places if word[end - 1] == "/"]
    separators = [end for end in places if word[end - 1] in _SOFT]
    best = slashes or separators or places
    return max(best, default=fits)


def _tears(word: str, place: int) -> bool:
    """Whether a break at this place tears a number, or a character from one that joins it."""
    before, after = word[place - 1], word[place]
    in_number = after.isdigit() and (before.isdigit() or before in ".,+-")
    is_joined = cell_len(after) == 0 or before == "\u200d"
    return in_number or is_joined

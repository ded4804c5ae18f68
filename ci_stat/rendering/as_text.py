"""A document as plain text: the text part of a mail, and what a log keeps of a report.

Links stand behind what they belong to, but for tables, whose rows would be torn apart by them.
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

_GAP = 2  # cells between two columns
_WORD = re.compile(r"[^ ]+ *| +")
_SOFT = frozenset("/_-.,:;=&?)]}@#|")  # signs behind which a long word may be broken


def as_text(document: Document, width: int = 78) -> str:
    """Lines of at most `width` terminal cells, but for words and links that are longer: these stay whole."""
    parts = [
        [*_heading(document.title, "=", width), *_wrapped(visible(document.subtitle), width)],
        *(list(_block(block, width)) for block in document.blocks),
    ]
    if document.foot:
        parts.append(
            ["--", *(line for each in document.foot for line in _wrapped(_words(each), width))]
        )
    return "\n\n".join("\n".join(line.rstrip() for line in part) for part in parts if part) + "\n"


def _block(block: Block, width: int) -> Iterator[str]:
    if isinstance(block, Paragraph):
        for each in block.lines:
            yield from _wrapped(_words(each), width)
    elif isinstance(block, Section):
        yield from _section(block, width)
    elif isinstance(block, Button):
        link = web_link(block.link)
        yield f"{visible(block.text)}: {link}" if link else visible(block.text)
    else:
        yield from _table(chart_table(block) if isinstance(block, Chart) else block, width)


def _heading(title: str, sign: str, width: int) -> list[str]:
    lines = list(_wrapped(visible(title), width))
    return [*lines, sign * min(width, max(map(cell_len, lines), default=0))]


def _words(spans: Iterable[Span]) -> str:
    return "".join(map(_span, spans))


def _span(span: Span) -> str:
    link = web_link(span.link)
    if not link:
        return visible(span.text)
    return f"{visible(span.text)} <{link.replace('<', '%3C').replace('>', '%3E')}>"


def _section(block: Section, width: int) -> Iterator[str]:
    yield from _heading(f"{block.title} ({len(block.items) + block.more:,})", "-", width)
    for item in block.items:
        yield from _item(item, width)
    if block.more:
        yield more_words(block.more, visible(block.what))


def _item(item: Item, width: int) -> Iterator[str]:
    yield from _wrapped(_words(item.head), width, "* ", "  ")
    for each in item.lines:
        yield from _wrapped(_words(each), width, "  - ", "    ")
    if item.more:
        yield f"    {more_words(item.more, visible(item.what))}"


def _table(block: Table, width: int) -> Iterator[str]:
    """Aligned columns, or a line for each row where they are too wide."""
    if block.title:
        yield from _heading(block.title, "-", width)
    rows = [block.columns, *(tuple(map(plain, row)) for row in block.rows)]
    lines = list(_aligned([tuple(map(visible, row)) for row in rows]))
    if max(map(cell_len, lines)) > width:
        rows_in_words = ("".join(visible(span.text) for span in row) for row in table_lines(block))
        lines = [each for row in rows_in_words for each in _wrapped(row, width, "* ", "  ")]
    elif block.more:
        lines.append(more_words(block.more, visible(block.what)))
    yield from lines


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, numbers to the right; a wide letter counts as two cells."""
    wide = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *others = (
            " " * (cells - cell_len(cell)) for cells, cell in zip(wide, row, strict=True)
        )
        numbers = (f"{blanks}{cell}" for blanks, cell in zip(others, row[1:], strict=True))
        yield (" " * _GAP).join([f"{row[0]}{first}", *numbers])


def _wrapped(words: str, width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Lines of visible words that begin with `first`, then with `rest`, which are equally wide."""
    places = breaks(words, width - len(first), whole=True)
    for begin, end in pairwise([0, *places, len(words)]):
        yield f"{rest if begin else first}{words[begin:end].rstrip(' ')}"


def breaks(words: str, width: int, whole: bool = False) -> list[int]:
    """Where in `words` the second line begins, the third, ..., for lines of `width` cells.

    A word that is longer is broken too, at a sign if there is one and never inside a number; not so if `whole`.
    """
    found: list[int] = []
    used = 0
    for match in _WORD.finditer(words):
        word = match[0].rstrip(" ")
        if used and used + cell_len(word) > width:
            found.append(match.start())
            used = 0
        rest, begin = match[0], match.start()
        while not whole and cell_len(rest.rstrip(" ")) > width:
            at = _place(rest, width)
            rest, begin = rest[at:], begin + at
            found.append(begin)
        used += cell_len(rest)
    return found


def _place(word: str, width: int) -> int:
    """How much of a word that is wider than `width` goes on the line: at least one character."""
    fits = 1
    while cell_len(word[: fits + 1]) <= width:
        fits += 1
    places = [at for at in range(max(1, fits // 2), fits + 1) if not _torn(word, at)]
    parts = [at for at in places if word[at - 1] == "/"]
    soft = [at for at in places if word[at - 1] in _SOFT]
    return max(parts or soft or places, default=fits)


def _torn(word: str, at: int) -> bool:
    """Whether a break there would part a number, or a letter from a sign that belongs to it."""
    before, after = word[at - 1], word[at]
    return (
        (after.isdigit() and (before.isdigit() or before in ".,+-"))
        or cell_len(after) == 0
        or before == "\u200d"
    )

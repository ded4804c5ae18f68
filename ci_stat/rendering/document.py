"""What a report says, before any channel gives it a form: headings, rows, links. Every channel renders this value,
so all of them say the same.

A `Span`'s text is raw: whoever renders it escapes it for the place it stands in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ci_stat.escape import visible, web_link
from ci_stat.rendering.format import plural


class Tone(StrEnum):
    """How a span or a document is meant; each channel has its own colours."""

    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    FAINT = "faint"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text on one line. `link`: an absolute http(s) URL or None."""

    text: str
    tone: Tone = Tone.PLAIN
    bold: bool = False
    link: str | None = None


Text = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that stand by themselves: what must be read first."""

    lines: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below column titles. `more`: rows left out; `weight`: the lower, the sooner rows are left out."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    weight: int = 100
    more: int = 0
    what: str = "more row"


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a section, with lines below it. `more`: lines left out, each of which is one `what`.

    Without `what` the lines belong to the entry, and are left out with it only.
    """

    head: Text
    lines: tuple[Text, ...] = ()
    more: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list. `more`: entries left out; `folded`: closed at first where a channel can fold."""

    title: str
    items: tuple[Item, ...]
    weight: int
    more: int = 0
    what: str = "more entry"
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and, against a scale of their own in percent, a line. `line`: shares from 0 to 1, None for no value."""

    title: str
    labels: tuple[str, ...]
    bar_name: str
    bars: tuple[int, ...]
    line_name: str
    line: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    link: str


Block = Paragraph | Table | Section | Chart | Button


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `summary`: one line for previews and subjects; `foot`: where the numbers come from."""

    title: str
    subtitle: str
    tone: Tone
    summary: str
    blocks: tuple[Block, ...]
    foot: tuple[Text, ...] = ()


def text(*parts: object) -> Text:
    """Spans from texts, spans and numbers."""
    return tuple(
        part if isinstance(part, Span) else Span(str(part)) for part in parts if part is not None
    )


def linked(words: str, url: str | None, bold: bool = False) -> Span:
    """A span with a link if `url` may be one."""
    return Span(words, bold=bold, link=web_link(url))


def cut(words: object, most: int) -> str:
    """At most `most` characters on one line, … for what is left out; never half an emoji or a lone surrogate."""
    line = " ".join(visible(words, most * 4).split())
    if len(line) <= most:
        return line
    kept = line[: most - 1]
    while kept and (line[len(kept)] in _JOINERS or kept[-1] in _JOINERS):
        kept = kept[:-1]
    return f"{kept.rstrip()}…"


# What follows belongs to the character before it: variation selectors, skin tones, combining marks, and halves of flags
# are cut off with it.
_JOINERS = frozenset(
    [
        chr(code)
        for code in (
            *range(0xFE00, 0xFE10),
            *range(0x1F3FB, 0x1F400),
            *range(0x300, 0x370),
            0x20E3,
            0x200D,
        )
    ]
    + [chr(code) for code in range(0x1F1E6, 0x1F200)]
)


def plain(spans: Iterable[Span]) -> str:
    """The words of a text without its looks."""
    return "".join(span.text for span in spans)


def shorter(document: Document, removed: int) -> Document:
    """The document without its `removed` least important details; what is left out is counted where it stood."""
    plan = _plan(document)
    lines: dict[int, dict[int, int]] = {}
    entries: dict[int, int] = {}
    for block, item in plan[:removed]:
        if item is None:
            entries[block] = entries.get(block, 0) + 1
        else:
            taken = lines.setdefault(block, {})
            taken[item] = taken.get(item, 0) + 1
    blocks = [
        _without(block, entries.get(at, 0), lines.get(at, {}))
        for at, block in enumerate(document.blocks)
    ]
    return replace(document, blocks=tuple(blocks))


def details(document: Document) -> int:
    """How many details `shorter` can remove."""
    return len(_plan(document))


# Down to so many entries every part is cut before any part is cut further: the first entries of each say most.
_KEPT = (5, 3, 1, 0)


def _plan(document: Document) -> list[tuple[int, int | None]]:
    """What goes first: of the least important part the lines below its last entries, and these entries; then the next.

    (block, item): a line of that item; (block, None): the block's last entry.
    """
    parts = sorted(
        (
            (block.weight, at, block)
            for at, block in enumerate(document.blocks)
            if isinstance(block, (Section, Table))
        ),
        key=lambda part: part[:2],
    )
    plan: list[tuple[int, int | None]] = []
    left = {at: len(_entries(block)) for _, at, block in parts}
    for kept in _KEPT:
        for _, at, block in parts:
            going = range(kept, left[at])
            plan += [(at, item) for item in _lines_last_first(block, going)] + [
                (at, None) for _ in going
            ]
            left[at] = min(left[at], kept)
    return plan


def _lines_last_first(block: Section | Table, places: range) -> Iterator[int]:
    if isinstance(block, Section):
        for place in reversed(places):
            item = block.items[place]
            yield from [place] * (len(item.lines) if item.what else 0)


def _entries(block: Section | Table) -> Sequence[object]:
    return block.items if isinstance(block, Section) else block.rows


def _without(block: Block, entries: int, lines: dict[int, int]) -> Block:
    if isinstance(block, Table):
        kept = len(block.rows) - entries
        return replace(block, rows=block.rows[:kept], more=block.more + entries)
    if not isinstance(block, Section):
        return block
    items = [_without_lines(item, lines.get(place, 0)) for place, item in enumerate(block.items)]
    return replace(block, items=tuple(items[: len(items) - entries]), more=block.more + entries)


def _without_lines(item: Item, removed: int) -> Item:
    if not removed:
        return item
    return replace(item, lines=item.lines[: len(item.lines) - removed], more=item.more + removed)


def more_words(more: int, what: str) -> str:
    """`… and 12 more failed runs`, or nothing. `what` is one of them: `more failed run`."""
    return f"… and {plural(more, what)}" if more else ""

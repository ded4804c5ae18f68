"""A document: headings, rows and links, without the form that a channel gives them.

All channels render this value, so all of them say the same. The text of a `Span` is raw: each
channel escapes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ci_stat.escape import shortened, visible, web_link
from ci_stat.rendering.format import plural


class Tone(StrEnum):
    """The meaning of a span or a document; each channel has its own colours for it."""

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
    """Lines without a title, which are read first. They are never omitted."""

    lines: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below column titles.

    - `weight`: rows of the lightest block are omitted first.
    - `more`: rows that are omitted, each of them one `what`.
    - `essential`: its few rows are the point of the document. No channel omits one.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    weight: int = 100
    more: int = 0
    what: str = "more row"
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a section, with lines below it. `more`: lines that are omitted, each one `what`.

    Without `what` the lines belong to the entry, and are omitted together with it only.
    """

    head: Text
    lines: tuple[Text, ...] = ()
    more: int = 0
    what: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A list with a title.

    - `weight`, `more`: as in `Table`.
    - `folded`: closed at first, in a channel that can fold.
    """

    title: str
    items: tuple[Item, ...]
    weight: int
    more: int = 0
    what: str = "more entry"
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars, and a line with a scale of its own. `line`: shares from 0 to 1, None for no value."""

    title: str
    labels: tuple[str, ...]
    bar_name: str
    bars: tuple[int, ...]
    line_name: str
    line: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Button:
    """A link that stands alone."""

    text: str
    link: str


Block = Paragraph | Table | Section | Chart | Button


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    - `summary`: one line for previews and subjects.
    - `foot`: source of the numbers.
    """

    title: str
    subtitle: str
    tone: Tone
    summary: str
    blocks: tuple[Block, ...]
    foot: tuple[Text, ...] = ()


def text(*parts: object) -> Text:
    """Spans from texts, spans and numbers. None is left out."""
    present = (part for part in parts if part is not None)
    return tuple(part if isinstance(part, Span) else Span(str(part)) for part in present)


def linked(words: str, url: str | None, bold: bool = False) -> Span:
    """A span; with a link if `url` is an http(s) URL."""
    return Span(words, bold=bold, link=web_link(url))


def plain(spans: Iterable[Span]) -> str:
    """The characters of a text, without style and links."""
    return "".join(span.text for span in spans)


def more_words(more: int, what: str) -> str:
    """`… and 12 more failed runs`, or "" for 0. `what`: the singular, `more failed run`."""
    return f"… and {plural(more, what)}" if more else ""


def cut(words: object, most: int) -> str:
    """`words` on one line of at most `most` characters, with … for the rest.

    An emoji is kept whole or left out, and no lone surrogate remains.
    """
    line = " ".join(visible(words, most * 4).split())
    if len(line) <= most:
        return line
    end = most - 1
    while end and _is_inside_character(line, end):
        end -= 1
    return f"{line[:end].rstrip()}…"


def cut_name(name: object, most: int) -> str:
    """A name as `cut` shows it, but with its end, which identifies it: … is in its middle."""
    line = " ".join(shortened(name, most * 4).split())
    if len(line) <= most:
        return line
    begin = cut(line, most // 2)
    end = line[len(begin) - most :].lstrip("".join(_JOINERS)).lstrip()
    return f"{begin}{end}"


def _is_inside_character(line: str, place: int) -> bool:
    return line[place] in _JOINERS or line[place - 1] in _JOINERS


# Code points that join the character before them: variation selectors, skin tones, combining marks,
# keycaps, joiners, and halves of flags.
_JOINERS = frozenset(
    chr(code)
    for codes in (
        range(0xFE00, 0xFE10),
        range(0x1F3FB, 0x1F400),
        range(0x300, 0x370),
        range(0x1F1E6, 0x1F200),
        (0x20E3, 0x200D),
    )
    for code in codes
)

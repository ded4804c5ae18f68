"""Lines of text with styles and indentation, for a terminal or an ANSI dump.

Editors fold a dump by its indentation, so nesting is indentation, and a line is not wrapped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from ci_stat.escape import visible
from ci_stat.records import Status
from ci_stat.rendering.as_text import breaks
from ci_stat.rendering.terminal.palette import readable

INDENT = "    "
STATUS_STYLES = {Status.SUCCESS: "green", Status.FAILURE: "bold red", Status.ABORTED: "yellow"}
_LEAST_WIDTH = 10

Part = tuple[str, str]  # a text and its style, as rich writes it


@dataclass(frozen=True, slots=True)
class Line:
    """A line of parts; `line` makes it from texts that are not escaped.

    `whole`: names and messages, which a narrow terminal shows on several lines; others are cut.
    """

    depth: int
    parts: tuple[Part, ...]
    whole: bool = False


def line(depth: int, *parts: tuple[object, str] | str) -> Line:
    """A line of parts: plain text, or (value, style). Control characters become visible."""
    return Line(depth, tuple(map(_part, parts)))


def whole_line(depth: int, *parts: tuple[object, str] | str) -> Line:
    """A line like `line`, of which a narrow terminal cuts nothing."""
    return Line(depth, tuple(map(_part, parts)), whole=True)


def _part(part: tuple[object, str] | str) -> Part:
    words, style = (part, "") if isinstance(part, str) else part
    return visible(words), style


def status_style(status: str) -> str:
    """The style of a status of a run."""
    return STATUS_STYLES[Status(status)] if status in Status.__members__ else "magenta"


def to_text(lines: Iterable[Line], color: bool, width: int | None = None) -> Iterator[str]:
    """The lines without newlines. `color`: with ANSI codes; `width`: cells that a line has."""
    for indented in lines:
        margin = INDENT * indented.depth
        for parts in _in_width(indented, None if width is None else width - len(margin)):
            if color:
                yield margin + "".join(map(_colored, parts))
            else:
                yield (margin + "".join(text for text, _ in parts)).rstrip()


def _in_width(indented: Line, width: int | None) -> Iterator[tuple[Part, ...]]:
    """The parts of the line, or of several, in the cells that are left of a terminal's width."""
    if width is None:
        yield indented.parts
        return
    room = max(_LEAST_WIDTH, width)
    if indented.whole and _cells(indented.parts) > room:
        yield from _wrapped(indented.parts, room)
    else:
        yield tuple(_cut(indented.parts, room))


def _cells(parts: Sequence[Part]) -> int:
    return sum(cell_len(text) for text, _ in parts)


def _wrapped(parts: Sequence[Part], room: int) -> Iterator[tuple[Part, ...]]:
    """The parts on several lines; those after the first are indented, and keep their styles."""
    text = "".join(words for words, _ in parts)
    ends = [*breaks(text, room - len(INDENT)), len(text)]
    begin = 0
    margin: tuple[Part, ...] = ()
    for end in ends:
        yield (*margin, *_between(parts, begin, end))
        begin, margin = end, ((INDENT, ""),)


def _between(parts: Sequence[Part], begin: int, end: int) -> Iterator[Part]:
    """What the parts have from one character to another."""
    at = 0
    for words, style in parts:
        piece = words[max(0, begin - at) : max(0, end - at)]
        if piece:
            yield piece, style
        at += len(words)


def _colored(part: Part) -> str:
    text, style = part
    return _style(style).render(text, color_system=ColorSystem.EIGHT_BIT) if style else text


@cache
def _style(name: str) -> Style:
    return readable(Style.parse(name))


def _cut(parts: Sequence[Part], room: int) -> Iterator[Part]:
    """The parts in `room` cells, with … for the rest."""
    if _cells(parts) <= room:
        yield from parts
        return
    room -= 1
    for text, style in parts:
        width = cell_len(text)
        if width > room:
            yield set_cell_size(text, room) + "…", style
            return
        room -= width
        yield text, style

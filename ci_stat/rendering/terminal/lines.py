"""Lines of text with styles and indentation, and their form on a terminal or in an ANSI dump.

An editor folds a dump by its indentation, so nesting is indentation and a line is never wrapped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.color import ColorSystem
from rich.style import Style

from ci_stat.escape import visible
from ci_stat.records import Status

INDENT = "    "
STATUS_STYLES = {Status.SUCCESS: "green", Status.FAILURE: "bold red", Status.ABORTED: "yellow"}


@dataclass(frozen=True, slots=True)
class Line:
    """`parts` are (text, style) with styles as rich writes them; the text is made harmless here."""

    depth: int
    parts: tuple[tuple[str, str], ...]


def line(depth: int, *parts: tuple[object, str] | str) -> Line:
    """A line of parts: plain text, or (value, style). Control characters are made visible."""
    return Line(
        depth,
        tuple(
            (visible(part), "") if isinstance(part, str) else (visible(part[0]), part[1])
            for part in parts
        ),
    )


def status_style(status: str) -> str:
    return STATUS_STYLES[Status(status)] if status in Status.__members__ else "magenta"


@cache
def _style(name: str) -> Style:
    return Style.parse(name)


def _cut(parts: Sequence[tuple[str, str]], room: int) -> Iterator[tuple[str, str]]:
    """Parts up to `room` terminal cells, ending in … when something was left out."""
    if sum(cell_len(text) for text, _ in parts) <= room:
        yield from parts
        return
    room -= 1
    for text, style in parts:
        wide = cell_len(text)
        if wide > room:
            yield set_cell_size(text, room) + "…", style
            return
        room -= wide
        yield text, style


def to_text(lines: Iterable[Line], color: bool, width: int | None = None) -> Iterator[str]:
    """The lines as strings without newline: with ANSI codes if `color`, cut to `width` cells if given."""
    for each in lines:
        margin = INDENT * each.depth
        parts = each.parts if width is None else _cut(each.parts, max(10, width - len(margin)))
        if color:
            rendered = "".join(
                _style(style).render(text, color_system=ColorSystem.STANDARD) if style else text
                for text, style in parts
            )
        else:
            rendered = "".join(text for text, _ in parts)
        yield (margin + rendered).rstrip() if not color else margin + rendered

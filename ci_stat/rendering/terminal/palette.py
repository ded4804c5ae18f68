"""Colours that can be read on a light and on a dark terminal.

The 16 colours of a terminal belong to its theme: yellow on white and blue on black are nearly
invisible in many. The names of these colours stand for fixed ones of the 256, halfway between
white and black: tests/rendering/test_palette.py checks their contrast.
"""

from functools import cache

from rich.color import Color, ColorType
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style

# By the number of the colour among the 16.
_READABLE = {1: 196, 2: 28, 3: 166, 4: 27, 5: 133, 6: 31}
_FAINT = Color.from_ansi(244)


class Readable:
    """A renderable in readable colours."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._content, options):
            yield Segment(text, style and readable(style), control)


@cache
def readable(style: Style) -> Style:
    """The style in readable colours. Faint text is grey, and a colour is never faint."""
    color = style.color
    if color is None or color.is_default:
        return style + Style(color=_FAINT, dim=False) if style.dim else style
    if color.type is ColorType.STANDARD and color.number in _READABLE:
        color = Color.from_ansi(_READABLE[color.number])
    return style + Style(color=color, dim=False)

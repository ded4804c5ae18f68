"""Each colour can be read on light and on dark terminals."""

import io

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style
from rich.text import Text

from ci_stat.rendering.terminal.lines import line, to_text
from ci_stat.rendering.terminal.palette import readable
from ci_stat.rendering.terminal.screen import show

STYLES = ("red", "green", "yellow", "blue", "magenta", "cyan", "dim", "dim yellow")
# White, black, and the backgrounds of Solarized Light and of a popular dark editor.
BACKGROUNDS = {"#ffffff": 3.7, "#000000": 3.8, "#fdf6e3": 3.5, "#1e1e1e": 3.2}


def _luminance(color: Color) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [part / 255 for part in color.get_truecolor()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(color: Color, background: str) -> float:
    pair = (_luminance(color), _luminance(Color.parse(background)))
    return (max(pair) + 0.05) / (min(pair) + 0.05)


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("name", STYLES)
def test_contrast(name: str, background: str) -> None:
    style = readable(Style.parse(name))
    assert style.color is not None
    assert not style.dim
    assert _contrast(style.color, background) >= BACKGROUNDS[background]


def test_the_rest_of_a_style_stays() -> None:
    style = readable(Style.parse("bold red link https://example.org"))
    assert style.bold
    assert style.link == "https://example.org"
    assert readable(Style.parse("bold")) == Style.parse("bold")


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_printed_in_a_colour_of_the_theme(style: str) -> None:
    """By neither of the two ways to a terminal."""
    out = io.StringIO()
    show(Text("words", style), out, color=True, width=40)
    (listed,) = to_text([line(0, ("words", style))], color=True)
    expected = readable(Style.parse(style)).render("words", color_system=ColorSystem.EIGHT_BIT)
    assert out.getvalue().strip() == listed == expected
    assert "38;5;" in listed

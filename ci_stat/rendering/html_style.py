"""The style of a page and of a mail: colours, a style sheet, styles of single elements."""

import re
from functools import cache

from ci_stat.html_templates import templates
from ci_stat.rendering.document import Tone

BANDS = {
    Tone.PLAIN: "#245bdb",
    Tone.GOOD: "#1d7a2e",
    Tone.BAD: "#c9302c",
    Tone.WARN: "#b35a00",
    Tone.FAINT: "#646a73",
}

# The colours of the chat. Texts that are too pale there are darker, with a contrast of 4.5 or more.
LIGHT = {
    "page": "#f2f3f5",
    "card": "#fff",
    "ink": "#1f2329",
    "faint": "#646a73",
    "border": "#dee0e3",
    "head": "#f5f6f7",
    "link": "#245bdb",
    "under": "#b9caf5",
    "bad": "#c9302c",
    "good": "#1d7a2e",
    "warn": "#a85400",
    "bar": "#b3cbff",
    "line": "#d83931",
    "hover": "rgba(31,35,41,.06)",
}
DARK = {
    "page": "#141414",
    "card": "#292929",
    "ink": "#ebebeb",
    "faint": "#a6a6a6",
    "border": "#434343",
    "head": "#333",
    "link": "#75a4ff",
    "under": "#47618f",
    "bad": "#f98e8b",
    "good": "#6dd85f",
    "warn": "#f3a14b",
    "bar": "#2b4a80",
    "line": "#f76964",
    "hover": "rgba(255,255,255,.07)",
}
_RULE = re.compile(r"\.([a-z]+) \{(.*?)\}", re.DOTALL)
_VARIABLE = re.compile(r"var\(--([a-z]+)\)")


@cache
def style_sheet() -> str:
    """The style sheet of a page, for light and dark screens and for paper."""
    template = templates("ci_stat.rendering").get_template("card.css")
    return template.render(LIGHT=LIGHT, DARK=DARK, BANDS=BANDS)


@cache
def picture_style() -> str:
    """The style sheet of a drawing in a file, on white."""
    style = templates("ci_stat.rendering").get_template("chart.css").render()
    return _VARIABLE.sub(lambda variable: LIGHT[variable[1]], style)


@cache
def inline_styles() -> dict[str, str]:
    """The style of each kind of element of a mail, for its `style` attribute."""
    style = templates("ci_stat.rendering").get_template("mail.css").render()
    rules = _RULE.findall(style)
    return {kind: _one_line(declarations) for kind, declarations in rules}


def _one_line(declarations: str) -> str:
    lines = (line.strip() for line in declarations.splitlines())
    return "".join(lines).removesuffix(";")

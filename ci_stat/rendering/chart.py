"""A chart as a picture: SVG for a page, and the same drawing as PNG for a mail."""

from dataclasses import replace
from importlib.resources import as_file, files

from ci_stat.errors import MissingExtra
from ci_stat.html_templates import templates
from ci_stat.rendering.chart_layout import HEIGHT, WIDTH, layout_of
from ci_stat.rendering.chart_words import chart_words
from ci_stat.rendering.document import Chart
from ci_stat.rendering.html_style import picture_style

PIXELS = 1200  # width of the PNG, which a page shows at about half that size
_FONT = files("ci_stat.rendering") / "fonts" / "DejaVuSansCondensed-ASCII.ttf"


def chart_svg(chart: Chart, *, alone: bool = False) -> str:
    """An `<svg>` element, coloured by the style sheet of the page. `alone`: for a file."""
    template = templates("ci_stat.rendering").get_template("chart.svg")
    return template.render(
        layout=layout_of(chart),
        width=WIDTH,
        height=HEIGHT,
        words=chart_words(chart),
        alone=alone,
    )


def chart_png(chart: Chart) -> bytes:
    """A PNG, `PIXELS` wide. Equal charts give equal bytes.

    Raises MissingExtra without the extra `charts`.
    """
    try:
        # Only the extra installs it.
        from resvg_py import svg_to_bytes
    except ImportError:
        raise MissingExtra("Drawing a chart as a picture", "charts") from None

    drawn = replace(
        chart,
        title=_drawable(chart.title),
        labels=tuple(map(_drawable, chart.labels)),
        bar_name=_drawable(chart.bar_name),
        line_name=_drawable(chart.line_name),
    )
    with as_file(_FONT) as font:
        return svg_to_bytes(
            chart_svg(drawn, alone=True),
            style_sheet=picture_style(),
            background="white",
            width=PIXELS,
            # The same font on each machine, also on one without fonts.
            skip_system_fonts=True,
            font_files=[str(font)],
            font_family="DejaVu Sans Condensed",
        )


def _drawable(words: str) -> str:
    """`words` in ASCII, which is all that the font has."""
    return words.encode("ascii", "replace").decode()

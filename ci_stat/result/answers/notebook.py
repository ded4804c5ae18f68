"""A document as HTML for a notebook: without a style sheet, and with its chart as a picture."""

import base64

from markupsafe import Markup

from ci_stat.html_templates import templates
from ci_stat.rendering.chart import chart_svg
from ci_stat.rendering.document import Chart, Document, Tone, more_words
from ci_stat.rendering.html_style import BANDS, picture_style

_COLORS = {
    Tone.PLAIN: "inherit",
    Tone.GOOD: BANDS[Tone.GOOD],
    Tone.BAD: BANDS[Tone.BAD],
    Tone.WARN: BANDS[Tone.WARN],
    Tone.FAINT: BANDS[Tone.FAINT],
}


def notebook_html(document: Document) -> str:
    """The document as one element. All texts are escaped, and links lead to http(s) only."""
    page = templates("ci_stat.result").get_template("document.html")
    return page.render(
        document=document,
        blocks=[(type(block).__name__, block) for block in document.blocks],
        colors=_COLORS,
        picture=picture,
        more_words=more_words,
    )


def picture(chart: Chart) -> Markup:
    """The address of the chart's drawing. As an image, its styles do not leak into the notebook.

    It is Markup: a template would cut it as it cuts long texts.
    """
    svg = chart_svg(chart, alone=True).replace(">", f"><style>{picture_style()}</style>", 1)
    data = base64.b64encode(svg.encode()).decode()
    return Markup(f"data:image/svg+xml;base64,{data}")  # noqa: S704 - letters, digits, +, / and =

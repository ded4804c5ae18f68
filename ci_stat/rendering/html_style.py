"""How a page and a mail look: colours, a style sheet with classes, and styles of single elements."""

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

# The colours are those of the chat, but for texts that would be too pale there: each has a contrast
# of 4.5 or more.
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
_VARIABLE = re.compile(r"var\(--([a-z]+)\)")


@cache
def style_sheet() -> str:
    """The style sheet of a page, for light and dark screens and for paper."""
    template = templates("ci_stat.reports").get_template("card.css")
    return template.render(LIGHT=LIGHT, DARK=DARK, BANDS=BANDS)


@cache
def picture_style() -> str:
    """The style sheet of a drawing that stands alone, on white."""
    style = templates("ci_stat.reports").get_template("chart.css").render()
    return _VARIABLE.sub(lambda variable: LIGHT[variable[1]], style)


_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
INLINE = {
    "page": "margin:0;padding:0;background:#f2f3f5",
    "preview": "display:none;max-height:0;overflow:hidden;font-size:1px;line-height:1px;color:#f2f3f5",
    "outer": "border-collapse:collapse;background:#f2f3f5",
    "around": "padding:20px 8px",
    "card": f"width:100%;max-width:720px;border-collapse:separate;border-spacing:0;background:#ffffff;text-align:left;"
    f"border:1px solid #dee0e3;border-radius:8px;overflow:hidden;color:#1f2329;font-size:14px;line-height:22px;{_FONT}",
    "band": f"padding:14px 20px;color:#ffffff;border-radius:7px 7px 0 0;{_FONT}",
    "title": "margin:0;font-size:18px;line-height:26px;font-weight:600;color:#ffffff",
    "under": "margin:0;font-size:13px;line-height:20px;color:#ffffff",
    "body": f"padding:16px 20px 4px;word-break:break-word;overflow-wrap:anywhere;color:#1f2329;font-size:14px;"
    f"line-height:22px;{_FONT}",
    "words": "margin:0 0 12px",
    "heading": "margin:18px 0 8px;font-size:15px;line-height:22px;font-weight:600;color:#1f2329",
    "count": "color:#646a73;font-weight:400",
    "faint": "color:#646a73",
    "bad": "color:#c9302c",
    "good": "color:#1d7a2e",
    "warn": "color:#a85400",
    "more": "margin:4px 0 12px;color:#646a73;font-size:13px",
    "strong": "font-weight:600",
    "fixed": "white-space:nowrap",
    "link": "color:#245bdb;text-decoration:none",
    "wide": "overflow-x:auto;margin:0 0 14px",
    "table": f"width:100%;border-collapse:collapse;border:1px solid #dee0e3;font-size:13px;line-height:20px;{_FONT}",
    "column": "padding:6px 10px;background:#f5f6f7;color:#51565d;text-align:left;vertical-align:top;font-weight:600;"
    "overflow-wrap:normal;word-break:normal",
    "cell": "padding:6px 10px;border-top:1px solid #dee0e3;text-align:left;vertical-align:top;font-weight:400",
    "number": "text-align:right;white-space:nowrap;overflow-wrap:normal;word-break:normal",
    "long": "white-space:normal",
    "items": "margin:0 0 12px;padding:0 0 0 20px",
    "item": "margin:0 0 8px",
    "line": "font-size:13px;line-height:20px",
    "chart": "display:block;width:100%;max-width:676px;height:auto;margin:0 0 14px;color:#646a73;font-size:12px",
    "press": "margin:14px 0 16px;border-collapse:separate",
    "round": "border-radius:6px",
    "button": "display:inline-block;padding:8px 16px;border-radius:6px;background:#245bdb;color:#ffffff;font-size:14px;"
    "text-decoration:none",
    "foot": f"padding:10px 20px 16px;border-top:1px solid #dee0e3;color:#646a73;font-size:12px;line-height:18px;"
    f"word-break:break-word;{_FONT}",
    "note": "margin:0",
}

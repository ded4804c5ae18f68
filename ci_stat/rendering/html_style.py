"""How a page and a mail look: a style sheet with classes, and the same as styles for single elements."""

from ci_stat.rendering.chart import SVG_STYLE
from ci_stat.rendering.document import Tone

BANDS = {
    Tone.PLAIN: "#245bdb", Tone.GOOD: "#1d7a2e", Tone.BAD: "#c9302c", Tone.WARN: "#b35a00", Tone.FAINT: "#646a73",
}  # fmt: skip

# The colours are those of the chat, but for texts that would be too pale there: each has a contrast of 4.5 or more.
_LIGHT = (
    "--page:#f2f3f5;--card:#fff;--ink:#1f2329;--faint:#646a73;--border:#dee0e3;--head:#f5f6f7;--link:#245bdb;"
    "--under:#b9caf5;--bad:#c9302c;--good:#1d7a2e;--warn:#a85400;--bar:#b3cbff;--line:#d83931;--hover:rgba(31,35,41,.06)"
)
_DARK = (
    "--page:#141414;--card:#292929;--ink:#ebebeb;--faint:#a6a6a6;--border:#434343;--head:#333;--link:#75a4ff;"
    "--under:#47618f;--bad:#f98e8b;--good:#6dd85f;--warn:#f3a14b;--bar:#2b4a80;--line:#f76964;--hover:rgba(255,255,255,.07)"
)
_BAND_STYLES = "\n".join(
    f".band-{tone or 'plain'}{{background:{color}}}" for tone, color in BANDS.items()
)
STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
*{{box-sizing:border-box}}
body{{margin:0;padding:24px 12px;background:var(--page);color:var(--ink);overflow-wrap:anywhere;
font:14px/22px -apple-system,BlinkMacSystemFont,"Segoe UI","PingFang SC","Microsoft YaHei",Roboto,Helvetica,Arial,
sans-serif}}
.card{{max-width:600px;margin:0 auto;background:var(--card);border:1px solid var(--border);border-radius:8px;
overflow:hidden}}
.band{{padding:12px 16px;color:#fff}}
{_BAND_STYLES}
h1,h2,p,ul,figure{{margin:0;padding:0}}
.title{{font-size:16px;line-height:24px;font-weight:600}}
.under{{font-size:13px;line-height:20px}}
.body{{display:flex;flex-direction:column;gap:12px;padding:14px 16px 16px}}
.heading{{font-size:14px;line-height:22px;font-weight:600}}
.body>.heading{{margin-bottom:-6px}}
.count,.faint,.more{{color:var(--faint)}}
.count{{font-weight:400}}
.bad{{color:var(--bad)}}
.good{{color:var(--good)}}
.warn{{color:var(--warn)}}
.strong{{font-weight:600}}
.fixed{{white-space:nowrap}}
.link{{color:var(--link);text-decoration:underline 1px var(--under);text-underline-offset:3px}}
.link:hover,.link:focus-visible{{text-decoration-color:currentcolor}}
.wide{{overflow-x:auto;border:1px solid var(--border);border-radius:6px}}
.table{{width:100%;border-collapse:collapse;font-size:13px;line-height:20px;font-variant-numeric:tabular-nums}}
.column,.cell{{padding:6px 10px;text-align:left;vertical-align:top;font-weight:400}}
.column{{background:var(--head);color:var(--faint);font-weight:600}}
.cell{{border-top:1px solid var(--border)}}
.cell:first-child{{max-width:22em;overflow-wrap:break-word}}
.number{{text-align:right;overflow-wrap:normal}}
.cell.number{{white-space:nowrap}}
.cell.long{{min-width:8em;white-space:normal;text-wrap:balance}}
details{{border:1px solid var(--border);border-radius:6px}}
summary{{padding:7px 12px;background:var(--head);cursor:pointer;border-radius:5px;list-style-position:inside}}
summary .heading{{display:inline}}
details[open]>summary{{border-radius:5px 5px 0 0}}
.items{{padding:8px 12px 10px 28px}}
.item+.item{{margin-top:8px}}
.line{{font-size:13px;line-height:20px}}
details>.more{{padding:0 12px 8px 28px}}
.button{{display:inline-block;max-width:100%;padding:5px 14px;border-radius:6px;background:#245bdb;color:#fff;
text-decoration:none}}
.button:hover{{background:#1b4ab8}}
a:focus-visible,summary:focus-visible,.wide:focus-visible{{outline:2px solid var(--link);outline-offset:1px}}
.foot{{margin:0 16px;padding:10px 0 14px;border-top:1px solid var(--border);color:var(--faint);
font-size:12px;line-height:18px}}
.chart{{overflow-x:auto}}
.chart svg{{min-width:460px}}
{SVG_STYLE}
@media print{{
:root{{color-scheme:light;{_LIGHT}}}
body{{padding:0;background:none}}
.card{{max-width:none;border:0}}
.band,.column,summary,svg{{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
details::details-content{{content-visibility:visible;display:block;height:auto}}
.item,tr,figure{{break-inside:avoid}}
}}
"""

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

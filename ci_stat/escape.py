"""Hostile text made harmless, for each place it can stand in.

Titles, branches, job names and log lines come from anybody who may open a pull request.
Pure text to text; imports nothing of ours.
"""

import html
import re
from urllib.parse import urlsplit

MAX_SHOWN = 2_000  # characters; GitHub's own titles end at 256, so only an accident or an attack is longer

# C0 and C1 controls, DEL, line and paragraph separators, the marks and overrides that reorder text on a
# terminal (Trojan Source, CVE-2021-42574), zero-width characters, tag characters, and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, limit: int = MAX_SHOWN) -> str:
    """At most `limit` characters of `text`, and how many are left out when there are more."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… (+{len(text) - limit:,} characters)"


def visible(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` on one line, with every character that acts on a terminal written out, e.g. `\\x1b`."""
    return _UNSAFE.sub(_escape, cut("" if text is None else str(text), limit))


def html_text(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` for an HTML element or a quoted attribute."""
    return html.escape(visible(text, limit))


def web_link(url: str | None) -> str | None:
    """`url` if it is an absolute http(s) link, else None: nothing else may become clickable."""
    if not url or len(url) > MAX_SHOWN or _UNSAFE.search(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None

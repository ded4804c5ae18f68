"""Hostile text made harmless, for each place it can stand in.

Titles, branches, job names and log lines come from anybody who may open a pull request.
Pure text to text; imports nothing of ours.
"""

import html
import re
from urllib.parse import urlsplit

MAX_SHOWN = (
    2_000  # characters; GitHub's own titles end at 256, so only an accident or an attack is longer
)

# C0 and C1 controls, DEL, line and paragraph separators, the marks and overrides that reorder text on a
# terminal (Trojan Source, CVE-2021-42574), zero-width characters, fillers that show nothing, format controls of
# music and shorthand, tag characters, and lone surrogates. Left alone: U+FE00-FE0F, which choose an emoji's form.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
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


def visible_lines(text: object) -> str:
    """`text` with its line breaks kept, each line made visible."""
    return "\n".join(visible(line) for line in str(text).split("\n"))


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def json_safe(text: str) -> str:
    """JSON text on one line, its hostile characters as JSON's own escapes: it reads as the same value."""
    return _UNSAFE.sub(_json_escape, text)


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
    return url if parts.scheme in ("http", "https") and parts.hostname else None


# The signs that Feishu's card markup acts on, as the entities that its documentation names.
_LARK = {ord(sign): f"&#{ord(sign)};" for sign in "><-!*/\\[]()#:+\"'`$_"} | {
    ord("&"): "&amp;", ord("~"): "&sim;", ord("|"): "&#124;", ord("{"): "&#123;", ord("}"): "&#125;",
}  # fmt: skip
_INNER_HYPHEN = re.compile(
    r"(?<=[0-9A-Za-z])&#45;(?=[0-9A-Za-z])"
)  # which is no list and no rule, and stands in dates
_WWW = re.compile(r"(?i)\b(www)\.")
_NUMBER = re.compile(r"^(\s*\d+)\.(?=\s)")  # which would begin a list
_ADDRESS = re.compile(r"(?i)://|\bwww\.")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&$:/=])")
_BREAK = "\u200b"  # between two signs that act together only; visible() has taken out all that came from outside


def lark_text(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` inside Feishu's card markup (`markdown`, `lark_md`): nothing in it is markup, a mention or a link."""
    shown = _NUMBER.sub(r"\1&#46;", _WWW.sub(r"\1&#46;", visible(text, limit).translate(_LARK)))
    return _INNER_HYPHEN.sub("-", shown)


def message_text(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` in a Feishu text or post message, where `<at ...>` is live and addresses become links.

    There are no entities in it: `<` becomes its full-width form, and addresses are broken by a character of no width.
    """
    return _broken_addresses(visible(text, limit).replace("<", "\uff1c").replace(">", "\uff1e"))


def _broken_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda match: f"{match[0][:-2]}{_BREAK}{match[0][-2:]}", text)


def slack_text(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` in Slack's mrkdwn: no mention and no link. Emphasis cannot be escaped there, and does no harm."""
    shown = visible(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _broken_addresses(shown)


def markdown_text(text: object, limit: int = MAX_SHOWN) -> str:
    """`text` in GitHub's Markdown: no markup, no mention, no reference to an issue, no link."""
    shown = _MARKDOWN.sub(r"\\\1", visible(text, limit))
    return (
        shown.replace("@", f"@{_BREAK}")
        .replace("\\#", f"\\#{_BREAK}")
        .replace("\\:\\/\\/", f"\\:{_BREAK}\\/\\/")
    )

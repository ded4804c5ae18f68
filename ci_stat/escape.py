"""Escape hostile text for each place that shows it: terminal, JSON, HTML, Markdown, chats.

Titles, branches, job names and log lines can come from anyone who may open a pull request. Pure:
text in, text out; imports nothing of this package.
"""

import html
import re
from urllib.parse import urlsplit

MAX_SHOWN = 2_000  # characters; titles of GitHub have 256 at most, so more is an error or an attack

# C0 and C1 controls, DEL, line and paragraph separators, the marks and overrides that reorder text
# on a terminal (Trojan Source, CVE-2021-42574), zero-width characters, invisible fillers, format
# controls of music and shorthand, tag characters, and lone surrogates. Not included:
# U+FE00-FE0F, which select the form of an emoji.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
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
    """Cut `text` to `limit` characters and append how many were cut."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… (+{len(text) - limit:,} characters)"


def visible(text: object, limit: int = MAX_SHOWN) -> str:
    """Return `text` on one line, with escapes such as `\\x1b` for characters with an effect.

    None becomes "".
    """
    return _UNSAFE.sub(_escape, cut("" if text is None else str(text), limit))


def shortened(name: object, limit: int) -> str:
    """Return a name as `visible` does, a long one cut in the middle: the end identifies it."""
    shown = visible(name, MAX_SHOWN * 4)
    if len(shown) <= limit:
        return shown
    begin = (limit - 1) // 2
    return f"{shown[:begin]}…{shown[begin + 1 - limit :]}"


def visible_lines(text: object) -> str:
    """Escape each line of `text` as `visible` does; line breaks stay."""
    return "\n".join(visible(line) for line in str(text).split("\n"))


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    return f"\\u{0xD7C0 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


def json_safe(text: str) -> str:
    """Replace hostile characters in JSON text by JSON escapes; the decoded value stays equal."""
    return _UNSAFE.sub(_json_escape, text)


def html_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Escape `text` for an HTML element or a quoted attribute."""
    return html.escape(visible(text, limit))


def web_link(url: str | None) -> str | None:
    """Return `url` if it is an absolute http(s) link that may become clickable, else None."""
    if not url or len(url) > MAX_SHOWN or _UNSAFE.search(url) or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


# Characters with a meaning in Feishu's card markup, and the entities of its documentation.
_LARK = {
    **{ord(char): f"&#{ord(char)};" for char in "><-!*/\\[]()#:+\"'`$_|{}"},
    ord("&"): "&amp;",
    ord("~"): "&sim;",
}
# A hyphen inside a word or a date begins neither a list nor a ruler.
_INNER_HYPHEN = re.compile(r"(?<=[0-9A-Za-z])&#45;(?=[0-9A-Za-z])")
_WWW = re.compile(r"(?i)\b(www)\.")
_LIST_NUMBER = re.compile(r"^(\s*\d+)\.(?=\s)")
_ADDRESS = re.compile(r"(?i)://|\bwww\.")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&$:/=])")
# Separates two characters that only act together. `visible` removes all that a text contains.
_BREAK = "\u200b"


def lark_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Escape `text` for Feishu's card markup (`markdown`, `lark_md`).

    No part of it acts as markup, a mention or a link.
    """
    escaped = visible(text, limit).translate(_LARK)
    escaped = _WWW.sub(r"\1&#46;", escaped)
    escaped = _LIST_NUMBER.sub(r"\1&#46;", escaped)
    return _INNER_HYPHEN.sub("-", escaped)


def message_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Escape `text` for a Feishu text or post message, where `<at ...>` and addresses are live.

    These messages have no entities: `<` and `>` become full-width characters, and a zero-width
    character breaks addresses.
    """
    return _broken_addresses(visible(text, limit).replace("<", "\uff1c").replace(">", "\uff1e"))


def _broken_addresses(text: str) -> str:
    return _ADDRESS.sub(lambda match: f"{match[0][:-2]}{_BREAK}{match[0][-2:]}", text)


def slack_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Escape `text` for Slack's mrkdwn, without mentions and links.

    Emphasis cannot be escaped there and is harmless.
    """
    shown = visible(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _broken_addresses(shown)


def markdown_text(text: object, limit: int = MAX_SHOWN) -> str:
    """Escape `text` for GitHub's Markdown, without mentions, issue references and links."""
    shown = _MARKDOWN.sub(r"\\\1", visible(text, limit))
    return (
        shown.replace("@", f"@{_BREAK}")
        .replace("\\#", f"\\#{_BREAK}")
        .replace("\\:\\/\\/", f"\\:{_BREAK}\\/\\/")
    )

"""The hidden HTML comments by which we recognise our own issues, blocks of text and comments.

An issue contains a `Marker` and the two delimiters of our block; a comment contains its ids.
Anybody can write such comments: parsing does bounded work and rejects implausible values. The
formats are stored in issues and must not change.
"""

import json
import math
import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import quote, unquote

import msgspec

from ci_stat.issues.model import Marker

BEGIN, END = "<!-- ci_stat:begin -->", "<!-- ci_stat:end -->"
LIMIT = 8_000  # characters of a trimmed marker, so that most of the text is for people
DAYS, NEWEST = 60, 40  # days, and entries of each list, that a trimmed marker keeps

_OURS = "ci_stat:"
_OPEN = "<!-- ci_stat:issue:"
_MARK = re.compile(r"<!-- ci_stat:issue:v1 (\{[^<>\r\n]{0,30000}\})[ \t]*-->")
_COMMENT = re.compile(r"<!-- ci_stat:comment:([A-Za-z0-9_.:~%-]{1,600}) -->")
_LISTS = ("fingerprints", "branches", "jobs", "members")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')
# Characters that can end the comment, or that a bot can take for a mention, reference or code.
_LIVE = re.compile("[-<>&@#`]")


def hidden(marker: Marker) -> str:
    """Return the marker as one line of hidden text, safe for any names in it."""
    # msgspec's own encoder rejects lone surrogates, which names can contain.
    text = json.dumps(msgspec.to_builtins(marker), separators=(",", ":"))
    return f"{_OPEN}v1 {_IN_QUOTES.sub(_escaped, text)} -->"


def _escaped(quoted: re.Match[str]) -> str:
    return _LIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted[0])


def read(body: str) -> Marker | None:
    """Parse the marker of a text; None unless the text has exactly one, valid, of this version."""
    if body.count(_OPEN) != 1:
        return None
    match = _MARK.match(body, body.index(_OPEN))
    return _parsed(match[1]) if match else None


def _parsed(text: str) -> Marker | None:
    try:
        marker = msgspec.convert(json.loads(text), Marker)
        return marker if all(_checks(marker)) else None
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _checks(marker: Marker) -> Iterator[bool]:
    """Yield whether each value is in range. Raises ValueError for an invalid day."""
    for moment in (marker.first, marker.last):
        yield moment.tzinfo is not None
        yield 2000 <= moment.year <= 2200

    yield math.isfinite(marker.longest)
    yield 0 <= marker.longest < 1e6
    yield all(0 <= count < 1e9 for count in (marker.older, *marker.days.values()))
    yield all(map(_is_day, marker.days))
    if marker.earlier:
        yield 0 < marker.earlier.number < 1e9
        yield _is_day(marker.earlier.closed)


def _is_day(text: str) -> bool:
    """Whether the text is an ISO date. Raises ValueError for text that is not a date."""
    return date.fromisoformat(text).isoformat() == text


def trimmed(marker: Marker) -> Marker:
    """Drop the oldest parts: days move into `older`, lists keep their newest entries."""
    newest = dict(sorted(marker.days.items())[-DAYS:])
    dropped = sum(marker.days.values()) - sum(newest.values())
    lists = {name: getattr(marker, name)[-NEWEST:] for name in _LISTS}
    return _fitted(
        msgspec.structs.replace(marker, days=newest, older=marker.older + dropped, **lists)
    )


def _fitted(marker: Marker) -> Marker:
    """Shorten the longest list, oldest entries first, until the marker fits LIMIT."""
    while len(hidden(marker)) > LIMIT:
        lists = {name: getattr(marker, name) for name in _LISTS}
        name = max(lists, key=lambda name: len(json.dumps(lists[name])))
        entries = lists[name]
        if not entries:
            break  # the key alone is longer than LIMIT
        drop = (len(entries) + 3) // 4
        marker = msgspec.structs.replace(marker, **{name: entries[drop:]})
    return marker


def block(text: str) -> str:
    """Enclose `text` in the hidden lines that delimit our block of an issue's text."""
    for delimiter in (BEGIN, END):
        text = text.replace(delimiter, delimiter.replace("<!--", "<! --"))
    return f"{BEGIN}\n{text}\n{END}"


def replaced(body: str, new_block: str) -> str | None:
    """Replace our block and keep the text around it; None unless there is exactly one block."""
    if body.count(BEGIN) != 1 or body.count(END) != 1:
        return None
    start, end = body.index(BEGIN), body.index(END)
    if start > end:
        return None
    return f"{body[:start]}{new_block}{body[end + len(END) :]}"


def block_of(body: str) -> str | None:
    """Return our block with its delimiters; None unless there is exactly one."""
    if replaced(body, "") is None:
        return None
    return body[body.index(BEGIN) : body.index(END) + len(END)]


def comment_mark(id: str) -> str:
    """Return the hidden line that identifies a comment of ours."""
    return f"<!-- ci_stat:comment:{quote(id, safe=':', errors='surrogatepass')} -->"


def comment_ids(body: str) -> tuple[str, ...]:
    """Return the ids of our comments in this text, usually none or one."""
    return tuple(_unquoted(match[1]) for match in _COMMENT.finditer(body))


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:  # not written by us
        return text


def mentions_us(body: str) -> bool:
    """Whether the text can contain a marker: a cheap test, since most texts do not."""
    return _OURS in body


def remarked(body: str, marker: Marker) -> str | None:
    """Replace only the marker of a text; None unless the text has exactly one valid marker."""
    if read(body) is None:
        return None
    return _MARK.sub(lambda _: hidden(marker), body, count=1)

"""What we hide in the texts of issues and comments, so that we find our own again: HTML comments, seen by nobody.

Three sorts: what an issue says of itself (`Marker`), where our part of its text begins and ends, and which comment a
comment is. Whoever may write at the tracker may write them too: reading takes bounded work and believes nothing odd.
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
LIMIT = (
    8_000  # characters of a marker that was trimmed, so that most of an issue's text is for people
)
DAYS, NEWEST = 60, 40  # kept of the days, and of each list

_OURS = "ci_stat:"
_OPEN = "<!-- ci_stat:issue:"
_MARK = re.compile(r"<!-- ci_stat:issue:v1 (\{[^<>\r\n]{0,30000}\})[ \t]*-->")
_COMMENT = re.compile(r"<!-- ci_stat:comment:([A-Za-z0-9_.:~%-]{1,600}) -->")
_IN_QUOTES = re.compile(r'"(?:[^"\\]|\\.)*"')
# What could end the comment; and what a bot that reads the source could take for a mention, a reference or code.
_LIVE = re.compile("[-<>&@#`]")


def hidden(marker: Marker) -> str:
    """One line that holds the marker and ends where it should, whatever the names in it are."""
    # Not msgspec's own writer: names may hold lone surrogates, and must come back as they were.
    text = json.dumps(msgspec.to_builtins(marker), separators=(",", ":"))
    return f"{_OPEN}v1 {_IN_QUOTES.sub(_dead, text)} -->"


def _dead(quoted: re.Match[str]) -> str:
    return _LIVE.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted[0])


def read(body: str) -> Marker | None:
    """The marker of this text. None if there is not exactly one, if it is broken, or of another version."""
    if body.count(_OPEN) != 1:
        return None
    found = _MARK.match(body, body.index(_OPEN))
    return _marker(found[1]) if found else None


def _marker(text: str) -> Marker | None:
    try:
        marker = msgspec.convert(json.loads(text), Marker)
        return marker if all(_sound(marker)) else None
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None


def _sound(marker: Marker) -> Iterator[bool]:
    """Whether one may calculate with it. Raises ValueError for a day that is none."""
    yield marker.first.tzinfo is not None
    yield marker.last.tzinfo is not None
    yield all(2000 <= moment.year <= 2200 for moment in (marker.first, marker.last))
    yield math.isfinite(marker.longest)
    yield 0 <= marker.longest < 1e6
    yield all(0 <= n < 1e9 for n in (marker.older, *marker.days.values()))
    yield all(map(_is_day, marker.days))
    if marker.earlier:
        yield 0 < marker.earlier.number < 1e9
        yield _is_day(marker.earlier.closed)


def _is_day(text: str) -> bool:
    """Raises ValueError for other text."""
    return date.fromisoformat(text).isoformat() == text


def trimmed(marker: Marker) -> Marker:
    """The marker without its oldest parts: the days go into `older`, of lists the newest (the last) stay."""
    newest = sorted(marker.days)[-DAYS:]
    kept = msgspec.structs.replace(
        marker,
        days={day: marker.days[day] for day in newest},
        older=marker.older + sum(n for day, n in marker.days.items() if day < newest[0])
        if newest
        else marker.older,
        fingerprints=marker.fingerprints[-NEWEST:],
        branches=marker.branches[-NEWEST:],
        jobs=marker.jobs[-NEWEST:],
        members=marker.members[-NEWEST:],
    )
    return _fitted(kept)


def _fitted(marker: Marker) -> Marker:
    """Lists of very long names lose more of their oldest, the longest list first."""
    while len(hidden(marker)) > LIMIT:
        lists = {
            name: getattr(marker, name) for name in ("fingerprints", "branches", "jobs", "members")
        }
        name, longest = max(lists.items(), key=lambda each: len(json.dumps(each[1])))
        if not longest:
            break  # its key alone is that long
        marker = msgspec.structs.replace(marker, **{name: longest[(len(longest) + 3) // 4 :]})
    return marker


def block(text: str) -> str:
    """`text` as our part of an issue's text, between signs by which it is found again."""
    for sign in (BEGIN, END):
        text = text.replace(sign, sign.replace("<!--", "<! --"))
    return f"{BEGIN}\n{text}\n{END}"


def replaced(body: str, new_block: str) -> str | None:
    """`body` with our part exchanged and all that people wrote around it kept. None if our part is not there once."""
    if body.count(BEGIN) != 1 or body.count(END) != 1:
        return None
    start, end = body.index(BEGIN), body.index(END)
    return f"{body[:start]}{new_block}{body[end + len(END) :]}" if start < end else None


def block_of(body: str) -> str | None:
    """Our part of an issue's text, with its signs. None if it is not there once."""
    start, end = body.find(BEGIN), body.find(END)
    return (
        body[start : end + len(END)]
        if 0 <= start < end and replaced(body, "") is not None
        else None
    )


def comment_mark(id: str) -> str:
    """One line by which a comment of ours is found again."""
    return f"<!-- ci_stat:comment:{quote(id, safe=':', errors='surrogatepass')} -->"


def comment_ids(body: str) -> tuple[str, ...]:
    """The ids of our comments in this text, usually one or none."""
    return tuple(_unquoted(found[1]) for found in _COMMENT.finditer(body))


def _unquoted(text: str) -> str:
    try:
        return unquote(text, errors="surrogatepass")
    except UnicodeDecodeError:  # bytes that nobody's text gives: not written by us
        return text


def mentions_us(body: str) -> bool:
    """Whether reading on can find anything: most texts at a tracker have nothing to do with us."""
    return _OURS in body


def remarked(body: str, marker: Marker) -> str | None:
    """`body` with nothing but its marker exchanged. None if it has not exactly one that can be read."""
    if read(body) is None:
        return None
    return _MARK.sub(lambda _: hidden(marker), body, count=1)

"""Reads `KEY=VALUE` lines as shells and dotenv write them: quotes, comments, `export`.

Nothing is expanded or run. Values may be secrets: no error and no note shows one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPACE = r"[^\S\n]*"
_END = rf"(?={_SPACE}(?:#[^\n]*)?(?:\n|\Z))"
_PAIR = re.compile(
    rf"{_SPACE}(?:export[^\S\n]+)?(?P<key>[A-Za-z_]\w*){_SPACE}={_SPACE}"
    rf'(?:"(?P<double>(?:[^"\\]|\\.)*)"{_END}|\'(?P<single>[^\']*)\'{_END}|(?P<bare>[^\n]*))',
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_COMMENT = re.compile(r"(?:^|\s)#.*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, and the line of its key, from 1."""

    key: str
    value: str = field(repr=False)
    line: int


@dataclass(frozen=True, slots=True)
class EnvText:
    """The entries by key, the last of each; keys that are there twice; lines without an entry."""

    entries: dict[str, Entry]
    repeated: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()


def parse_env(text: str) -> EnvText:
    """Read the whole text. A byte order mark and CRLF line ends are accepted."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    entries: dict[str, Entry] = {}
    repeated, unread = [], []
    for line, entry in _entries(text):
        if entry is None:
            unread.append(line)
            continue
        if entry.key in entries:
            repeated.append(entry.key)
        entries[entry.key] = entry
    return EnvText(entries, tuple(dict.fromkeys(repeated)), tuple(unread))


def _entries(text: str) -> Iterator[tuple[int, Entry | None]]:
    """Each entry with its line; None for a line that has none and is no comment."""
    place, line = 0, 1
    while place < len(text):
        match = _PAIR.match(text, place)
        end = match.end() if match else place
        stop = text.find("\n", end)
        stop = len(text) if stop < 0 else stop
        if match:
            yield line, Entry(match["key"], _value(match), line)
        elif text[place:stop].strip() and not text[place:stop].lstrip().startswith("#"):
            yield line, None
        line += text.count("\n", place, stop) + 1
        place = stop + 1


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return _ESCAPE.sub(lambda part: _ESCAPED.get(part[1], part[1]), match["double"])
    if match["single"] is not None:
        return match["single"]
    return _COMMENT.sub("", match["bare"]).strip()

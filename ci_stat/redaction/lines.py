"""Secrets of many lines: private keys, also those that lack their first line; wrapped tokens."""

import re

from ci_stat.redaction.entropy import MASK, is_random
from ci_stat.redaction.patterns import (
    CONTINUED,
    FORMS,
    KEY_BEGINS,
    KEY_BODY,
    KEY_ENDS,
    KEY_LINE,
    MAX_KEY,
    WHOLE_LINE,
    WRAPPED,
)

_MASKED_KEY = f"{MASK} private key {MASK}"
_HASH = re.compile(r"[0-9a-f]+(?:-[0-9a-f]+){0,8}")  # also a UUID
_ENDS_OF_LINES = re.compile(r"\r?\n|(?:\\r)?\\n")  # also those of a quoted key


def mask_private_keys(text: str) -> str:
    """Mask keys from their first line on, or from what is left of them."""
    parts, done = [], 0
    while begin := KEY_BEGINS.search(text, done):
        end = KEY_ENDS.search(text, begin.end())
        parts += [_without_heads(text[done : begin.start()]), _MASKED_KEY]
        done = end.end() if end else begin.end() + MAX_KEY
    return "".join((*parts, _without_heads(text[done:])))


def _without_heads(text: str) -> str:
    """Mask the bodies of keys whose first line is missing."""
    return _mask_bodies(_mask_before_ends(text))


def _mask_before_ends(text: str) -> str:
    """Mask the lines above each last line of a key."""
    parts, done = [], 0
    for end in KEY_ENDS.finditer(text):
        start = _begin_of_body(text, max(done, end.start() - MAX_KEY), end.start())
        parts += [text[done:start], _MASKED_KEY]
        done = end.end()
    return "".join((*parts, text[done:]))


def _begin_of_body(text: str, least: int, end: int) -> int:
    """Where the lines of a key that ends at `end` begin. Only its last line may be short."""
    start, enough = end, 1
    ends = [match.span() for match in _ENDS_OF_LINES.finditer(text, least, end)]
    begins = [least, *(after for _, after in ends)]
    for begin, (line_end, _) in reversed(list(zip(begins, ends, strict=False))):
        line = text[begin:line_end].rstrip()
        last_word = re.split(r"[\s\"']", line)[-1]
        if len(last_word) < enough or not KEY_LINE.fullmatch(last_word):
            break
        start, enough = begin + len(line) - len(last_word), WHOLE_LINE
    return start


def _mask_bodies(text: str) -> str:
    """Mask bodies that begin like a key."""
    parts, done = [], 0
    while first := KEY_BODY.search(text, done):
        parts += [text[done : first.start()], _MASKED_KEY]
        done = _end_of_body(text, first.end(), is_whole=len(first[0]) >= WHOLE_LINE)
    return "".join((*parts, text[done:]))


def _end_of_body(text: str, end: int, is_whole: bool) -> int:
    """Where the body ends whose lines so far end at `end`. A short line is its last one."""
    while is_whole:
        line_end = _ENDS_OF_LINES.match(text, end)
        if line_end is None:
            break
        indented = re.compile(r"[ \t]{0,40}").match(text, line_end.end())
        start = indented.end() if indented else line_end.end()
        line = KEY_LINE.match(text, start)
        if line is None or not _ends_line(text, line.end()):
            break
        end, is_whole = line.end(), len(line[0]) >= WHOLE_LINE
    return end


def _ends_line(text: str, position: int) -> bool:
    return position == len(text) or text[position] in "\r\n\\\"'"


def mask_wrapped(text: str) -> str:
    """Mask tokens by their format, also if a terminal has broken them into lines."""
    return CONTINUED.sub(_masked_lines, FORMS.sub(MASK, WRAPPED.sub(MASK, text)))


def _masked_lines(match: re.Match[str]) -> str:
    """Mask the lines after a masked secret, as far as they look random."""
    lines = re.split(r"(\r?\n[ \t]{0,20})", match[1])
    for number in range(2, len(lines), 2):
        if _HASH.fullmatch(lines[number]) or not is_random(lines[number], 16):
            break
        lines[number] = MASK
    return "".join(lines)

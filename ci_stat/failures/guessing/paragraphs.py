"""The extent of a message in the output of a tool that no rule knows.

A message is more than the paragraph with its error word: a header above indented lines belongs to
it, and so do the messages of the same shape above it, the exceptions that it was caused by, the
other lines of its level, and the rest of a diff.
"""

import re

from ci_stat.failures.blocks import indent_of
from ci_stat.failures.document import Document
from ci_stat.failures.effects import is_effect_line
from ci_stat.failures.vocabulary import has_place, is_calm, is_command, is_echo, loudness

HEADER_REACH = 30  # lines between an indented line and its header
MAX_GAP = 2  # empty lines between messages of the same shape
MAX_SIBLINGS = 40  # lines of one such message
MAX_LINES = 120  # lines by which a message grows at either end

_VARYING = re.compile(r"(?<!\S)\S*[/\\]\S*|\d+|[0-9a-f]{7,}")
_FILE = re.compile(r"^\S*[\w-]\.\w{1,8}:?$")
_LEVEL = re.compile(r"^\[(?:ERROR|error|FATAL)\]")
_CHAIN = re.compile(r"^\s*(?:During handling of the above|The above exception was|Caused by:)")
_BETWEEN = re.compile(r"^(?:During handling of the above|The above exception was)")  # in Python
_DIFF_LINE = re.compile(r"^(?:[ +\-@\\]|diff |index |$)")
_DIFF_START = re.compile(r"^(?:diff --git |--- |\+\+\+ |@@ )")


def whole_message(
    document: Document, first: int, last: int, limits: tuple[int, int]
) -> tuple[int, int]:
    """Return the first and last line of the message that the lines `first` to `last` are part of.

    `limits`: the first and last line of the command.
    """
    floor, end = max(limits[0], first - MAX_LINES), min(limits[1], last + MAX_LINES)
    diff = _diff(document, last, (floor, end))
    if diff:
        return diff

    first = _header(document, first, floor)
    first = _first_sibling(document, first, floor)
    last = _last_of_chain(document, last, end)
    return first, _last_of_level(document, last, end)


def without_varying(text: str) -> str:
    """Return a line without what differs between lines of one shape: numbers and paths."""
    return _VARYING.sub("", text)


def _header(document: Document, first: int, floor: int) -> int:
    """Return the line above that the indented line at `first` belongs to, else `first`."""
    depth = indent_of(document.text(first))
    if not depth:
        return first

    for position in range(first - 1, max(floor, first - HEADER_REACH) - 1, -1):
        text = document.text(position)
        if is_echo(text) or is_command(text):
            break
        if text.strip() and indent_of(text) < depth:
            return position if _announces(text) else first
    return first


def _announces(text: str) -> bool:
    return loudness(text) >= 1 or text.endswith(":") or bool(_FILE.match(text)) or has_place(text)


def _shape(document: Document, position: int) -> list[str]:
    """Return the first words of a line without numbers and paths."""
    return without_varying(document.text(position)).split()[:2]


def _first_sibling(document: Document, first: int, floor: int) -> int:
    """Return the first line of the first of the messages of one shape that end at `first`."""
    shape = _shape(document, first)
    while True:
        above = _paragraph_above(document, first, floor)
        is_sibling = _shape(document, above) == shape
        is_link = _CHAIN.match(document.text(above)) or _BETWEEN.match(document.text(first))
        if above == first or not (is_sibling or is_link):
            return first
        first = above


def _last_of_chain(document: Document, last: int, end: int) -> int:
    """Return the end of the exceptions that were raised while the one at `last` was handled."""
    while True:
        link = _below_gap(document, last, end)
        if link > end or not _CHAIN.match(document.text(link)):
            return last
        last = _paragraph_below(document, _below_gap(document, link, end), end)


def _below_gap(document: Document, last: int, end: int) -> int:
    """Return the first line below `last` with text."""
    position = last + 1
    while position <= end and position - last <= MAX_GAP and not document.text(position).strip():
        position += 1
    return position


def _paragraph_below(document: Document, first: int, end: int) -> int:
    """Return the last line of the paragraph that begins at `first`."""
    position = first
    while position <= end and document.text(position).strip():
        text = document.text(position)
        if is_echo(text) or is_calm(text) or is_effect_line(text):
            break
        position += 1
    return position - 1


def _last_of_level(document: Document, last: int, end: int) -> int:
    """Return the last of the lines of level error that follow the line at `last`."""
    level = _LEVEL.match(document.text(last))
    if not level:
        return last
    while last < end and document.text(last + 1).startswith(level[0]):
        last += 1
    return last


def _paragraph_above(document: Document, first: int, floor: int) -> int:
    position = first - 1
    while position >= floor and first - position <= MAX_GAP and not document.text(position).strip():
        position -= 1

    below = first
    while position >= floor and document.text(position).strip() and first - below < MAX_SIBLINGS:
        if is_echo(document.text(position)) or is_calm(document.text(position)):
            break
        below, position = position, position - 1
    return below


def _diff(document: Document, last: int, limits: tuple[int, int]) -> tuple[int, int] | None:
    """Return the diff that the line at `last` lies in, from its header to its end."""
    start = -1
    for position in range(last, limits[0] - 1, -1):
        text = document.text(position)
        if not _DIFF_LINE.match(text):
            break
        if _DIFF_START.match(text):
            start = position
    if start < 0:
        return None

    while last < limits[1] and _DIFF_LINE.match(document.text(last + 1)):
        last += 1
    return start, last

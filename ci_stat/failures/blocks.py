"""The extent of a failure: the first and last line of the block around a line that a rule matches.

Pure: reads a `Document` by position, decides nothing about which block explains the failure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_stat.failures.commands.marks import is_end
from ci_stat.failures.document import Document
from ci_stat.failures.extents import extended_down, extended_up
from ci_stat.failures.rules import Rule, compiled
from ci_stat.failures.vocabulary import is_service

_INDENT = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """The lines that a rule matches: positions in the document, `first` and `last` inclusive."""

    rule: Rule
    first: int
    last: int
    at: int  # the position of the line that matched
    match: re.Match[str]

    @property
    def positions(self) -> range:
        return range(self.first, self.last + 1)

    @property
    def weight(self) -> str:
        """The weight of the rule, or its `bare` weight if the block is a single line."""
        if self.rule.bare and self.first == self.last:
            return self.rule.bare
        return self.rule.weight


def indent_of(text: str) -> int:
    """Return the width of the leading white space in columns."""
    return len(_INDENT.match(text)[0].expandtabs(8))  # type: ignore[index]


def blocks_at(
    document: Document, position: int, rule: Rule, match: re.Match[str], floor: int = 0
) -> Iterator[Block]:
    """Yield the block around a match, or one block per item if the rule describes a list.

    `floor`: no block begins above this position.
    """
    first = _first_line(document, position, rule, floor)
    last = _last_line(document, position, rule)

    if rule.items:
        yield from _items(document, position, last, rule)
        return

    last = _trimmed(document, position, last)
    first = extended_up(document, first, rule, floor)
    last = extended_down(document, first, last, rule)
    yield Block(rule, first, last, position, match)


def _items(document: Document, first: int, last: int, rule: Rule) -> Iterator[Block]:
    pattern = compiled(rule.items)
    matches: dict[int, re.Match[str]] = {}
    for position in range(first, last + 1):
        if match := pattern.search(document.text(position)):
            matches[position] = match

    starts = list(matches)
    ends = [start - 1 for start in starts[1:]] + [last]
    for begin, end in zip(starts, ends, strict=False):
        yield Block(rule, begin, _trimmed(document, begin, end), begin, matches[begin])


def _first_line(document: Document, position: int, rule: Rule, floor: int) -> int:
    if not rule.back:
        return position

    back = compiled(rule.back)
    lowest = max(floor, position - rule.lines)
    first = position
    while first > lowest and document.follows(first) and back.search(document.text(first - 1)):
        if is_end(document, first - 1):
            break
        first -= 1

    while first < position and not document.text(first).strip():
        first += 1
    return first


def _last_line(document: Document, position: int, rule: Rule) -> int:
    last, empty, extra = position, 0, rule.tail
    depth = indent_of(document.text(position))

    for current in _below(document, position, rule.lines):
        text = document.text(current)
        if current < position + rule.head:
            last = current
        elif not text.strip():
            empty += 1
            if empty > rule.blank:
                break
        elif rule.through and compiled(rule.through).search(text):
            return current
        elif rule.indent and indent_of(text) <= depth:
            if not extra or empty:
                break
            last, extra = current, extra - 1
        elif _ends_block(rule, text):
            break
        else:
            last, empty = current, 0

    return last


def _below(document: Document, position: int, lines: int) -> Iterator[int]:
    """Yield the lines below a line, in its command and its branch."""
    for current in range(position + 1, position + lines):
        if not document.follows(current) or is_end(document, current):
            return
        if document.same_stream(current, position):
            yield current


def _ends_block(rule: Rule, text: str) -> bool:
    if rule.until and compiled(rule.until).search(text):
        return True
    return bool(rule.down) and not compiled(rule.down).search(text)


def _trimmed(document: Document, first: int, last: int) -> int:
    """Return the last line of the block without empty lines and lines of servers at its end."""
    while last > first and (not document.text(last).strip() or is_service(document.text(last))):
        last -= 1
    return last

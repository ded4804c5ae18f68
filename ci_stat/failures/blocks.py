"""How far a failure reaches: from the line that a rule matched to the first and last line of its block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ci_stat.failures.document import Document
from ci_stat.failures.rules import Rule, compiled
from ci_stat.failures.vocabulary import is_service

_INDENT = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of lines that a rule found: positions in the document, both inclusive."""

    rule: Rule
    first: int
    last: int
    at: int  # the line that matched
    match: re.Match[str]

    @property
    def weight(self) -> str:
        """The rule's weight, or the one it has for a block of one line."""
        return self.rule.bare if self.rule.bare and self.first == self.last else self.rule.weight


def indent_of(text: str) -> int:
    """Columns of blank space in front."""
    return len(_INDENT.match(text)[0].expandtabs(8))  # type: ignore[index]


def blocks_at(
    document: Document, position: int, rule: Rule, match: re.Match[str], floor: int = 0
) -> Iterator[Block]:
    """The block that begins at a match; several where the rule says that it is a list. Not above position `floor`."""
    first, last = _up(document, position, rule, floor), _down(document, position, rule)
    if not rule.items:
        yield Block(rule, first, _trimmed(document, position, last), position, match)
        return
    found = [
        (each, hit)
        for each in range(position, last + 1)
        if (hit := compiled(rule.items).search(document.text(each)))
    ]
    ends = [each - 1 for each, _ in found[1:]] + [last]
    for (begin, hit), end in zip(found, ends, strict=False):
        yield Block(rule, begin, _trimmed(document, begin, end), begin, hit)


def _up(document: Document, position: int, rule: Rule, floor: int) -> int:
    if not rule.back:
        return position
    back, first = compiled(rule.back), position
    while (
        first > floor
        and position - first < rule.lines
        and document.follows(first)
        and back.search(document.text(first - 1))
    ):
        first -= 1
    while first < position and not document.text(first).strip():
        first += 1
    return first


def _down(document: Document, position: int, rule: Rule) -> int:
    last, empty, extra = position, 0, rule.tail
    depth = indent_of(document.text(position))
    for current in range(position + 1, position + rule.lines):
        if not document.follows(current):
            break
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
        elif _stops(rule, text):
            break
        else:
            last, empty = current, 0
    return last


def _stops(rule: Rule, text: str) -> bool:
    if rule.until and compiled(rule.until).search(text):
        return True
    return bool(rule.down) and not compiled(rule.down).search(text)


def _trimmed(document: Document, first: int, last: int) -> int:
    while last > first and (not document.text(last).strip() or is_service(document.text(last))):
        last -= 1
    return last

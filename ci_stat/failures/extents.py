"""Where a block that a rule describes only in part begins and ends: with its paragraph.

A rule names the lines of a failure that are always the same. Other versions of a tool write more
lines around them, so a panic reaches up to the start of its paragraph, and a short block runs on
to the end of its own. A rule with `exact` says itself where its blocks begin and end.
"""

import re

from ci_stat.failures.commands.marks import is_end
from ci_stat.failures.document import Document
from ci_stat.failures.rules import EFFECT, Rule
from ci_stat.failures.vocabulary import is_calm, is_command, is_echo, is_service, loudness
from ci_stat.records import FailureKind

UP, DOWN = 6, 6  # lines that a block is extended by
SHORT = 3  # lines of a block that runs on to the end of its paragraph

_UNEXPECTED = frozenset({FailureKind.PANIC, FailureKind.CRASH})
_MARK = re.compile(rb"travis_(?:fold|time):|section_(?:start|end):|##\[|^The command \"")
# Rulers, marks of the next test or file, and what make says after its child failed.
_NEXT_ENTRY = re.compile(
    r"^\W*$|^(?:[-=*_~#] ?){5}|^(?:===|---) |^\[ *\d+(?: of |/)|^\[?[ \d]{3}%"
    r"|^\[? *(?:PASS|SKIP|OK|FAIL|XFAIL|TEST|RUN|START)(?:ED)?\b|^\S*make(?:\[\d+\])?: "
)
_CONTINUATION = re.compile(
    r"^\s*(?:Caused by: |at [\w$.<>/]+[ (]|\.\.\. \d+ (?:more|common)|\d{0,6} +\| |\d* *\| *\^"
    r"|\^[\^~-]*$|~+\^~*$|= (?:note|help): )"
)


def extended_up(document: Document, first: int, rule: Rule, floor: int) -> int:
    """Return where the paragraph of a panic begins; other blocks begin where they are."""
    if rule.exact or rule.weight == EFFECT or rule.kind not in _UNEXPECTED:
        return first

    start = first
    lowest = max(floor, first - UP)
    while start > lowest and document.follows(start) and not _is_foreign(document, start - 1):
        start -= 1

    if start == first - UP:
        # Too long for a paragraph of its own: the panic stands in the output of something else.
        while start < first and loudness(document.text(start)) < 1:
            start += 1
    return start


def extended_down(document: Document, first: int, last: int, rule: Rule) -> int:
    """Return where a block ends: a short one with its paragraph, others with their traces."""
    if rule.exact or rule.until or rule.through or rule.weight == EFFECT:
        return last

    is_short = last - first < SHORT
    limit = last + DOWN
    while last < limit and document.follows(last + 1):
        if not (is_short or _CONTINUATION.search(document.text(last + 1))):
            break
        if _is_foreign(document, last + 1) or not document.same_stream(last + 1, first):
            break
        last += 1
    return last


def _is_foreign(document: Document, position: int) -> bool:
    """Whether a line is no part of a failure: empty, progress, a command, the next entry."""
    text = document.text(position)
    return (
        bool(_NEXT_ENTRY.search(text))
        or bool(_MARK.search(document.raw(position)[:4000]))
        or is_end(document, position)
        or is_echo(text)
        or is_command(text)
        or is_calm(text)
        or is_service(text)
    )

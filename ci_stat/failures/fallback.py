"""The general answer, when no rule speaks: the part of the output that most likely decided the exit.

A failed command says why shortly before it ends: the paragraph right above the first line that only tells of the
failure is the answer, unless another paragraph speaks of trouble much more loudly.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ci_stat.failures.document import Document
from ci_stat.failures.sections import Section
from ci_stat.failures.vocabulary import has_place, is_calm, is_command, is_echo, loudness

REACH = 800  # lines looked at before the end
EFFECTS_APART = 6  # lines between two that only tell of the failure, so that they are one group
MOST = 60  # lines of an answer
NEAR, FADES, FAR = 8.0, 4.0, 0.8
QUIET = 0.8
LOUD, QUIETER = 3.0, 0.3
BEFORE = 3  # lines kept before the first that speaks of trouble
LISTED = 0.5  # share of lines that look like entries, in a list
SIMILAR = 0.6  # share of words that two lines of one list have in common, numbers aside

_VARYING = re.compile(r"\d+|[0-9a-f]{7,}|\S*[/\\]\S*")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    lines: tuple[int, ...]
    said: float
    score: float


def guess(document: Document, section: Section, effects: set[int]) -> list[tuple[int, int]]:
    """Positions first..last of the answers within a section, in order; none if it says nothing at all.

    `effects`: positions of lines that only tell that something failed.
    """
    last = _before_effects(document, section, effects)
    start = max(section.first, last - REACH)
    paragraphs = list(_paragraphs(document, start, last, effects))
    if section.loose and last == section.last:
        # Nothing marks the place where it failed: lines that speak of no trouble would be any lines.
        paragraphs = [each for each in paragraphs if each.said >= 1]
    if not paragraphs:
        return []
    best = max(paragraphs, key=lambda each: each.score)
    loud = max(paragraphs, key=lambda each: (each.said, each.lines))
    chosen = (
        [best]
        if loud is best or loud.said < LOUD or best.said > QUIETER * loud.said
        else [loud, best]
    )
    return [
        _with_list(document, *_cut(document, _trimmed(document, each.lines)), last)
        for each in chosen
    ]


def loudest(document: Document, first: int, last: int) -> float:
    """How much of trouble the loudest line of an answer speaks: 4 and more is an error message."""
    return max(loudness(document.text(each)) for each in range(first, last + 1))


def _trimmed(document: Document, lines: tuple[int, ...]) -> tuple[int, ...]:
    """Without what stands before the first line that speaks of trouble; the last lines alike where none does."""
    loud = [index for index, each in enumerate(lines) if loudness(document.text(each)) >= 1]
    if loud:
        return lines[max(0, loud[0] - BEFORE) :]
    first = len(lines) - 1
    while first > 0 and _similar(document.text(lines[first - 1]), document.text(lines[first])):
        first -= 1
    return lines[first:]


def _with_list(document: Document, first: int, last: int, end: int) -> tuple[int, int]:
    """With the paragraph that follows, where the last line announces a list."""
    if not document.text(last).endswith(":"):
        return first, last
    below = last + 1
    while below <= end and not document.text(below).strip():
        below += 1
    while below <= end and document.text(below).strip() and below - last < MOST:
        below += 1
    return first, below - 1 if below - 1 > last + 1 else last


def _before_effects(document: Document, section: Section, effects: set[int]) -> int:
    """The last line above the last group of effects of a section."""
    last = section.last
    for each in range(section.last, max(section.first, section.last - REACH), -1):
        if last - each > EFFECTS_APART:
            break
        if each in effects or is_echo(document.text(each)):
            last = each - 1
    return (
        last
        if any(
            _speaks(document, each, effects)
            for each in range(max(section.first, last - 50), last + 1)
        )
        else section.last
    )


def _speaks(document: Document, position: int, effects: set[int]) -> bool:
    text = document.text(position)
    return (
        bool(text.strip())
        and position not in effects
        and not document.passes(position)
        and not is_echo(text)
        and not is_command(text)
    )


def _paragraphs(
    document: Document, first: int, last: int, effects: set[int]
) -> Iterator[_Paragraph]:
    """Runs of lines that are neither empty nor calm, scored by what they say and how near the end they are."""
    behind = 0  # lines that say something between a paragraph and the end
    run: list[int] = []
    for position in range(last, first - 1, -1):
        text = document.text(position)
        if _speaks(document, position, effects) and not is_calm(text):
            run.append(position)
            continue
        if run:
            yield _scored(document, tuple(reversed(run)), behind)
            behind += len(run)
            run = []
        behind += bool(text.strip()) and not is_echo(text)
    if run:
        yield _scored(document, tuple(reversed(run)), behind)


def _scored(document: Document, lines: tuple[int, ...], behind: int) -> _Paragraph:
    loud = sorted((loudness(document.text(each)) for each in lines), reverse=True)
    said = loud[0] + 0.5 * sum(loud[1:4])
    near = NEAR * math.exp(-behind / FADES) * (1.0 if said >= 1 else QUIET)
    return _Paragraph(lines, said, said + near - FAR * math.log1p(behind))


def _cut(document: Document, lines: tuple[int, ...]) -> tuple[int, int]:
    """The part of a long paragraph that stands around its loudest line; lists stay whole."""
    if len(lines) <= MOST or _is_list(document, lines):
        return lines[0], lines[-1]
    at = max(range(len(lines)), key=lambda each: (loudness(document.text(lines[each])), each))
    first = max(0, at - MOST // 4)
    return lines[first], lines[min(first + MOST, len(lines)) - 1]


def _is_list(document: Document, lines: tuple[int, ...]) -> bool:
    some = [document.text(each) for each in lines[:: max(1, len(lines) // 40)]]
    alike = sum(_similar(one, two) for one, two in pairwise(some))
    return max(alike, sum(has_place(each) or loudness(each) > 1 for each in some)) > LISTED * len(
        some
    )


def _similar(one: str, two: str) -> bool:
    first, second = (set(_VARYING.sub("", text).split()) for text in (one, two))
    return len(first & second) > SIMILAR * max(1, len(first | second))

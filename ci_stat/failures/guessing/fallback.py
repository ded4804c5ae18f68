"""Guess why a command failed if no rule matches: its failed cases, or the most likely paragraph.

If the output contains a report of failed cases, they are the answer. Otherwise a failed command
says why shortly before it ends: the answer is the paragraph directly above the
first line that only reports the failure, unless another paragraph is a much clearer error message.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, starmap

from ci_stat.failures.commands.sections import Section
from ci_stat.failures.document import Document
from ci_stat.failures.guessing.cases import failed_cases, shown_cases
from ci_stat.failures.guessing.paragraphs import whole_message, without_varying
from ci_stat.failures.vocabulary import (
    ERROR,
    has_place,
    is_calm,
    is_command,
    is_echo,
    is_usage,
    loudness,
)

REACH = 800  # lines that are looked at before the end of a command
EFFECT_GAP = 6  # lines between two reports of the failure that still form one group
EFFECT_REACH = 50  # lines above the reports, one of which must be output of the command
USAGE_REACH = 200  # lines of the usage of a command
MAX_LINES = 60  # lines of an answer
NEAR, FADE, DISTANCE = 8.0, 4.0, 0.8  # weights of the distance to the end
QUIET = 0.8  # factor for a paragraph without an error word
LOUD, RATIO = 3.0, 0.3  # a paragraph this loud wins over one that is `RATIO` times as loud
BEFORE = 1  # lines kept before the first error word
MAX_QUIET = 6  # lines of a paragraph without an error word that are all shown
LIST_SHARE = 0.5  # share of lines that look like entries of a list
SIMILAR = 0.6  # share of common words in two lines of one list, without numbers


@dataclass(frozen=True, slots=True)
class _Paragraph:
    lines: tuple[int, ...]
    loudness: float
    score: float


def guess(document: Document, section: Section, effects: set[int]) -> list[tuple[int, int]]:
    """Return the first and last position of each answer in a section, in order of the log.

    The list is empty if no line says anything. `effects`: positions of lines that only report the
    failure.
    """
    cases = failed_cases(document, section.outer, section.last, effects)
    if any(case.has_details for case in cases):
        return [(case.first, case.last) for case in shown_cases(cases)]

    last = _above_usage(document, section, _before_effects(document, section, effects))
    start = max(section.first, last - REACH)
    paragraphs = list(_paragraphs(document, start, last, effects))

    if section.loose and last == section.last:
        # No line marks the place of the failure, so a paragraph needs at least an error word.
        paragraphs = [paragraph for paragraph in paragraphs if paragraph.loudness >= 1]
    if not paragraphs:
        return []

    best = max(paragraphs, key=lambda paragraph: paragraph.score)
    loudest = max(paragraphs, key=lambda paragraph: (paragraph.loudness, paragraph.lines))
    is_much_louder = loudest.loudness >= LOUD and best.loudness <= RATIO * loudest.loudness
    chosen = [loudest, best] if is_much_louder and loudest is not best else [best]
    answers = [_answer(document, paragraph, last) for paragraph in chosen]
    limits = (section.first, section.last)
    return [whole_message(document, *answer, limits) for answer in answers]


def max_loudness(document: Document, first: int, last: int) -> float:
    """Return the loudness of the loudest of these lines; `vocabulary.ERROR` is an error message."""
    return max(map(loudness, document.line_texts(range(first, last + 1))))


def _answer(document: Document, paragraph: _Paragraph, end: int) -> tuple[int, int]:
    lines = _trimmed(document, paragraph.lines)
    first, last = _cut(document, lines)
    return first, _end_of_list(document, last, end)


def _trimmed(document: Document, lines: tuple[int, ...]) -> tuple[int, ...]:
    """Drop the lines before the first error word; without one, keep the last similar lines."""
    texts = document.line_texts(lines)
    if len(lines) <= MAX_LINES and _is_list(document, lines):
        return lines

    for index, text in enumerate(texts):
        if loudness(text) >= 1:
            return lines[max(0, index - BEFORE) :]

    if len(lines) <= MAX_QUIET:
        return lines

    first = len(lines) - 1
    while first > 0 and _similar(texts[first - 1], texts[first]):
        first -= 1
    return lines[first:]


def _end_of_list(document: Document, last: int, end: int) -> int:
    """Return the end of the next paragraph if the line at `last` announces a list, else `last`."""
    if not document.text(last).endswith(":"):
        return last

    below = last + 1
    while below <= end and not document.text(below).strip():
        below += 1
    while below <= end and document.text(below).strip() and below - last < MAX_LINES:
        below += 1
    return below - 1 if below - 1 > last + 1 else last


def _before_effects(document: Document, section: Section, effects: set[int]) -> int:
    """Return the last line above the last group of lines that only report the failure."""
    last = section.last
    for position in range(section.last, max(section.first, section.last - REACH), -1):
        if last - position > EFFECT_GAP:
            break
        if position in effects or is_echo(document.text(position)):
            last = position - 1

    start = max(section.first, last - EFFECT_REACH)
    if any(_is_output(document, position, effects) for position in range(start, last + 1)):
        return last
    return section.last


def _above_usage(document: Document, section: Section, last: int) -> int:
    """Return the line above the usage that a command prints if its arguments are wrong."""
    above = last
    positions = range(last, max(section.first, last - USAGE_REACH), -1)
    if not any(is_usage(text) for text in document.line_texts(positions)):
        return last

    for position in positions:
        text = document.text(position)
        if is_usage(text):
            above = position - 1
        elif loudness(text) >= ERROR:
            break

    is_message = any(text.strip() for text in document.line_texts(range(above - 1, above + 1)))
    return above if is_message else last


def _is_output(document: Document, position: int, effects: set[int]) -> bool:
    """Whether a line can be part of an answer."""
    text = document.text(position)
    return (
        bool(text.strip())
        and position not in effects
        and not document.in_baseline(position)
        and not is_echo(text)
        and not is_command(text)
    )


def _paragraphs(
    document: Document, first: int, last: int, effects: set[int]
) -> Iterator[_Paragraph]:
    """Yield runs of lines that are neither empty nor calm, from the last to the first."""
    behind = 0  # lines with text between a paragraph and the end
    lines: list[int] = []

    for position in range(last, first - 1, -1):
        text = document.text(position)
        if _is_output(document, position, effects) and not is_calm(text):
            lines.append(position)
            continue

        if lines:
            if not _is_relayed(document, lines):
                yield _scored(document, tuple(reversed(lines)), behind)
                behind += len(lines)
            lines = []
        behind += bool(text.strip()) and not is_echo(text)

    if lines:
        yield _scored(document, tuple(reversed(lines)), behind)


def _is_relayed(document: Document, lines: list[int]) -> bool:
    """Whether the lines, last one first, are a traceback of a child's exit code."""
    below = lines[0] + 1
    return document.text(lines[-1]).startswith("Traceback ") and is_echo(document.text(below))


def _scored(document: Document, lines: tuple[int, ...], behind: int) -> _Paragraph:
    loudest = sorted(map(loudness, document.line_texts(lines)), reverse=True)
    loud = loudest[0] + 0.5 * sum(loudest[1:4])

    near = NEAR * math.exp(-behind / FADE) * (1.0 if loud >= 1 else QUIET)
    return _Paragraph(lines, loud, loud + near - DISTANCE * math.log1p(behind))


def _cut(document: Document, lines: tuple[int, ...]) -> tuple[int, int]:
    """Return the part of a long paragraph around its loudest line; a list is kept as it is."""
    if len(lines) <= MAX_LINES or _is_list(document, lines):
        return lines[0], lines[-1]

    levels = list(map(loudness, document.line_texts(lines)))
    loudest = len(lines) - 1 - levels[::-1].index(max(levels))
    first = max(0, loudest - MAX_LINES // 4)
    return lines[first], lines[min(first + MAX_LINES, len(lines)) - 1]


def _is_list(document: Document, lines: tuple[int, ...]) -> bool:
    sample = document.line_texts(lines[:: max(1, len(lines) // 40)])
    similar = sum(starmap(_similar, pairwise(sample)))
    entries = sum(has_place(text) or loudness(text) > 1 for text in sample)
    return max(similar, entries) > LIST_SHARE * len(sample)


def _similar(one: str, two: str) -> bool:
    first, second = (set(without_varying(text).split()) for text in (one, two))
    return len(first & second) > SIMILAR * max(1, len(first | second))

"""The failed cases that a report shows, with their details, for a guess.

What belongs to a case is indented below its mark, or reaches to the next mark, heading or count.
"""

from dataclasses import dataclass
from itertools import zip_longest

from ci_stat.failures.blocks import indent_of
from ci_stat.failures.document import Document
from ci_stat.failures.guessing.reporters import (
    Mark,
    Shape,
    ends_case,
    has_passed,
    marks,
    without_prefix,
)
from ci_stat.failures.vocabulary import loudness

MAX_LINES = 200  # lines of one case
MAX_EMPTY = 3  # empty lines in a row inside of a case
SHOWN_LINES = 60  # lines of all cases that are shown; the first case is shown in any case

_WIDE = (Shape.RULED, Shape.NUMBERED)  # a case of these shapes may have several paragraphs


@dataclass(frozen=True, slots=True)
class Case:
    """The lines of a failed case, positions `first` to `last`."""

    first: int
    last: int
    name: str

    @property
    def has_details(self) -> bool:
        """Whether the report says more about the case than its name."""
        return self.last > self.first


def failed_cases(document: Document, first: int, last: int, effects: set[int]) -> list[Case]:
    """Return the failed cases that a report in these lines shows, in order of the log.

    A case that is reported several times is returned once: where the report has details.
    """
    cases: dict[str, Case] = {}
    reported = marks(document, first, last, effects)

    for mark, below in zip_longest(reported, reported[1:]):
        limit = below.position - 1 if below else last
        case = Case(mark.position, _end(document, mark, limit), mark.case)
        if _is_list_entry(document, mark, case):
            continue
        known = cases.get(case.name)
        if known is None or (case.has_details and not known.has_details):
            cases[case.name] = case

    return sorted(cases.values(), key=lambda case: case.first)


def shown_cases(cases: list[Case]) -> list[Case]:
    """Return the cases with details, from the first on as far as `SHOWN_LINES` allows."""
    shown: list[Case] = []
    lines = 0

    for case in cases:
        if case.has_details:
            lines += case.last - case.first + 1
            if shown and lines > SHOWN_LINES:
                break
            shown.append(case)
    return shown


def _is_list_entry(document: Document, mark: Mark, case: Case) -> bool:
    """Whether a numbered paragraph says nothing of an error: any text may have a numbered list."""
    if mark.shape is not Shape.NUMBERED or not case.has_details:
        return False
    texts = document.line_texts(range(case.first, case.last + 1))
    return all(loudness(text) < 1 for text in texts)


def _end(document: Document, mark: Mark, limit: int) -> int:
    """Return the last line of a case that begins with a mark, at most `limit`."""
    depth = indent_of(without_prefix(document.text(mark.position)))
    below = _first_below(document, mark, limit)
    text = without_prefix(document.text(below))

    if mark.shape is not Shape.RULED and indent_of(text) > depth:
        return _end_of_indented(document, mark, limit, depth)
    is_entry = mark.shape is Shape.NUMBERED and indent_of(text) == depth > 0
    if mark.shape is Shape.MARKED or is_entry:
        return mark.position
    return _end_of_paragraphs(document, mark, limit)


def _first_below(document: Document, mark: Mark, limit: int) -> int:
    end = min(limit, mark.position + MAX_EMPTY + 1)
    for position in range(mark.position + 1, end + 1):
        if document.text(position).strip():
            return position
    return mark.position


def _end_of_indented(document: Document, mark: Mark, limit: int, depth: int) -> int:
    end = mark.position
    for position in range(mark.position + 1, min(limit, mark.position + MAX_LINES) + 1):
        text = without_prefix(document.text(position))
        if not text.strip():
            if position - end > MAX_EMPTY:
                break
        elif indent_of(text) <= depth or has_passed(text):
            break
        else:
            end = position
    return end


def _end_of_paragraphs(document: Document, mark: Mark, limit: int) -> int:
    end = mark.position
    for position in range(mark.position + 1, min(limit, mark.position + MAX_LINES) + 1):
        text = without_prefix(document.text(position))
        if not text.strip():
            continue

        is_next = position == end + 1
        is_inside = is_next or (mark.shape in _WIDE and position - end <= MAX_EMPTY + 1)
        is_indented = indent_of(text) > 0 and position - end <= MAX_EMPTY
        if not (is_inside or is_indented) or has_passed(text) or ends_case(text):
            break
        end = position
    return end

"""The context of a failure: what else its command said that a diagnosis needs.

The cause of a failure is short. Around it stand the command, the names of failed tests, the
assertion, counts and the last lines of the command, often far apart. They are chosen within a
budget of characters, and the number of lines that it left out is returned.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ci_stat.failures.blocks import indent_of
from ci_stat.failures.commands.sections import Section
from ci_stat.failures.commands.steps import Step, failed_step
from ci_stat.failures.describe import size, total_size
from ci_stat.failures.document import Document
from ci_stat.failures.relevance import (
    form,
    is_assertion,
    is_progress,
    names,
    possibly_relevant,
    relevance,
    shape,
)
from ci_stat.failures.select import FailureSpan

BUDGET, MIN_BUDGET, MAX_BUDGET = 6000, 2500, 4000  # characters; the failures count in the first
SMALL_LINES, SMALL_CHARS = 40, 3000  # an output that is not larger is context as a whole
TAIL_LINES, TAIL_CHARS = 12, 1200  # last lines of the command
ABOVE, BELOW = 3, 10  # lines of a paragraph around a relevant line
GAP = 1  # lines between two ranges that are shown instead of a note
MAX_SEARCHED = 20_000  # lines before the end of the command
MAX_HITS, MAX_CANDIDATES = 1000, 300  # lines that are compared, and that can be chosen
MAX_COVERED = 300  # lines of the failures that are compared with other lines
MIN_COPY = 20  # characters; a shorter line may say the same by chance
MAX_CAUSES = 5  # failures whose distance to other lines counts

SEEN_BEFORE = 0.4  # factor for a line that a command before printed too
REPEATED = 0.35  # a line counts less if it is repeated
SAME_NAME, MAX_NAMED = 2.0, 8  # for a name of the failure that at most so many lines contain
FAR, FADE = 0.4, 100.0  # the factor falls with the distance, in lines, from 1 to `FAR`
ALIKE = 0.4  # factor for each chosen line of the same shape
LEAST, SHARE = 0.5, 0.25  # the lowest score of a line, also as a share of the highest


@dataclass(frozen=True, slots=True)
class Context:
    """Ranges of line numbers, first and last, in order of the log and outside of all failures.

    `omitted`: further relevant lines for which the budget was too small.
    """

    ranges: tuple[tuple[int, int], ...] = ()
    omitted: int = 0


def find_context(
    document: Document, commands: Sequence[Section], spans: Sequence[FailureSpan]
) -> Context:
    """Return the context of failures, the most important one first.

    `commands`: those that failed. Only the command of the first failure has a context.
    """
    step = failed_step(document, commands, spans)
    covered = {position for span in spans for position in span.positions}

    is_small = len(step.positions) <= SMALL_LINES
    if is_small and total_size(document, step.positions) <= SMALL_CHARS:
        return Context(_ranges(document, {*step.head, *step.positions}, covered))

    choice = _Choice(document, step, covered)
    choice.add_tail()
    searched = range(max(0, step.last - MAX_SEARCHED), step.last + 1)
    hits = possibly_relevant(document, searched)[-MAX_HITS:]
    choice.add_relevant(_scores(document, step, hits, choice.known_names(), spans))
    return Context(_ranges(document, choice.chosen.union(step.head), covered), choice.omitted)


class _Choice:
    """The positions chosen so far, within the budget."""

    def __init__(self, document: Document, step: Step, covered: set[int]) -> None:
        self._document, self._step, self._covered = document, step, covered
        self.chosen: set[int] = set()
        self.omitted = 0

        self._sample = sorted(covered)[:MAX_COVERED]
        rest = BUDGET - total_size(document, self._sample)
        self._budget = max(MIN_BUDGET, min(MAX_BUDGET, rest))
        self._shapes = Counter(shape(document.text(position)) for position in self._sample)
        self._shown = {document.text(position).strip() for position in self._sample}

    def add_tail(self) -> None:
        """Choose the last lines of the command that do not report progress."""
        lines = chars = 0
        for position in range(self._step.last, self._step.first - 1, -1):
            text = self._document.text(position)
            if self._is_known(position) or not text.strip():
                continue

            lines += 1
            chars += size(self._document, position)
            if lines > TAIL_LINES or chars > TAIL_CHARS:
                break
            if not is_progress(text):
                self._add([position])

    def known_names(self) -> set[str]:
        """Return the names in the failures and in the last lines of the command."""
        result: set[str] = set()
        for position in (*self._sample, *self.chosen):
            result |= names(self._document.text(position))
        return result

    def add_relevant(self, scores: dict[int, float]) -> None:
        """Choose paragraphs around relevant lines, the best first, until none is good enough."""
        least = max(LEAST, SHARE * max(scores.values(), default=0.0))
        best = sorted(scores, key=lambda position: (-scores[position], position))
        shapes = {
            position: shape(self._document.text(position)) for position in best[:MAX_CANDIDATES]
        }

        while shapes:
            value, negative = max(
                (scores[position] * ALIKE ** self._shapes[shapes[position]], -position)
                for position in shapes
            )
            if value < least:
                break
            del shapes[-negative]
            self._add_paragraph(-negative)

    def _add_paragraph(self, position: int) -> None:
        if self._is_known(position):
            return
        if size(self._document, position) > self._budget:
            self.omitted += 1
            return

        paragraph = [
            near
            for near in _paragraph(self._document, self._step, position)
            if not self._is_known(near)
        ]
        if not self._add(paragraph):
            self._add([position])

    def _is_known(self, position: int) -> bool:
        """Whether a line is shown already, or is a copy of one that is."""
        if position in self.chosen or position in self._covered:
            return True
        text = self._document.text(position).strip()
        return len(text) >= MIN_COPY and text in self._shown

    def _add(self, positions: list[int]) -> bool:
        """Choose these lines if the budget is large enough; return whether it was."""
        chars = total_size(self._document, positions)
        if chars > self._budget:
            return False

        self._budget -= chars
        self.chosen.update(positions)
        self._shown.update(self._document.text(position).strip() for position in positions)
        self._shapes.update(shape(self._document.text(position)) for position in positions)
        return True


def _paragraph(document: Document, step: Step, position: int) -> range:
    """Return the lines around a relevant one that belong to it."""
    first = position
    while first > max(step.first, position - ABOVE) and document.follows(first):
        text = document.text(first - 1)
        if not text.strip() or is_progress(text):
            break
        first -= 1

    last = position
    depth = indent_of(document.text(position))
    while last < min(step.last, position + BELOW) and document.follows(last + 1):
        text = document.text(last + 1)
        ends = is_progress(text) if text.strip() else not _continues(document, last + 2, depth)
        if ends:
            break
        last += 1
    return range(first, last + 1)


def _continues(document: Document, position: int, depth: int) -> bool:
    """Whether a paragraph goes on behind an empty line: deeper, or with an assertion."""
    text = document.text(position)
    return bool(text.strip()) and (indent_of(text) > depth or is_assertion(text))


def _scores(
    document: Document,
    step: Step,
    hits: Sequence[int],
    known: set[str],
    spans: Sequence[FailureSpan],
) -> dict[int, float]:
    """Return the relevance of lines of a step, by position.

    A line counts less if it is repeated, if a command before printed it too, and far from the end
    and the failures; more if it shares a rare name with them.
    """
    texts = {position: document.text(position) for position in hits if position >= step.first}
    forms = {position: form(text) for position, text in texts.items()}
    before = {form(document.text(position)) for position in hits if position < step.first}
    counts = Counter(forms.values())

    shared = {position: names(text) & known for position, text in texts.items()}
    uses = Counter(name for line_names in shared.values() for name in line_names)

    scores: dict[int, float] = {}
    for position, text in texts.items():
        score = relevance(text) / (1 + REPEATED * math.log2(counts[forms[position]]))
        if not score or document.in_baseline(position):
            continue

        if forms[position] in before:
            score *= SEEN_BEFORE
        if score >= SAME_NAME and any(uses[name] <= MAX_NAMED for name in shared[position]):
            score += SAME_NAME
        scores[position] = score * _nearness(position, step, spans)
    return scores


def _nearness(position: int, step: Step, spans: Sequence[FailureSpan]) -> float:
    distance = step.last - position
    for span in spans[:MAX_CAUSES]:
        distance = min(distance, abs(position - span.first), abs(position - span.last))
    return FAR + (1 - FAR) * math.exp(-distance / FADE)


def _ranges(document: Document, chosen: set[int], covered: set[int]) -> tuple[tuple[int, int], ...]:
    """Join positions to ranges of line numbers; a small gap between two ranges is filled."""
    ranges: list[list[int]] = []
    for position in sorted(chosen - covered):
        if not document.text(position).strip():
            continue
        if ranges and _adjacent(document, ranges[-1][1], position, covered):
            ranges[-1][1] = position
        else:
            ranges.append([position, position])
    return tuple((document.numbers[first], document.numbers[last]) for first, last in ranges)


def _adjacent(document: Document, last: int, position: int, covered: set[int]) -> bool:
    numbers = document.numbers
    return position - last <= GAP + 1 and all(
        between not in covered and numbers[between] - numbers[between - 1] <= document.step
        for between in range(last + 1, position + 1)
    )

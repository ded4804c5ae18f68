"""Select the blocks that explain why a build failed from all blocks that rules find in its log."""

import math
from bisect import bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ci_stat.failures.blocks import Block
from ci_stat.failures.commands.marks import folded_lines
from ci_stat.failures.commands.sections import Section
from ci_stat.failures.document import Document
from ci_stat.failures.effects import is_effect, is_effect_line
from ci_stat.failures.guessing.fallback import guess, max_loudness
from ci_stat.failures.rules import CAUSE, EFFECT, HINT, SUMMARY
from ci_stat.failures.vocabulary import ERROR
from ci_stat.records import FailureKind

_ENVIRONMENT = frozenset({FailureKind.ENV, FailureKind.SETUP, FailureKind.TIMEOUT})
# Lines between a possible cause and the end of the command that failed. One farther away counts
# only if nothing nearer is an error message.
MAX_DISTANCE = 400
LAST_LINES = 60  # lines at the end of a command that may only repeat that it failed
MAX_GUESSES = 3  # failed commands that get a guess


@dataclass(frozen=True, slots=True)
class FailureSpan:
    """The lines of a failure, positions `first` to `last`; `block` is None for a guess."""

    first: int
    last: int
    block: Block | None

    @property
    def positions(self) -> range:
        return range(self.first, self.last + 1)


def select_spans(
    document: Document, blocks: list[Block], commands: list[Section], everything: bool
) -> list[FailureSpan]:
    """Return the lines that explain why the build failed, in order of the log.

    Causes in failed commands come first; without a cause, hints near the end of a failed command;
    without a hint, a guess. Lines of the baseline are cut off at both ends of a span.

    `everything`: also return all other blocks.
    """
    failed = sorted((command for command in commands if command.failed), key=attrgetter("outer"))
    if not failed:
        failed = [Section(0, 0, len(document) - 1, True, loose=True)]

    new = [block for block in blocks if not _in_baseline(document, block)]
    inside = _inside(new, failed)
    if not any(map(_explains, inside)):
        # The line that reports the exit code may be the only one: some codes are a reason.
        inside = _inside(new, failed, with_end=True)

    effects = dict.fromkeys(block for block in inside if is_effect(document, block))
    chosen = _by_weight([block for block in inside if block not in effects], failed)
    spans = _spans(chosen)
    if not any(map(_explains, chosen)):
        known = _effect_lines(inside, effects) | _repeats(document, failed)
        guesses = _guesses(document, known, failed, has_summary=bool(spans))
        distant = _last_hints([block for block in inside if block not in effects])
        if distant and not any(_is_message(document, span) for span in guesses):
            guesses = _spans(distant)
        spans = guesses + spans or _spans(list(effects))

    if everything:
        selected = set(map(id, chosen))  # to compare blocks would be to compare their rules
        others = [block for block in blocks if id(block) not in selected]
        spans += [FailureSpan(block.first, block.last, block) for block in others]

    return sorted((_novel(document, span) for span in spans), key=lambda span: span.first)


def _in_baseline(document: Document, block: Block) -> bool:
    return all(map(document.in_baseline, block.positions))


def _explains(block: Block) -> bool:
    return block.weight in (CAUSE, HINT)


def _inside(blocks: list[Block], commands: list[Section], with_end: bool = False) -> list[Block]:
    """Return the blocks in these commands, which are in order of their beginnings.

    `with_end`: also those in the line that says that a command failed. The summary of a build may
    stand below the end of a command whose limits are uncertain.
    """
    begins = [command.outer for command in commands]
    ends = {command.ended for command in commands} if with_end else set()
    loose = min((command.last for command in commands if command.loose), default=math.inf)

    def is_inside(block: Block) -> bool:
        index = bisect_right(begins, block.at) - 1
        in_command = index >= 0 and block.at <= commands[index].last
        return in_command or block.at in ends or (block.weight == SUMMARY and block.at > loose)

    return list(filter(is_inside, blocks))


def _by_weight(blocks: list[Block], failed: list[Section]) -> list[Block]:
    causes = [block for block in blocks if block.weight == CAUSE]
    # An environment failure says why the build stopped, not where: exceptions near the end of the
    # command belong to the answer.
    if all(block.rule.kind in _ENVIRONMENT for block in causes):
        causes += [block for block in blocks if block.weight == HINT and _near_end(block, failed)]
    return causes + [block for block in blocks if block.weight == SUMMARY]


def _near_end(block: Block, failed: list[Section]) -> bool:
    return any(
        command.outer <= block.at and command.last - block.last < MAX_DISTANCE for command in failed
    )


def _last_hints(blocks: list[Block]) -> list[Block]:
    """Return the last possible cause, however far from the end, and those shortly before it.

    Not those of the environment: a command that goes on for long has got over them.
    """
    hints = [
        block for block in blocks if block.weight == HINT and block.rule.kind not in _ENVIRONMENT
    ]
    return [block for block in hints if hints[-1].last - block.last < MAX_DISTANCE]


def _is_message(document: Document, span: FailureSpan) -> bool:
    return max_loudness(document, span.first, span.last) >= ERROR


def _spans(blocks: list[Block]) -> list[FailureSpan]:
    return [FailureSpan(block.first, block.last, block) for block in blocks]


def _effect_lines(blocks: list[Block], effects: Container[Block]) -> set[int]:
    """Return the positions of lines that report the failure without its reason."""
    positions: set[int] = set()
    for block in blocks:
        if block.weight in (EFFECT, SUMMARY) or block in effects:
            positions.update(block.positions)
    return positions


def _repeats(document: Document, failed: list[Section]) -> set[int]:
    """Return the positions of lines near the ends of commands that only repeat that one failed."""
    return {
        position
        for command in failed
        for position in range(max(command.first, command.last - LAST_LINES), command.last + 1)
        if is_effect_line(document.text(position))
    }


def _guess(document: Document, command: Section, effects: set[int]) -> list[tuple[int, int]]:
    """Return the guesses for a command. Quiet lines that its script folds count last."""
    spans = guess(document, command, effects)
    if not spans or any(max_loudness(document, *span) >= 1 for span in spans):
        return spans

    folded = folded_lines(document, max(command.first, command.last - MAX_DISTANCE), command.last)
    if all(first in folded for first, _ in spans):
        return guess(document, command, effects | folded) or spans
    return spans


def _guesses(
    document: Document, effects: set[int], failed: list[Section], has_summary: bool
) -> list[FailureSpan]:
    """Return a guess for each failed command. Next to a summary only an error message counts."""
    spans = [
        FailureSpan(first, last, None)
        for command in failed[:MAX_GUESSES]
        for first, last in _guess(document, command, effects)
    ]
    if has_summary and not any(_is_message(document, span) for span in spans):
        return []
    return spans


def _novel(document: Document, span: FailureSpan) -> FailureSpan:
    """Cut off the lines at both ends that a passing log contains too, or that others wrote."""
    at = span.block.at if span.block else span.last

    def is_foreign(position: int) -> bool:
        return document.in_baseline(position) or not document.same_stream(position, at)

    first, last = span.first, span.last
    while first < last and is_foreign(first):
        first += 1
    while last > first and is_foreign(last):
        last -= 1
    return FailureSpan(first, last, span.block)


def rules_of(spans: Sequence[FailureSpan]) -> dict[int, frozenset[int]]:
    """Return for each failure the number of its rule; all guesses have the same."""
    numbers: dict[str, int] = {}
    return {
        index: frozenset(
            {numbers.setdefault(span.block.rule.name if span.block else "", len(numbers))}
        )
        for index, span in enumerate(spans)
    }

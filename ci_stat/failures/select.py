"""Which of the things found in a log are the answer."""

from dataclasses import dataclass

from ci_stat.failures.blocks import Block
from ci_stat.failures.document import Document
from ci_stat.failures.fallback import guess, loudest
from ci_stat.failures.rules import CAUSE, EFFECT, HINT, SUMMARY
from ci_stat.failures.sections import Section
from ci_stat.failures.vocabulary import ERROR
from ci_stat.records import FailureKind

_AROUND = frozenset({FailureKind.ENV, FailureKind.SETUP, FailureKind.TIMEOUT})
NEAR_END = (
    400  # lines between something that may be the cause and the end of the command that failed
)
MOST_GUESSED = 3  # failed commands that are guessed about


@dataclass(frozen=True, slots=True)
class Found:
    """A failure's lines, positions first..last, and the block that a rule found, or None for a guess."""

    first: int
    last: int
    block: Block | None


def choose(
    document: Document, blocks: list[Block], parts: list[Section], everything: bool
) -> list[Found]:
    """Causes in commands that failed; without any, what may be a cause; without that, the general answer.

    Lines that a passing log has too are cut off, and with `everything` nothing that a rule found is left out.
    """
    failed = [part for part in parts if part.failed] or [
        Section(0, 0, len(document) - 1, True, loose=True)
    ]
    new = [
        block
        for block in blocks
        if any(not document.passes(each) for each in range(block.first, block.last + 1))
    ]
    inside = _inside(new, failed)
    if not any(block.weight in (CAUSE, HINT) for block in inside):
        # The line that tells the end of a command may be all there is: some exit codes are a reason.
        inside = _inside(new, failed, 1)
    chosen = _by_rule(inside, failed)
    found = [Found(block.first, block.last, block) for block in chosen]
    if not any(block.weight in (CAUSE, HINT) for block in chosen):
        found = _guessed(document, inside, failed, bool(found)) + found
    if everything:
        found += [Found(block.first, block.last, block) for block in blocks if block not in chosen]
    return sorted((_novel(document, each) for each in found), key=lambda each: each.first)


def _inside(blocks: list[Block], parts: list[Section], beyond: int = 0) -> list[Block]:
    return [
        block
        for block in blocks
        if any(part.outer <= block.at <= part.last + beyond for part in parts)
    ]


def _by_rule(blocks: list[Block], failed: list[Section]) -> list[Block]:
    causes = [block for block in blocks if block.weight == CAUSE]
    # Trouble of the machine says why, and not what came of it: exceptions near it belong to the answer.
    if all(block.rule.kind in _AROUND for block in causes):
        causes += [block for block in blocks if block.weight == HINT and _near_end(block, failed)]
    return causes + [block for block in blocks if block.weight == SUMMARY]


def _near_end(block: Block, failed: list[Section]) -> bool:
    return any(part.outer <= block.at and part.last - block.last < NEAR_END for part in failed)


def _guessed(
    document: Document, blocks: list[Block], failed: list[Section], known: bool
) -> list[Found]:
    """The general answer; beside a summary only if it is an error message."""
    effects = {
        each
        for block in blocks
        if block.weight in (EFFECT, SUMMARY)
        for each in range(block.first, block.last + 1)
    }
    spans = [span for part in failed[:MOST_GUESSED] for span in guess(document, part, effects)]
    if known and not any(loudest(document, *span) >= ERROR for span in spans):
        return []
    return [Found(first, last, None) for first, last in spans]


def _novel(document: Document, found: Found) -> Found:
    """Without the lines at both ends that a passing log has too."""
    first, last = found.first, found.last
    while first < last and document.passes(first):
        first += 1
    while last > first and document.passes(last):
        last -= 1
    return Found(first, last, found.block)

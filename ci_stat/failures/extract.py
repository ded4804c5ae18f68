"""The entry point: read a build log once and return the failures in it."""

from collections.abc import Container
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec

from ci_stat.failures.blocks import Block, blocks_at
from ci_stat.failures.case_names import case_key
from ci_stat.failures.commands.sections import ANCHORS as SECTION_ANCHORS
from ci_stat.failures.commands.sections import Section, boundaries, passed, sections
from ci_stat.failures.commands.steps import closing_line
from ci_stat.failures.context import find_context
from ci_stat.failures.describe import describe, short_spans
from ci_stat.failures.document import Document
from ci_stat.failures.log_lines import LogLine, context_lines, failure_lines
from ci_stat.failures.matching import Matcher, rarest_lines
from ci_stat.failures.packages import Packages
from ci_stat.failures.rules import EFFECT, Rule, builtin
from ci_stat.failures.scanning.condense import Condenser
from ci_stat.failures.scanning.left_out import Omissions, left_out, sentence
from ci_stat.failures.scanning.scan import ByteStream, scan
from ci_stat.failures.select import FailureSpan, rules_of, select_spans
from ci_stat.failures.signs import Signs
from ci_stat.records import CaseFailure, Extraction, FailureKind, LogState

_FIRST_KINDS = {FailureKind.ENV: 0, FailureKind.SETUP: 1, FailureKind.COMPILE: 2}
MAX_FAILURES = 2000  # failures kept of one log
MAX_BLOCKS = 20_000  # so that a log full of anchors takes seconds, not minutes
MAX_LINES = 20_000  # lines that rules are tried on, for the same reason


@dataclass(frozen=True, slots=True)
class LogDiagnosis:
    """The result for one log: its failures, and for each of them its lines and its context."""

    extraction: Extraction
    lines: tuple[tuple[LogLine, ...], ...]
    context: tuple[tuple[LogLine, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How logs are scanned: the same for many logs, and cheap to send to another process.

    - `rules`: None stands for the rules of the package.
    - `baseline`: keys of the lines of a passing log of the same job (`baseline.line_keys`);
      those lines do not explain a failure.
    - `everything`: also return effects of other failures and failures of commands that passed.
    """

    rules: tuple[Rule, ...] | None = None
    baseline: Container[int] = frozenset()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found in one log; each failure with its lines."""

    document: Document
    failed: list[Section]
    spans: list[FailureSpan]
    extraction: Extraction


def extract(stream: ByteStream, job: str = "", options: ScanOptions = ScanOptions()) -> Extraction:
    """Return the failures in a build log. Reads the stream to its end in bounded memory.

    `job`: the name of the job; rules that are limited to other jobs are skipped.
    """
    return _read(stream, job, options).extraction


def diagnose(
    stream: ByteStream,
    job: str = "",
    options: ScanOptions = ScanOptions(),
    around: int = 0,
    brief: bool = False,
) -> LogDiagnosis:
    """Like `extract`, with the lines of each failure and what else a diagnosis needs.

    `around`: lines above and below each failure. `brief`: without the context.
    """
    reading = _read(stream, job, options)
    if not brief:
        reading = _with_context(_with_guess(reading))

    document, extraction = reading.document, reading.extraction

    return LogDiagnosis(
        extraction,
        tuple(failure_lines(document, span, around) for span in reading.spans),
        tuple(context_lines(document, failure) for failure in extraction.failures),
    )


def _read(stream: ByteStream, job: str, options: ScanOptions) -> _Reading:
    matcher = _matcher(builtin() if options.rules is None else options.rules)
    condenser = Condenser(matcher, job)
    scanned = scan(stream, matcher.anchors, condenser)
    document = Document(scanned.parts, options.baseline)
    lines, failed = Omissions(), Omissions()
    anchored = document.anchored(matcher.anchors)
    commands, spans = _spans(document, anchored, matcher, job, options.everything, lines)
    packages = Packages(document, anchored)

    rarest = rarest_lines(rules_of(spans), MAX_FAILURES)
    for index, span in enumerate(spans):
        if index not in rarest:
            failed.add(document.numbers[span.first], document.numbers[span.last])
    kept = _without_repeats(
        [
            (packages.of(describe(document, span), span), span)
            for index, span in enumerate(spans)
            if index in rarest
        ]
    )
    short = short_spans(document, [span for _, span in kept])
    failures = tuple(
        _cut(document, failure, whole, span)
        for (failure, whole), span in zip(kept, short, strict=True)
    )

    omitted = left_out((condenser.lines, lines), (condenser.blocks, failed))
    extraction = Extraction(
        LogState.READ, failures, scanned.lines, scanned.size, sentence(omitted), omitted
    )
    return _Reading(
        document, [command for command in commands if command.failed], short, extraction
    )


def _spans(
    document: Document,
    anchored: dict[int, frozenset[int]],
    matcher: Matcher,
    job: str,
    everything: bool,
    omitted: Omissions,
) -> tuple[list[Section], list[FailureSpan]]:
    marks = [position for position in anchored if not matcher.marks.isdisjoint(anchored[position])]
    if passed(document, marks) and not everything:
        return [], []

    commands = sections(document, marks)
    document.separate(boundaries(commands))
    blocks = find_blocks(document, anchored, matcher, job, omitted)
    return commands, select_spans(document, blocks, commands, everything)


def _cut(
    document: Document, failure: CaseFailure, whole: FailureSpan, shown: FailureSpan
) -> CaseFailure:
    """Return the failure with the last line that is shown and the number of lines after it."""
    last, omitted = document.numbers[shown.last], whole.last - shown.last
    return msgspec.structs.replace(failure, last_line=last, omitted=omitted)


def _with_guess(reading: _Reading) -> _Reading:
    """Return a reading of a log that failed with at least one failure: the line that says so."""
    span = closing_line(reading.document, reading.failed) if not reading.spans else None
    if span is None:
        return reading
    failures = (describe(reading.document, span),)
    extraction = msgspec.structs.replace(reading.extraction, failures=failures)
    return replace(reading, spans=[span], extraction=extraction)


def _with_context(reading: _Reading) -> _Reading:
    """Return the reading with the context of its first failure."""
    extraction = reading.extraction
    if not extraction.failures:
        return reading

    context = find_context(reading.document, reading.failed, reading.spans)
    first, *others = extraction.failures
    omitted = first.omitted + context.omitted
    first = msgspec.structs.replace(first, context=context.ranges, omitted=omitted)
    extraction = msgspec.structs.replace(extraction, failures=(first, *others))
    return replace(reading, extraction=extraction)


def find_blocks(
    document: Document,
    anchored: dict[int, frozenset[int]],
    matcher: Matcher,
    job: str = "",
    omitted: Omissions | None = None,
) -> list[Block]:
    """Return the blocks that rules find, in order of the log, without blocks inside others.

    `omitted`: counts the lines that are too many to try.
    """
    blocks: list[Block] = []
    signs = Signs(document)
    end = -1
    tried = rarest_lines(anchored, MAX_LINES)

    for position, literals in anchored.items():
        if position <= end:
            continue
        if position not in tried or len(blocks) >= MAX_BLOCKS:
            if omitted is not None:
                omitted.add(document.numbers[position], document.numbers[position])
            continue

        rules = matcher.rules_with(literals, job)
        new = _matched(document, position, rules, signs, end + 1)
        blocks += new
        if new and new[0].weight != EFFECT:
            end = max(end, new[-1].last)

    return blocks


def _matched(
    document: Document, position: int, rules: list[Rule], signs: Signs, floor: int
) -> list[Block]:
    """Return the blocks of the first rule that matches."""
    text, below = document.text(position), document.text(position + 1)
    for rule in rules:
        match = rule.match(text, below)
        if match and rule.signs and signs.near(rule.signs, position) is None:
            continue
        blocks = list(blocks_at(document, position, rule, match, floor)) if match else []
        if blocks:
            return blocks
    return []


@lru_cache(maxsize=4)
def _matcher(rules: tuple[Rule, ...]) -> Matcher:
    return Matcher(rules, SECTION_ANCHORS)


def _without_repeats(
    failures: list[tuple[CaseFailure, FailureSpan]],
) -> list[tuple[CaseFailure, FailureSpan]]:
    """Keep the first of equal failures. Causes come first, otherwise the order of the log holds.

    A script that prints a failure again does not print its package again.
    """
    first: dict[tuple[str, ...], tuple[CaseFailure, FailureSpan]] = {}
    known: set[tuple[str, ...]] = set()
    for failure, span in failures:
        identity = _identity(failure)
        is_again = not failure.package and identity in known
        if not is_again:
            first.setdefault((*identity, failure.package), (failure, span))
        known.add(identity)
    return sorted(first.values(), key=lambda pair: _rank(pair[0]))


def _rank(failure: CaseFailure) -> int:
    return _FIRST_KINDS.get(FailureKind(failure.kind), 3)


def _identity(failure: CaseFailure) -> tuple[str, ...]:
    """What equal failures of one package have in common; the fingerprint covers the message."""
    return (failure.kind, failure.suite, case_key(failure.name), failure.fingerprint)

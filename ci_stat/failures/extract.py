"""From the text of a log to what went wrong in it."""

from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache

from ci_stat.failures.blocks import Block, blocks_at
from ci_stat.failures.case_names import case_key
from ci_stat.failures.describe import HEAD, TAIL, told
from ci_stat.failures.document import Document
from ci_stat.failures.matching import Matcher
from ci_stat.failures.rules import EFFECT, Rule, builtin
from ci_stat.failures.scan import ByteStream, scan
from ci_stat.failures.sections import ANCHORS as MARKS
from ci_stat.failures.sections import passed, sections
from ci_stat.failures.select import Found, choose
from ci_stat.records import CaseFailure, Extraction, FailureKind, LogState

_FIRST_KINDS = {FailureKind.ENV: 0, FailureKind.SETUP: 1, FailureKind.COMPILE: 2}
MOST = 2000  # failures of one log: a log that is one failure after the other is cut, with a word in `detail`
MOST_BLOCKS = 20_000  # looked at, so that a log made of anchors takes seconds and not minutes


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log for people: `number` 0 stands for lines left out; `part`: it belongs to the failure."""

    number: int
    text: str
    part: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """What a log gave, and for each failure its lines with some around it."""

    extraction: Extraction
    lines: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class How:
    """How a log is read: the same for many logs, and cheap to hand to another process.

    - `rules`: the package's own if None.
    - `passing`: lines that a passing log of the same job also has (`against.lines_of`); they are no reason.
    - `everything`: also what only tells that something failed, and what is near to other failures.
    """

    rules: tuple[Rule, ...] | None = None
    passing: Container[int] = frozenset()
    everything: bool = False


def extract(stream: ByteStream, job: str = "", how: How = How()) -> Extraction:
    """What went wrong, from a build log. Reads the stream to its end, in memory that does not grow with it.

    `job`: its name; rules limited to other jobs are left out.
    """
    return explain(stream, job, how).extraction


def explain(stream: ByteStream, job: str = "", how: How = How(), context: int = 0) -> Explained:
    """As `extract`, with the lines of each failure and `context` lines above and below."""
    matcher = _matcher(builtin() if how.rules is None else how.rules)
    found = scan(stream, matcher.anchors)
    document = Document(found.parts, how.passing)
    anchored = document.anchored(matcher.anchors)
    blocks = find_blocks(document, anchored, matcher, job)
    parts = sections(document, list(anchored))
    nothing_wrong = passed(document, list(anchored)) and not how.everything
    chosen = [] if nothing_wrong else choose(document, blocks, parts, how.everything)
    kept = _each_once([(told(document, each), each) for each in chosen[:MOST]])
    detail = (
        f"only the first {MOST} of {len(chosen)} failures are kept" if len(chosen) > MOST else ""
    )
    extraction = Extraction(
        LogState.READ, tuple(failure for failure, _ in kept), found.lines, found.size, detail
    )
    return Explained(extraction, tuple(_lines(document, each, context) for _, each in kept))


def _lines(document: Document, found: Found, context: int) -> tuple[Line, ...]:
    shown = [
        Line(document.numbers[each], document.text(each), found.first <= each <= found.last)
        for each in range(
            max(0, found.first - context), min(len(document), found.last + 1 + context)
        )
    ]
    head, tail = HEAD + context, TAIL + context
    if len(shown) <= head + tail:
        return tuple(shown)
    left_out = Line(0, f"... {len(shown) - head - tail} more lines ...", True)
    return (*shown[:head], left_out, *shown[-tail:])


def find_blocks(
    document: Document, anchored: dict[int, set[int]], matcher: Matcher, job: str = ""
) -> list[Block]:
    """Every failure that a rule finds, in the order of the log; what lies inside another is left out."""
    found: list[Block] = []
    end = -1
    for position, literals in anchored.items():
        if position > end and len(found) < MOST_BLOCKS:
            rules = matcher.rules_with(literals)
            new = _matched(
                document, position, [rule for rule in rules if rule.for_job(job)], end + 1
            )
            found += new
            if new and new[0].weight != EFFECT:
                end = max(end, new[-1].last)
    return found


def _matched(document: Document, position: int, rules: list[Rule], floor: int) -> list[Block]:
    for rule in rules:
        match = rule.match(document.text(position), document.text(position + 1))
        blocks = list(blocks_at(document, position, rule, match, floor)) if match else []
        if blocks:
            return blocks
    return []


@lru_cache(maxsize=4)
def _matcher(rules: tuple[Rule, ...]) -> Matcher:
    return Matcher(rules, MARKS)


def _each_once(failures: list[tuple[CaseFailure, Found]]) -> list[tuple[CaseFailure, Found]]:
    """A failure printed twice is one, the first. Causes before what they broke, else in the order of the log."""
    seen: dict[tuple[str, ...], tuple[CaseFailure, Found]] = {}
    for failure, found in failures:
        seen.setdefault(_identity(failure), (failure, found))
    return sorted(seen.values(), key=lambda each: _FIRST_KINDS.get(FailureKind(each[0].kind), 3))


def _identity(failure: CaseFailure) -> tuple[str, ...]:
    # With what it said: two packages may have cases of one name.
    return (failure.kind, failure.suite, case_key(failure.name), failure.fingerprint)

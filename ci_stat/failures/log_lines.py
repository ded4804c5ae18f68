"""The lines of a log to show: those of a failure, and those of its context."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from ci_stat.failures.describe import HEAD, TAIL, own_positions
from ci_stat.failures.document import Document
from ci_stat.failures.select import FailureSpan
from ci_stat.records import CaseFailure


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a log to show: `number` is 1-based, 0 for a note about omitted lines.

    `in_failure`: the line belongs to the failure, not to the lines around it.
    """

    number: int
    text: str
    in_failure: bool


def failure_lines(document: Document, span: FailureSpan, around: int) -> tuple[LogLine, ...]:
    """Return the lines of a failure, and `around` lines above and below."""
    first = max(0, span.first - around)
    end = min(len(document), span.last + 1 + around)
    own = set(own_positions(document, span))
    lines = [
        LogLine(document.numbers[position], document.text(position), position in own)
        for position in range(first, end)
        if position in own or position not in span.positions
    ]

    head, tail = HEAD + around, TAIL + around
    omitted = len(lines) - head - tail
    if omitted > 0:
        lines[head:-tail] = [LogLine(0, f"... {omitted} more lines ...", True)]
    return tuple(lines)


def context_lines(document: Document, failure: CaseFailure) -> tuple[LogLine, ...]:
    """Return the lines of a failure's context, with notes about the lines between its ranges."""
    lines: list[LogLine] = []
    for first, last in failure.context:
        if lines:
            lines.append(LogLine(0, _gap(lines[-1].number, first, failure), False))

        start = bisect_left(document.numbers, first)
        end = bisect_right(document.numbers, last)
        lines += [
            LogLine(document.numbers[position], document.text(position), False)
            for position in range(start, end)
        ]
    return tuple(lines)


def _gap(last: int, first: int, failure: CaseFailure) -> str:
    """Return a note about the lines between two ranges of a context."""
    count = first - last - 1
    if count == 0:  # what stands between the ranges belongs to no line: a step ends there
        return "..."
    lines = "1 line" if count == 1 else f"{count} lines"
    has_failure = last < failure.first_line < first
    return f"... {lines} with the failure ..." if has_failure else f"... {lines} ..."

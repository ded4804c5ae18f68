"""The step that failed: the output of one command with the lines that name it.

Scripts print groups of their own inside of a step, so a step of GitHub Actions begins at its
command and ends where the failure is reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ci_stat.failures.commands.sections import Section
from ci_stat.failures.document import Document
from ci_stat.failures.select import FailureSpan

STEP, STEP_END = b"##[group]Run ", b"##[endgroup]"
ERROR = b"##[error]"
JOB = b"Complete job name: "

_MARK_REACH = 100  # bytes of a line in which a mark stands
_JOB_REACH = 500  # lines in which the name of the job stands


@dataclass(frozen=True, slots=True)
class Step:
    """The output of a command, positions `first` to `last`; `head` are lines that name it."""

    head: tuple[int, ...]
    first: int
    last: int

    @property
    def positions(self) -> range:
        return range(self.first, self.last + 1)


def failed_step(
    document: Document, commands: Sequence[Section], spans: Sequence[FailureSpan]
) -> Step:
    """Return the step of the first failure. `commands`: those that failed."""
    command = _command(document, commands, spans)
    marks = _marks(document)
    last = max(command.last, command.ended)
    if command.loose:
        last = max(_with(ERROR, marks), default=last)

    starts = [start for start in _with(STEP, marks) if command.outer <= start < last]
    if not starts:
        return Step((), command.outer if command.loose else command.first, last)

    start = starts[-1]
    first = next((end + 1 for end in _with(STEP_END, marks) if start < end < last), start)
    if not any(document.text(position).strip() for position in range(first, last)):
        first = start  # the command printed nothing: its own lines are all there is
    return Step((*_job_name(document), start), first, last)


def closing_line(document: Document, commands: Sequence[Section]) -> FailureSpan | None:
    """Return the line that says that a command failed; None if the log does not say so.

    It is the guess for a log in which no other line explains the failure.
    """
    if not commands:
        return None

    last = failed_step(document, commands, ()).last
    return None if document.in_baseline(last) else FailureSpan(last, last, None)


def _marks(document: Document) -> dict[int, bytes]:
    """Return the beginnings of the lines that GitHub Actions marks, by position."""
    beginnings = ((n, document.raw(n)[:_MARK_REACH]) for n in range(len(document)))
    return {position: raw for position, raw in beginnings if b"##[" in raw}


def _with(mark: bytes, marks: dict[int, bytes]) -> list[int]:
    return [position for position, raw in marks.items() if mark in raw]


def _job_name(document: Document) -> list[int]:
    positions = range(min(_JOB_REACH, len(document)))
    return [position for position in positions if JOB in document.raw(position)[:_MARK_REACH]][:1]


def _command(
    document: Document, commands: Sequence[Section], spans: Sequence[FailureSpan]
) -> Section:
    """Return the failed command of the first failure, else the last one that failed."""
    for command in commands:
        if spans and command.outer <= spans[0].first <= command.last + 1:
            return command
    if commands:
        return commands[-1]
    return Section(0, 0, len(document) - 1, True, loose=True)

"""The output of single commands in a log, and which of the commands failed.

CI systems mark where commands begin and end (`marks.py`). A log without such marks has no section,
and the caller treats it as the output of one failed command.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ci_stat.failures.commands.marks import (
    ANCHORS,
    Mark,
    MarkKind,
    is_passed,
    is_task_result,
    marks_at,
    output_of,
)
from ci_stat.failures.document import Document

__all__ = ["ANCHORS", "Section", "passed", "sections"]

_NEAR_END = 20  # lines at the end of a log in which the result of the build stands
_LAST_MARKS = 50  # marks that are looked at for the result
_LAST_WORDS = 20  # lines at the end of a container that may say why it failed
_UNFINISHED = 20  # lines of a command without an end; fewer are the words of the CI system
_CONTAINER_TOP = 5  # lines of a step in which the start of its container stands
_MAX_COMMAND = 200  # lines of a command that the line with its exit code repeats


@dataclass(frozen=True, slots=True)
class Section:
    """The output of one command, positions `first` to `last`, without the line that ends it.

    - `outer`: the end of the command before, or the header of the step. A script that prints
      marks of its own hides where its output began.
    - `loose`: the log says that a command failed but not which one, so the limits are uncertain.
    - `ended`: the line that says that it failed; -1 if no line does.
    """

    outer: int
    first: int
    last: int
    failed: bool
    loose: bool = False
    ended: int = -1


def sections(document: Document, marks: list[int]) -> list[Section]:
    """Return the commands whose end is known, in order of the log.

    `marks`: positions of lines that contain one of `ANCHORS`.
    """
    return _commands(document, marks).at_end()


def passed(document: Document, marks: list[int]) -> bool:
    """Whether the log says that the build succeeded.

    The last line near the end that names a result counts. A job of steps that ran to its end
    succeeded if no step reports an error.
    """
    near_end = len(document) - _NEAR_END
    for position in reversed(marks[-_LAST_MARKS:]):
        if position < near_end and not is_task_result(document, position):
            continue
        if is_passed(document, position):
            return True
        if any(_has_failed(mark) for mark in marks_at(document, [position])):
            return False

    commands = _commands(document, marks)
    return commands.is_complete and not any(command.failed for command in commands.at_end())


def boundaries(commands: list[Section]) -> set[int]:
    """Return the positions of lines at which no block of an earlier command continues."""
    return {
        position
        for command in commands
        for position in (command.outer, command.last + 1, command.ended + 1)
    }


def _commands(document: Document, marks: list[int]) -> "_Commands":
    commands = _Commands(document)
    for mark in marks_at(document, marks):
        commands.add(mark)
    return commands


def _has_failed(mark: Mark) -> bool:
    return mark.kind == MarkKind.FAILED or (mark.kind == MarkKind.END and mark.code != "0")


class _Commands:
    """The commands of a log, built mark by mark."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._sections: list[Section] = []
        self._outer = self._first = 0
        self._in_step = self._has_error = False
        self._command = -_MAX_COMMAND  # where the end of a command of several lines begins
        self._last_step: Section | None = None
        self._before_cleanup: Section | None = None
        self._before_post: Section | None = None

    def add(self, mark: Mark) -> None:
        position = mark.position
        match mark.kind:
            case MarkKind.START:
                self._first = max(self._first, position)
            case MarkKind.STEP:
                self._close_step(position)
                self._outer, self._first = position, output_of(self._document, position)
                self._in_step, self._before_cleanup = True, None
            case MarkKind.COMMAND:
                self._command = position
            case MarkKind.END:
                self._end(mark)
            case MarkKind.ERROR:
                self._has_error = True
            case MarkKind.CLEANUP:
                self._before_cleanup = self._before_cleanup or self._open(
                    position, loose=not self._in_step
                )
                self._close_step(position)
            case MarkKind.POST:
                self._before_post = self._open(position, loose=True)
            case MarkKind.FAILED if not self._has_failed:
                self._fail(position)
            case MarkKind.FAILED:
                pass  # it repeats what the line below the command says

    @property
    def is_complete(self) -> bool:
        """Whether the log is that of a job of steps and contains its end."""
        return self._last_step is not None and not self._in_step

    def at_end(self) -> list[Section]:
        """Return the sections of the log, which ends here."""
        if self._has_error:
            self._close(self._open(len(self._document)))

        silent = self._last_step
        if self.is_complete and silent and not self._has_failed and self._is_container(silent):
            # A container that fails says so in its own words only, directly before the end.
            first = max(silent.first, silent.last - _LAST_WORDS)
            return [*self._sections, Section(first, first, silent.last, True, loose=True)]
        return [*self._sections, *self._unfinished()]

    def _unfinished(self) -> Iterator[Section]:
        """Yield the command in which the log stops, if none before it has failed."""
        section = self._open(len(self._document), loose=True)
        if not section or not self._sections or self._has_failed:
            return

        texts = self._document.line_texts(range(section.first, section.last + 1)[:_UNFINISHED])
        if sum(bool(text.strip()) for text in texts) > _UNFINISHED // 2:
            yield section

    @property
    def _has_failed(self) -> bool:
        return any(section.failed for section in self._sections)

    def _is_container(self, step: Section) -> bool:
        top = range(step.first, min(step.first + _CONTAINER_TOP, step.last))
        return any(b"docker run " in self._document.raw(position) for position in top)

    def _open(
        self, end: int, failed: bool = True, loose: bool = False, ended: int = -1
    ) -> Section | None:
        """Return the command that is running, if it has any output above position `end`."""
        first = self._first if self._first < end else self._outer
        if first >= end:
            return None
        return Section(self._outer, first, end - 1, failed, loose, ended)

    def _close(self, section: Section | None) -> None:
        if section:
            self._sections.append(section)
        self._has_error = False

    def _close_step(self, position: int) -> None:
        if self._in_step or self._has_error:
            step = self._open(position, failed=self._has_error)
            self._close(step)
            self._last_step = step or self._last_step
            self._outer = self._first = position
        self._in_step = False

    def _end(self, mark: Mark) -> None:
        end = mark.position
        if mark.loose:
            self._fail(end, mark.code != "0")
        else:
            if end - self._command < _MAX_COMMAND:
                end = self._command
            self._close(self._open(end, mark.code != "0", ended=mark.position))

        self._command = -_MAX_COMMAND
        self._outer = self._first = mark.position + 1

    def _fail(self, position: int, failed: bool = True) -> None:
        """End the command that failed: the one that is running, or the one before cleaning up."""
        before = self._before_cleanup or self._before_post
        section = self._open(position, failed, loose=True, ended=position)
        if before:
            section = replace(before, failed=failed, ended=position)
            self._sections = [step for step in self._sections if step.outer != before.outer]

        self._close(section)
        self._before_cleanup = self._before_post = None

"""What CI systems print between the output of commands: where one begins, ends and has failed.

Travis, GitHub Actions, Azure Pipelines, GitLab, Jenkins, Buildkite, CircleCI, AppVeyor, CodeBuild,
Taskcluster, Prow and TeamCity. `sections.py` builds the commands of a log from these marks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ci_stat.failures.document import Document
from ci_stat.failures.text import without_escapes

ANCHORS = (
    *("travis_time:start", 'The command "', "xited with", "##[group]", "##[error]", "##[section]"),
    *("Process completed with", "script returned exit code", "section_start:", "Job failed"),
    *("marked build as failure", "Finished: ", "Your build exited with", "Job succeeded"),
    *("Post job cleanup", "Cleaning up orphan processes", "task run with exit code", "=== Task "),
    *("~~~ Running ", "-eo pipefail", "did not exit successfully", "wrapped process failed"),
    *("skipped due to earlier failure", "(Declarative: Post "),
)


class MarkKind(Enum):
    """What a line of a CI system says.

    - `START`: output of a command begins. `STEP`: the same, and the command before has ended.
    - `COMMAND`: the first line of an end of several lines, such as a command and its exit code.
    - `END`: a command ended with an exit code.
    - `ERROR`: the running command has failed.
    - `CLEANUP`: what follows is done whatever happened before. `POST`: so it may be; a stage that
      runs later is not.
    - `FAILED`: the result of the whole build.
    """

    START = "start"
    STEP = "step"
    COMMAND = "command"
    END = "end"
    ERROR = "error"
    CLEANUP = "cleanup"
    POST = "post"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark at a position of the document; `code` is the exit code of an `END`."""

    position: int
    kind: MarkKind
    code: str = ""
    loose: bool = False  # the log says that a command failed, but not which one


_END = re.compile(
    r'The command ".*?" (?:(?:failed and )?exited with (?P<travis>\d+)\b|failed \d+ times)'
    r'|^"? ?exited with (?P<tail>\d+)\.'
    r"|Process completed with exit code (?P<action>-?\d+)"
    r"|##\[error\].{0,80} exited with code '(?P<azure>-?\d+)'"
    r"|^\W{0,4}Error: The command exited with status (?P<buildkite>-?\d+)"
    r"|^Exited with code(?: exit status)? (?P<circle>\d+)$"
    r"|^Command exited with code (?P<appveyor>-?\d+)"
    r"|Command did not exit successfully .{0,400} exit status (?P<codebuild>\d+)"
    r"|^\[taskcluster [^\]]{5,40}\] \w+ task run with exit code: (?P<taskcluster>-?\d+)"
    r'|"error":"wrapped process failed: exit status (?P<prow>\d+)'
    r"|\bProcess exited with code (?P<teamcity>-?\d+) \(Step: "
)
_LOOSE_END = re.compile(
    r"(?:script returned exit code|Job failed: exit (?:code|status)) (?P<code>\d+)"
    r"|^Build step .* marked build as failure|^Finished: FAILURE|^(?:ERROR: )?Job failed\b"
)
_TASK_RESULT = re.compile(r"^\[taskcluster [^\]]{5,40}\] \w+ task run with exit code:")
_PASSED = re.compile(
    r"^(?:Finished: SUCCESS$|Done\. Your build exited with 0\.|Job succeeded$"
    r"|\[taskcluster [^\]]{5,40}\] Successful task run with exit code: 0\b)"
)
_COMMAND = re.compile(
    r'^The command "(?!.*" (?:failed|exited))|^\[taskcluster [^\]]{5,40}\] === Task Finished ==='
)
_ERROR = re.compile(r"(?:^|\s)##\[error\]")
_START = re.compile(
    r"travis_time:start|^~~~ Running (?:\w+ )?(?:commands?|scripts?)\b"
    r"|^#!/bin/\w+ -eo pipefail|=== Task Starting ==="
)
# GitLab's own stages of a job. A script may print sections of other names: they hide nothing.
_STAGE = re.compile(
    r"section_start:\d+:(?:(?P<run>prepare_\w+|get_sources|restore_cache|download_artifacts"
    r"|step_script|build_script)|after_script|archive_cache\w*|upload_artifacts\w*"
    r"|cleanup_file_variables)\b"
)
_STEP = re.compile(r"(?:^|\s)##\[(?:group\](?P<header>Run .+)|section\]Starting: )")
_CLEANUP = re.compile(
    r"(?:^|\s)(?:Post job cleanup\.$|Cleaning up orphan processes$|##\[section\]Finishing: )"
    r'|^Stage ".*" skipped due to earlier failure'
)
_FOLD_END = re.compile(r"travis_time:end:|section_end:\d")
# One of these is in each line that ends something: most lines need no other search.
_END_WORDS = re.compile(
    rb"[Ee]xited with|exit (?:code|status)"
    rb"|failed \d+ times|_(?:time:)?end:|Job (?:failed|succeeded)"
    rb"|marked build|Finished: |Finishing: |Post job|Cleaning up|skipped due|did not exit"
)
_POST = re.compile(r"^\[Pipeline\] \{ \(Declarative: Post ")
_USES = re.compile(r"^Run (?:[\w.-]+/[\w./-]+@\S+|\./\S*|docker://\S+)$")
_INPUTS = re.compile(r"^(?:with|env|shell):")
_HEADER_LINES = 300  # lines of a script that a step repeats before its output
_LONG = 4000  # bytes at the end of a line in which a mark is searched


def marks_at(document: Document, positions: list[int]) -> Iterator[Mark]:
    """Yield the marks of these lines in order; a line may end a command and start the next."""
    for position in positions:
        text, line = document.text(position), _line(document, position)
        if end := _end(position, text, line):
            yield end
        elif _ERROR.search(line):
            yield Mark(position, MarkKind.ERROR)
        elif _COMMAND.search(text):
            yield Mark(position, MarkKind.COMMAND)
        yield from _boundary(document, position, text, line)


def is_end(document: Document, position: int) -> bool:
    """Whether a line ends a command or the build; no failure goes on behind it."""
    if not _END_WORDS.search(document.raw(position)[-_LONG:]):
        return False
    text, line = document.text(position), _line(document, position)
    if _FOLD_END.search(line) or _CLEANUP.search(line) or is_passed(document, position):
        return True
    return _end(position, text, line) is not None


def is_passed(document: Document, position: int) -> bool:
    """Whether a line says that the whole build succeeded."""
    return bool(_PASSED.search(document.text(position)))


def is_task_result(document: Document, position: int) -> bool:
    """Whether a line is the result of a task, which other lines of the system may follow."""
    return bool(_TASK_RESULT.search(document.text(position)))


def _line(document: Document, position: int) -> str:
    """Return the line with its marks; of one that is too long only the end."""
    return without_escapes(document.raw(position)[-_LONG:]).decode("utf-8", "replace").rstrip()


def _end(position: int, text: str, line: str) -> Mark | None:
    for shown in (text, line):
        if match := _END.search(shown):
            codes = [code for code in match.groups() if code is not None]
            return Mark(position, MarkKind.END, codes[0] if codes else "1")

    match = _LOOSE_END.search(text)
    if not match:
        return None
    if text.startswith("Finished: "):
        return Mark(position, MarkKind.FAILED)
    return Mark(position, MarkKind.END, match["code"] or "1", loose=True)


def _boundary(document: Document, position: int, text: str, line: str) -> Iterator[Mark]:
    step, stage = _STEP.search(line), _STAGE.search(line)
    if step:
        if not step["header"] or _is_header(document, position, step["header"]):
            yield Mark(position, MarkKind.STEP)
    elif stage:
        yield Mark(position, MarkKind.STEP if stage["run"] else MarkKind.CLEANUP)
    elif _CLEANUP.search(line):
        yield Mark(position, MarkKind.CLEANUP)
    elif _POST.search(text):
        yield Mark(position, MarkKind.POST)
    elif _START.search(line):
        yield Mark(position, MarkKind.START)


def _is_header(document: Document, position: int, title: str) -> bool:
    """Whether a group is the header of a step, not one that a script prints."""
    if _USES.search(title):
        return True
    return any(
        map(_INPUTS.search, document.line_texts(range(position, output_of(document, position))))
    )


def output_of(document: Document, position: int) -> int:
    """Return where the output of the step begins whose header, if it has one, begins here."""
    if b"##[group]" not in document.raw(position):
        return position + 1
    for current in range(position + 1, min(position + _HEADER_LINES, len(document))):
        raw = document.raw(current)
        if b"##[endgroup]" in raw:
            return current + 1
        if b"##[group]" in raw:
            break
    return position + 1


def folded_lines(document: Document, first: int, last: int) -> set[int]:
    """Return the positions of lines in groups that are closed again."""
    lines: set[int] = set()
    begin = -1

    for position in range(first, last + 1):
        raw = document.raw(position)
        if b"##[group]" in raw:
            begin = position
        elif b"##[endgroup]" in raw and begin >= 0:
            lines.update(range(begin, position + 1))
            begin = -1

    return lines

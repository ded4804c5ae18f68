"""The output of single commands in a log, and which of the commands failed.

Travis, GitHub Actions, GitLab, Jenkins and `sh -x` mark commands. A log without such marks has no
section, and the caller treats it as the output of one failed command.
"""

import re
from dataclasses import dataclass

from ci_stat.failures.document import Document

ANCHORS = (
    "travis_time:start",
    'The command "',
    "exited with",
    "##[group]",
    "Process completed with",
    "script returned exit code",
    "section_start:",
    "Job failed: exit",
    "marked build as failure",
    "Finished: ",
    "Your build exited with",
    "Job succeeded",
)
_END = re.compile(
    r'The command "(?P<command>.*?)" '
    r"(?:(?:failed and )?exited with (?P<code>\d+)\b|failed \d+ times)"
    r'|^"? ?exited with (?P<tail>\d+)\.'
    r"|Process completed with exit code (?P<action>\d+)"
    r"|(?:script returned exit code|Job failed: exit (?:code|status)) (?P<script>\d+)"
    r"|^(?P<mark>Build step .* marked build as failure|Finished: FAILURE)"
)
_PASSED = re.compile(r"^(?:Finished: SUCCESS$|Done\. Your build exited with 0\.|Job succeeded$)")
_START = re.compile(rb"travis_time:start|##\[group\]|section_start:")
_NEAR_END = 20  # lines at the end of a log in which the result of the build stands


@dataclass(frozen=True, slots=True)
class Section:
    """The output of one command, positions `first` to `last`, without the line that ends it.

    - `outer`: the end of the command before. A script that prints marks of its own hides where
      its output began.
    - `loose`: the log says that a command failed but not which one, so the limits are uncertain.
    """

    outer: int
    first: int
    last: int
    failed: bool
    loose: bool = False


def sections(document: Document, marks: list[int]) -> list[Section]:
    """Return the sections that end with a known exit code, in order of the log.

    `marks`: positions of lines that contain one of `ANCHORS`.
    """
    result: list[Section] = []
    start = outer = 0

    for position in marks:
        end = _END.search(_full_text(document, position))
        if end:
            if position > start:
                loose = not (end["command"] or end["tail"] or end["action"])
                failed = _exit_code(end) != "0"
                result.append(Section(outer, start, position - 1, failed, loose))
            start = outer = position + 1

        if _START.search(document.raw(position)):
            start = position + 1 if end else position

    return result


def passed(document: Document, marks: list[int]) -> bool:
    """Whether the end of the log says that the build succeeded; the last such line counts."""
    last_marks = [mark for mark in marks if mark >= len(document) - _NEAR_END]
    for position in reversed(last_marks):
        if _PASSED.search(document.text(position)):
            return True

        end = _END.search(_full_text(document, position))
        if end and _exit_code(end) != "0":
            return False
    return False


def _exit_code(end: re.Match[str]) -> str:
    return end["code"] or end["tail"] or end["action"] or end["script"] or "1"


def _full_text(document: Document, position: int) -> str:
    """Return the line for matching; a line that is too long with its end instead of its start."""
    text = document.text(position)
    if _END.search(text):
        return text
    return document.raw(position)[-4000:].decode("utf-8", "replace")

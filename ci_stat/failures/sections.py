"""Where a log says which command failed: the stretches of output of commands, and how they ended.

Travis, GitHub Actions, GitLab, Jenkins and `sh -x` mark them. A log without marks is one stretch that failed.
"""

import re
from dataclasses import dataclass

from ci_stat.failures.document import Document

ANCHORS = (
    "travis_time:start", 'The command "', "exited with", "##[group]", "Process completed with",
    "script returned exit code", "section_start:", "Job failed: exit", "marked build as failure", "Finished: ",
    "Your build exited with", "Job succeeded",
)  # fmt: skip
_END = re.compile(
    r'The command "(?P<command>.*?)" (?:(?:failed and )?exited with (?P<code>\d+)\b|failed \d+ times)'
    r'|^"? ?exited with (?P<tail>\d+)\.'
    r"|Process completed with exit code (?P<action>\d+)"
    r"|(?:script returned exit code|Job failed: exit (?:code|status)) (?P<script>\d+)"
    r"|^(?P<mark>Build step .* marked build as failure|Finished: FAILURE)"
)
_PASSED = re.compile(r"^(?:Finished: SUCCESS$|Done\. Your build exited with 0\.|Job succeeded$)")
_START = re.compile(rb"travis_time:start|##\[group\]|section_start:")


@dataclass(frozen=True, slots=True)
class Section:
    """Output of one command: positions first..last, both inclusive, without the line that tells its end.

    - `outer`: where the last command before it ended; a script that marks its own parts hides where it began.
    - `loose`: that something failed is told, and not which command: its output begins and ends anywhere.
    """

    outer: int
    first: int
    last: int
    failed: bool
    loose: bool = False


def sections(document: Document, marks: list[int]) -> list[Section]:
    """The stretches that ended with a known code, in order. `marks`: positions of lines that hold one of ANCHORS."""
    found: list[Section] = []
    start = outer = 0
    for position in marks:
        text = _whole(document, position)
        end = _END.search(text)
        if end:
            code = _code(end)
            if position > start:
                loose = not (end["command"] or end["tail"] or end["action"])
                found.append(Section(outer, start, position - 1, code != "0", loose))
            start = outer = position + 1
        if _START.search(document.raw(position)):
            start = position + (0 if not end else 1)
    return found


def passed(document: Document, marks: list[int]) -> bool:
    """Whether the last thing that the log says about its end, near its end, is that the build succeeded."""
    for each in reversed([mark for mark in marks if mark >= len(document) - 20]):
        text = document.text(each)
        if _PASSED.search(text):
            return True
        end = _END.search(_whole(document, each))
        if end and _code(end) != "0":
            return False
    return False


def _code(end: re.Match[str]) -> str:
    return next((end[name] for name in ("code", "tail", "action", "script") if end[name]), "1")


def _whole(document: Document, position: int) -> str:
    text = document.text(position)
    return text if _END.search(text) else document.raw(position)[-4000:].decode("utf-8", "replace")

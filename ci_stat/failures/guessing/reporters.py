"""Find the failed cases in the output of a test runner that no rule knows, by their shape.

Runners use different words but the same few shapes: numbered failures, a mark in front of or
behind the name of a case, names between rulers below a heading, a line `Error:` above the name.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from ci_stat.failures.document import Document
from ci_stat.failures.vocabulary import is_command, is_echo

MAX_CASES = 200  # cases of one command
MAX_HINTS = 20_000  # lines that are looked at: the last ones of a command
MARK_LENGTH = 70  # characters of a mark at the end of a line
HEADING_REACH = 3  # lines between a heading and the first name between rulers

# Only lines with one of these are looked at, so that a long log costs little.
_HINTS = re.compile(
    rb"\d\) |[Ff]ail|FAIL|not ok|ERROR|Error|[=_~*#-]{3} |\xe2\x9c[\x96-\x98]|\xe2\x9d\x8c"
    rb"|\xc3\x97|\xe2\x97\x8f"
)
_PREFIX = re.compile(r"^\[(?:info|error|warn|INFO|ERROR|WARN(?:ING)?)\] ?")
_RULED = re.compile(r"^(?P<ruler>[=_~*#-])(?P=ruler){2,} (?P<case>\S.*?) (?P=ruler){3,}$")
_HEADING = re.compile(
    r"^\W*+(?:[\w']+ ){0,4}?"
    r"(?:failures?|errors?|failing(?: tests?)?|failed (?:tests?|examples?|cases?))\W*(?:\(\d+\))?$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s{0,8}(?P<number>\d{1,4})\) (?P<case>\S.*)")
_MARKED = re.compile(
    r"^\s*\W{0,6}(?:FAIL(?:ED|URE)?|not ok(?: \d+)?|\[ *FAIL(?:ED)? *\]|[✗✘✖×❌●]"
    r"|\d{1,4}\. (?:Failure|Error))"
    r"[:\])\s]\s*-? ?(?P<case>[^\s-].*)"
)
_MARK_BEHIND = re.compile(
    r"(?:\.\.|\*\*|<<|\[|:|\s)\s?(?:FAIL(?:ED|URE)?|ERROR)!?(?:\W{0,8}|\s{1,4}\(.{0,40}\))$"
)
_LABEL = re.compile(r"^\s*(?:Error|Failure|Failed):$")
_COUNT = re.compile(
    r"\b\d+ (?:\w+ )?(?:failed|failures?|failing|passed|passing|assertions|tests?|examples?|runs"
    r"|specs?)\b|\bTests(?: run)?: ?\d|^\s*FAILURES!$|^\s*Finished in \d|^\W*(?:Ran|Total) \d+"
)
_PASSED = re.compile(
    r"^\s*(?:ok \d|✓|✔|--- PASS|PASS\b|=== RUN|\[ +(?:OK|RUN) +\])"
    r"|(?<![.FESs*])[.FESs*]{20,}$"  # a character a case
)


class Shape(StrEnum):
    """How a runner reports a failed case."""

    NUMBERED = "numbered"  # `1) name`
    RULED = "ruled"  # `____ name ____` below a heading
    MARKED = "marked"  # `not ok 3 - name`, `name ... FAILED`
    LABELLED = "labelled"  # `Failure:`, and the name in the next line


@dataclass(frozen=True, slots=True)
class Mark:
    """The line that begins the report of a failed case."""

    position: int
    shape: Shape
    case: str


def without_prefix(text: str) -> str:
    """Return a line without the level that a build tool writes in front of a runner's output."""
    return _PREFIX.sub("", text)


def has_passed(text: str) -> bool:
    """Whether a line reports a case that passed, or one character for each case."""
    return bool(_PASSED.search(text))


def ends_case(text: str) -> bool:
    """Whether a line stands between the reports of cases: a heading, a count, a command."""
    return bool(
        _RULED.match(text)
        or _HEADING.match(text)
        or _COUNT.search(text)
        or is_echo(text)
        or is_command(text)
    )


def case_of(text: str, below: str) -> str:
    """Return the name of the failed case whose report begins with a line, or "".

    `below`: the line below it. A mark `ERROR` behind a name is left out: steps have it too.
    """
    text = without_prefix(text)
    if _LABEL.match(text):
        return below.strip()
    for pattern in (_RULED, _NUMBERED, _MARKED):
        if match := pattern.match(text):
            return match["case"].strip()
    return "" if "ERROR" in text[-MARK_LENGTH:] else _case_before_mark(text)


def marks(document: Document, first: int, last: int, effects: set[int]) -> list[Mark]:
    """Return the lines between two positions that begin the report of a failed case."""
    reader = _MarkReader(document)
    hints = [n for n in range(first, last + 1) if _HINTS.search(document.raw(n))]

    for position in hints[-MAX_HINTS:]:
        if position not in effects and not document.in_baseline(position):
            reader.read(position)
    return reader.marks[:MAX_CASES]


def _case_before_mark(text: str) -> str:
    """Return the name in front of a mark at the end of the line, or ""."""
    match = _MARK_BEHIND.search(text, max(0, len(text) - MARK_LENGTH))
    if not match:
        return ""

    return text[: match.start()].strip(" .*<[:")


class _MarkReader:
    """Reads the lines of a report in order: a heading above decides what rulers mean."""

    def __init__(self, document: Document) -> None:
        self.marks: list[Mark] = []
        self._document = document
        self._heading = -HEADING_REACH - 1  # the position of the last heading
        self._ruler = ""  # the character around the names of cases
        self._number = 0  # of the last numbered case

    def read(self, position: int) -> None:
        line = self._document.text(position)
        text = without_prefix(line)

        if _LABEL.match(text) and self._below(position):
            self._add(position, Shape.LABELLED, self._below(position))
        elif _HEADING.match(text):
            self._heading, self._ruler = position, ""
        elif ruled := _RULED.match(line):
            self._read_ruled(position, ruled)
        elif numbered := _NUMBERED.match(text):
            self._read_numbered(position, numbered)
        else:
            self._read_marked(position, text)

    def _read_ruled(self, position: int, ruled: re.Match[str]) -> None:
        if not self._ruler and position - self._heading <= HEADING_REACH:
            self._ruler = ruled["ruler"]

        if ruled["ruler"] == self._ruler:
            self._add(position, Shape.RULED, ruled["case"])
        elif ruled["ruler"] in "=~*":
            self._ruler = ""  # the heading of another part of the report

    def _read_numbered(self, position: int, numbered: re.Match[str]) -> None:
        number = int(numbered["number"])
        if number in (1, self._number + 1):
            self._number = number
            self._add(position, Shape.NUMBERED, numbered["case"])

    def _read_marked(self, position: int, text: str) -> None:
        match = _MARKED.match(text)
        case = match["case"] if match else _case_before_mark(text)

        if case and not is_echo(text) and not has_passed(text):
            self._add(position, Shape.MARKED, case)

    def _below(self, position: int) -> str:
        return self._document.text(position + 1).strip()

    def _add(self, position: int, shape: Shape, case: str) -> None:
        self.marks.append(Mark(position, shape, case))

"""Results of test cases as a file states them, and how much of the file could be read."""

from enum import StrEnum

import msgspec

MAX_NAME = 2000  # characters of a name
MAX_MESSAGE = 4000  # characters of a message
MAX_PROPERTIES = 50  # of one case


class Outcome(StrEnum):
    """How an attempt of a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


class ReadState(StrEnum):
    """How much of a result file was read. Only COMPLETE may count as a whole answer."""

    COMPLETE = "complete"
    EMPTY = "empty"  # no byte, or only white space
    NO_CASES = "no test cases"  # a valid result file in which nothing ran
    CUT = "cut"  # the file ends early; the cases before its end were read
    BROKEN = "broken"  # invalid from some line on; the cases before it were read
    REFUSED = "refused"  # it declares entities, as attacks do
    NOT_RESULTS = "not test results"
    UNREADABLE = "unreadable"
    MISSING = "missing"


class CaseResult(msgspec.Struct, frozen=True, gc=False):
    """One attempt of one test case.

    `name` and `parameters` together are the name as the file spells it. `word`: the file's own word
    for the outcome. `seconds`: None if unknown. `started`: the file's own text. `attempt`: from 1,
    within one element of the file; repeated elements are attempts too, and keep their order.
    `left_out`: characters of message, text and output beyond their limits.
    """

    suite: str
    class_name: str
    name: str
    outcome: Outcome
    word: str = ""
    seconds: float | None = None
    parameters: str = ""
    file: str = ""
    line: int | None = None
    message: str = ""
    text: str = ""
    stdout: str = ""
    stderr: str = ""
    started: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    attempt: int = 1
    left_out: int = 0


class Limits(msgspec.Struct, frozen=True):
    """Characters kept of the text of a failure, and of standard output and error, of each case."""

    text: int = 64 * 1024
    output: int = 16 * 1024


class Unreadable(Exception):
    """Reading ends here. `detail`: the reason for people; it may contain text of the file."""

    def __init__(self, state: ReadState, detail: str) -> None:
        super().__init__(f"{state}: {detail}")
        self.state = state
        self.detail = detail

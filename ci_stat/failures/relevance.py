"""How much a line of a failed command helps to understand its failure, by its shape alone.

Marks of failed tests, counts of failures, assertions and error words count; progress does not.
"""

import re
from bisect import bisect_right
from functools import cache
from itertools import accumulate

from ci_stat.failures.document import Document
from ci_stat.failures.scanning.anchors import Anchors
from ci_stat.failures.text import MAX_LENGTH, without_escapes
from ci_stat.failures.vocabulary import is_calm, is_command, is_echo, is_service, loudness

_WORDS = (
    *("rror", "RROR", "fail", "Fail", "FAIL", "xcept", "anic", "PANIC", "atal", "FATAL", "bort"),
    *("annot", "n't ", " not ", "o such", "enied", "nable to", "ndefined", "ndeclared"),
    *("nresolved", "nvalid", "issing", "ismatch", "imed out", "imeout", "egmentation", "illed"),
    *("orrupt", "iolat", "xpected", "XPECTED", "ctual", "ssert", "eceived", "left:", "right:"),
    *("got", "want", "not ok", "ulnerab", "raceback", "efused", "ejected", "orbidden", "nknown"),
    *("nused", "uplicate", "onflict", "utdated", "rong", "1) ", "2) ", "3) "),
    *("✗", "✖", "✘", "✕", "×", "●", "❌"),
)

_BAD_MARK = r"(?:(?:FAIL(?:ED|URE)?|ERROR|not ok)\b|[✗✖✘✕×●❌])"
_FAILED_NAME = re.compile(
    rf"^\W{{0,6}}(?:--- )?{_BAD_MARK}[\]:!]*\s+\S"  # FAIL: name, [FAILED] name, not ok 3
    r"|\b(?:FAILED|FAILURE)\b|\.\.\. (?:FAILED|mismatch|ERROR|failed)\b"
    r"|^\s*\d{1,3}\)\s+\S"  # 1) name
    r"|(?<=[ .*:=-]{2})(?:[Ff]ailed|FAIL|[Ee]rror|ERROR)\W{0,8}$"  # name ....... Failed
)
_COUNT = re.compile(
    r"\b[1-9]\d{0,9} (?:\w{1,20} )?"
    r"(?:failed|FAILED|failures?|failing|errors?|problems?|vulnerabilit\w{1,3})\b"
    r"|\b(?:[Ff]ailed|FAILED|[Ff]ailures|[Ee]rrors)\b[^:=\d]{0,20}[:=] {0,9}[1-9]"
)
_ANNOTATION = re.compile(r"^(?:##\[error\]|::error\b[^:]{0,300}::)(?!Process completed)")
_VALUES = (
    r"[Ee]xpected|EXPECTED|[Aa]ctual|ACTUAL|[Gg]ot|[Ww]ant|[Rr]eceived|[Ll]eft|[Rr]ight|[Dd]iff"
)
_ASSERTION = re.compile(
    rf"^\s*(?:E  +\S|(?:{_VALUES})\b.{{0,20}}?:|\||>|(?:[Ff]ailed|[Ff]ailure)\b"
    r"|(?:---|\+\+\+) ?(?:[Ee]xpected|[Aa]ctual))"
)

_PASSED = re.compile(  # a test begins, passes or is skipped, whatever words are in its name
    r"^\W{0,8}(?:PASS(?:ED)?|ok|OK|RUN|SKIP(?:PED)?|CONT|PAUSE|[✓✔])(?:\W|$)"
    r"|\.\.\. ?(?:ok|OK|passed|skipped)\W*$|\b(?:PASSED|SKIPPED)\W*$"
)

_NUMBERS = re.compile(r"\d+|\b[0-9a-f]{7,}\b")
_NAMES = re.compile(r"\d+|[0-9a-f]{7,}|\S*[/\\.:_]\S*")
_TOKEN = re.compile(r"[^\s\"'`()\[\]{}<>,;=]{6,100}")
_IDENTIFIER = re.compile(r"[._/:#-]\w|[a-z][A-Z]|\d")
_MAX_FORM = 200  # characters by which lines are compared


@cache
def _literals() -> Anchors:
    return Anchors(_WORDS)


def possibly_relevant(document: Document, positions: range) -> list[int]:
    """Return the positions of lines that contain a word without which nothing is relevant."""
    lines = [without_escapes(document.raw(position)[:MAX_LENGTH]) for position in positions]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    offsets = {offset for offset, _ in _literals().find(b"\n".join(lines))}
    return sorted({positions[bisect_right(starts, offset) - 1] for offset in offsets})


def relevance(text: str) -> float:
    """Return how much a line says about a failure: 0 for nothing, 3 to 10 for most errors."""
    if is_progress(text):
        return 0.0

    message = _ANNOTATION.sub("", text, count=1)
    score = loudness(message)
    if is_echo(message):
        score = min(score, 1.0)

    score += 3.0 * (message != text)
    score += 2.0 * bool(_FAILED_NAME.search(text))
    score += 2.0 * bool(_COUNT.search(text))
    score += 1.5 * bool(_ASSERTION.search(text))
    return max(0.0, score * (0.5 if is_command(text) else 1.0))


def is_progress(text: str) -> bool:
    """Whether a line only reports progress: it names no failure and counts none."""
    if is_service(text) or _PASSED.search(text):
        return True
    return is_calm(text) and not _COUNT.search(text) and not _FAILED_NAME.search(text)


def is_assertion(text: str) -> bool:
    """Whether a line shows an assertion or one of its two values."""
    return bool(_ASSERTION.search(text))


def form(text: str) -> str:
    """Return the line without numbers: equal for a message that is repeated."""
    return _NUMBERS.sub("#", text.strip()[:_MAX_FORM])


def shape(text: str) -> str:
    """Return the line without numbers, names and paths: equal for the entries of a list."""
    return _NAMES.sub("#", text.strip()[:_MAX_FORM])


def names(text: str) -> set[str]:
    """Return the words of a line that can be names: of tests, files, tasks, hosts."""
    words = (word.strip(".:!?") for word in _TOKEN.findall(text))
    return {word for word in words if _IDENTIFIER.search(word)}

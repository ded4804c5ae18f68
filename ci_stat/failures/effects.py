"""Effects: lines and blocks that only repeat that a command failed, and never say why.

A runner of other commands (make, rake, npm, Gradle, `subprocess` of Python) ends with a line or
an exception of its own when one of them fails. The reason stands above it, in other words.
"""

import re
from functools import lru_cache

from ci_stat.failures.blocks import Block, indent_of
from ci_stat.failures.document import Document
from ci_stat.failures.rules import CAUSE, HINT
from ci_stat.failures.vocabulary import MEMORY, is_echo

MAX_LINES = 80  # lines of a longer block are not looked at: it says more than that a child failed

_ENDED = r"(?:exit(?:ed)?|returned|finished|failed|terminated|completed|died)"
_STATUS = r"(?:(?:exit|return) )?(?:code|status|value|with)\W{1,3}-?\d+"
_EFFECT = re.compile(
    r"^\S{0,40}make(?:\[\d+\])?: \*\*\* "
    rf"|\b(?:[Cc]ommand|[Pp]rocess|[Ss]cript|[Tt]ask|[Ss]tep|[Ss]hell)\b.{{0,400}}\b{_ENDED}\b"
    rf".{{0,40}}\b{_STATUS}"
    r"|\b[Nn]on-?zero (?:exit|return|status|code|value)\b"
    r"|\bCalledProcessError\b|\bhudson\.AbortException\b"
    r"|^npm (?:ERR!|error) (?:code ELIFECYCLE|errno \d+$|Exit status \d+$|Test failed)"
    r"|\bELIFECYCLE\b.{0,20}\bCommand failed"
    r"|\bERR_PNPM_RECURSIVE_(?:RUN|EXEC)_FIRST_FAIL\b|^Exit status \d+$"
)
# Each such line contains one of these, which are found much faster.
_HINTS = (
    *("exit", "returned", "finished", "failed", "terminated", "completed", "died", "make"),
    *("zero", "CalledProcessError", "AbortException", "ELIFECYCLE", "npm "),
    "ERR_PNPM_RECURSIVE",
    "Exit status",
)
# What an exception of a runner says of its children: `Failed 3 tests`, `Linting failed!`.
_SUMMARY = re.compile(
    r"^\W{0,6}(?:rake|thor|cap) aborted!$"
    r"|^(?:RuntimeError: )?\W{0,4}(?:"
    r"[Ff]ailed \d+ \w{1,20}|\d+ [\w ]{1,30}\b[Ff]ailed|[\w-]{1,30}(?: \w{1,20}){0,3} [Ff]ailed"
    r")\W{0,4}$"
)
# What makes such a line a reason: a signal, the exit code of one, a place in a file, or a test that
# expected another exit code.
_REASON = re.compile(
    r"\bSIG[A-Z]{3,}|\b[Ss]ignal\b|\b[Kk]illed\b|\b(?:124|134|137|139|143)\b"
    r"|\b(?:code|status|value)\W{1,3}-\d|[Aa]ssert|^\S{1,200}:\d+:\d+: "
)
_HEAD = re.compile(r"^\s*(?:Traceback \(most recent call last\):|Tasks: TOP|\(See full trace)")
_FRAME = re.compile(
    r"^\s*(?:at |from |File \"|\.\.\. \d+ more|#\d+ )|:\d+:in [`']|^\s*[\w./-]+:\d+(?::\d+)?$"
)


@lru_cache(MEMORY)
def is_effect_line(text: str) -> bool:
    """Whether a line only says that a command or a child process failed."""
    if not any(hint in text for hint in _HINTS):
        return False
    return bool(_EFFECT.search(text)) and not _REASON.search(text)


def is_effect(document: Document, block: Block) -> bool:
    """Whether a block of a cause or a hint only repeats that a child failed.

    A block that names a case or a file says which child, or where. A rule for certain jobs knows
    which of their effects say enough, and a user's own rule what it says.
    """
    if block.weight not in (CAUSE, HINT) or len(block.positions) > MAX_LINES:
        return False

    groups = block.match.groupdict()
    says_where = bool(groups.get("case") or groups.get("file"))
    if says_where or block.rule.jobs or block.rule.own:
        return False

    texts = _outside_frames(document.line_texts(block.positions))
    if not any(is_effect_line(text) or _SUMMARY.search(text) for text in texts):
        return False
    return all(is_effect_line(text) or _repeats(text) for text in texts)


def _repeats(text: str) -> bool:
    return bool(_HEAD.search(text) or _SUMMARY.search(text)) or (
        is_echo(text) and not _REASON.search(text)
    )


def _outside_frames(texts: list[str]) -> list[str]:
    """Return the lines with text that are neither a frame of a stack nor its line of source."""
    lines: list[str] = []
    frame = -1  # the indentation of the frame above, -1 without one

    for text in texts:
        if _FRAME.search(text):
            frame = indent_of(text)
        elif not text.strip() or 0 <= frame < indent_of(text):
            continue
        else:
            frame = -1
            lines.append(text)

    return lines

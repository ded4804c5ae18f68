"""Classify one line of a log by its words: error, progress, or a mere echo of a failure."""

import re
from functools import lru_cache

_ERROR_WORDS = (
    r"errors?|fatal|fail(?:s|ed|ure|ures|ing)?|exception|abort(?:ed|ing)|cannot|can't|couldn't"
    r"|could not|unable to|not found|no such|no space left|unreachable|denied"
    r"|undefined|undeclared|unresolved|unexpected|unknown|unavailable|unsupported|unauthorized"
    r"|unused|not being used|invalid|incompatible"
    r"|incorrect|illegal|wrong|duplicate|missing|mismatch\w*|conflicts?|refused|rejected"
    r"|forbidden|timed out|timeout|segmentation|killed|dumped|crash\w*|corrupt\w*|broken"
    r"|violat(?:es?|ions?)|expected|exceed\w*|outdated|no longer"
    r"|too (?:long|large|wide|many|few|big)|please|forgot"
    r"|not (?:installed|defined|exist|formatted|allowed|supported|available|recognized|permitted"
    r"|valid|possible|enough)"
    r"|not match\w*|does not|doesn't|should|must|never"
)
_WORDS = re.compile(rf"\b(?:{_ERROR_WORDS})\b", re.IGNORECASE)

_ERROR = (
    r"(?:\w*[eE]rror|ERROR|ERR|[fF]atal|FATAL|[pP]anic|FAIL(?:ED|URE)?|[Ff]ail(?:ed|ure)?"
    r"|E|✖|✗|❌|×)"
)
_HEAD = re.compile(
    rf"^\W{{0,6}}(?:[\w./-]+ )?{_ERROR}\b\s*[:!\]>(]"  # error: ..., make: Error! ..., [ERROR] ...
    r"|\w(?:Error|Exception|Failure)\b|^\W{0,4}\*{2,3} |: (?:[\w-]+ )?(?:error|Error|fatal)\b"
)
_PLACE = re.compile(r"(?:^|[\s(\"'])[\w./@\\-]+\.\w{1,8}[:(]\d+|\bline \d+")
_WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)

_PROGRESS = (
    r"Wrote|Saved|Pull(?:ing|ed)|Digest:|Status:|\[?(?:info|INFO|debug|DEBUG)\]?:?\b|Download"
    r"|Install|Compiling|Fetch|Unpacking|Setting up|Get:\d|Linting|Running|Building|Generat"
    r"|Process|Collecting|Requirement already|Using |Loading|Checking|Copying|Creating"
    r"|Resolving|Updating|inflating"
)
_CALM = re.compile(
    r"\b(?:0|no|without)"
    r" (?:errors?|failures?|failed|warnings?|problems?|offenses?|merge conflicts)\b"
    r"|errors?[:=] ?0\b|\bdeprecat"
    r"|\b(?:ok|OK|passed|PASS|PASSED|skipp\w+|Skipp\w+|[Ss]uccess\w*)\b|✓|✔"
    r"|\b(?:Finished|Starting|Done) (?:in|')|\bDone\.$"
    r"|\(\d+/\d+\)$|^\[ *\d+ of +\d+\]"  # progress
    r"|\[no test files\]|^\[ *\d+(?:/\d+|%)\] "  # go; ninja, cmake
    r"|^[0-9a-f]{12}: |^\s+[A-Z]{2,8}\s+\S+$"  # docker's layers; `  CC  file.o`
    r"|^-- |^\s*\[?-{1,2}[a-zA-Z]|^\s*[Uu]sage:"  # a command's options
    rf"|^\s*(?:{_PROGRESS})"
)

_ECHOES = re.compile(
    r"^(?:npm ERR!|npm WARN|error Command failed|info Visit|yarn run v|Tasks: TOP|\(See full trace"
    r"|make(?:\[\d+\])?: (?:\*\*\*|Leaving|Entering)|\S+:\d+: recipe for target"
    r"|> \S+@?\S* \w+ /"
    r"|##\[|Build step"
    r"|\[Pipeline\]|Setting status (?:of|to) |Terminated$|Sending interrupt signal"
    r"|Failed in branch |error: test failed|[\w ]*build failed$|Failed (?:components|projects):"
    r"|(?:error: )?aborting due to|=* ?\d+ failed, \d+|\W*(?:Tests|Total|TOTAL|Files)[:=] ?\d"
    r"|Finished in \d|Time: \d|\d+ (?:\w+, \d+ )?(?:tests|runs|examples|assertions)\b|Result: FAIL"
    r"|(?:Done \w+! )?(?:Found )?\d+ (?:files? inspected|violations?|offenses?)\b"
    r"|✖ \d+ problems?|\s+\d+ errors?(?:,| and) \d+ warnings? potentially"
    r"|The command \"|\[ERROR\] *$"
    r"|Error: Process completed|error: (?:build failed|[Cc]ould not compile)"
    r"|\W*(?:TESTS?|BUILD|ARCHIVE)(?: BUILD)? FAIL(?:ED|URE)\W*$|\W*FAIL(?:ED|URES?)?!?\W*$"
    r"|\W*(?:ERROR\W+)?(?:Found \d+ (?:errors?|problems?)"
    r"|\d+ (?:errors?|problems?|failures?)(?: generated| found)?)\W*$)"
    r"|\b(?:exited|failed|finished|terminated|returned)(?: with)?(?: a)?(?: non-zero)?"
    r" (?:exit )?(?:code|status|with)\W+\d+"
    r"|\bexit(?:ed)?(?: code| status| with)*:? [1-9]\d*\W*$"
)
# A line of nothing but counts: `Error: 3 charts linted, 1 chart failed`.
_COUNTS = re.compile(
    r"^\W{0,9}(?:[Ee]rror: )?(?=.{0,200}\b(?:fail|error|bad|broken|wrong|problem|violation)\w*)"
    r"(?:\d+ (?:of \d+ )?[A-Za-z()/-]+(?: [A-Za-z()/-]+){0,3}(?:, |; | and |\.)?)+$"
)
# TiDB; go's passed packages.
_SERVER = re.compile(r"^\[(?:DEBUG|INFO|WARN|WARNING|ERROR)\] \[|^(?:ok  |\?   )\t\S+/")
_USAGE = re.compile(r"^\s*(?:usage|synopsis)(?::| of \S+:?$)", re.IGNORECASE)
_COMMAND = re.compile(r"^(?:\s*[$>]|\+{1,3}) \S")  # of a prompt, of `sh -x`

# A case that did not fail, whatever words its name has.
_NO_FAILURE = re.compile(
    r"^\s*(?:SKIP(?:PED)?|XFAIL|PASS(?:ED)?)\b|\b(?:PASSED|SKIPPED|XFAIL|xfail)\b.{0,20}$"
    r"|(?<![.FESs*])[.FESs*]{30,}\s*(?:\d+ / \d+ )?(?:\( *\d+%\)|\[ *\d+%\])?$"
)

ERROR = 4.0  # the loudness of an error message
MEMORY = 2048  # lines whose answers are kept: several steps ask about the same ones


@lru_cache(MEMORY)
def loudness(text: str) -> float:
    """Return how much a line looks like an error: 0 not at all, from `ERROR` on a message."""
    words = min(len(_WORDS.findall(text)), 3)
    score = 3.0 * bool(_HEAD.search(text)) + words + bool(_PLACE.search(text))
    return score - 2.0 * bool(_WARNING.search(text))


@lru_cache(MEMORY)
def is_calm(text: str) -> bool:
    """Whether a line reports progress and no error."""
    if _SERVER.search(text) or _NO_FAILURE.search(text):
        return True
    return bool(_CALM.search(text)) and not _HEAD.search(text)


def is_usage(text: str) -> bool:
    """Whether a line begins the usage of a command."""
    return bool(_USAGE.match(text))


def is_service(text: str) -> bool:
    """Whether a server or a test runner wrote the line between the lines of a failure."""
    return bool(_SERVER.search(text))


@lru_cache(MEMORY)
def is_echo(text: str) -> bool:
    """Whether a line only reports that something failed, or is a tool's usual last line."""
    return bool(_ECHOES.search(text) or _COUNTS.match(text))


def is_command(text: str) -> bool:
    """Whether a line is an echoed command; a list of errors may have the same mark."""
    return bool(_COMMAND.search(text)) and not _HEAD.search(text)


def has_place(text: str) -> bool:
    """Whether a line names a file and a line in it."""
    return bool(_PLACE.search(text))

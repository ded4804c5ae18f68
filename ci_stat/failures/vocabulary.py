"""How a line speaks: of trouble, of calm progress, or only of the fact that something has failed."""

import re

_TROUBLE = (
    "errors?", "fatal", "fail(?:s|ed|ure|ures|ing)?", "exception", "abort(?:ed|ing)", "cannot", "can't", "couldn't",
    "could not", "unable to", "not found", "no such", "denied", "undefined", "undeclared", "unresolved", "unexpected",
    "unknown", "unavailable", "unsupported", "unauthorized", "unused", "not being used", "invalid", "incompatible",
    "incorrect", "illegal", "wrong", "duplicate", "missing", r"mismatch\w*", "conflicts?", "refused", "rejected",
    "forbidden", "timed out", "timeout", "segmentation", "killed", "dumped", r"crash\w*", r"corrupt\w*", "broken",
    "violat(?:es?|ions?)", "expected", r"exceed\w*", "outdated", "no longer", "too (?:long|large|wide|many|few|big)",
    "please", "forgot",
    r"not (?:installed|defined|exist|formatted|allowed|supported|available|recognized|permitted|valid|possible|enough)",
    r"not match\w*",
    "does not", "doesn't", "should", "must", "never",
)  # fmt: skip
_WORDS = re.compile(rf"\b(?:{'|'.join(_TROUBLE)})\b", re.IGNORECASE)

_ERROR = r"(?:\w*[eE]rror|ERROR|ERR|[fF]atal|FATAL|[pP]anic|FAIL(?:ED|URE)?|[Ff]ail(?:ed|ure)?|E|✖|✗|❌|×)"
_HEAD = re.compile(
    rf"^\W{{0,6}}(?:[\w./-]+ )?{_ERROR}\b\s*[:!\]>(]"  # error: ..., make: Error! ..., [ERROR] ...
    r"|\w(?:Error|Exception|Failure)\b|^\W{0,4}\*{2,3} |: (?:[\w-]+ )?(?:error|Error|fatal)\b"
)
_PLACE = re.compile(r"(?:^|[\s(\"'])[\w./@\\-]+\.\w{1,8}[:(]\d+|\bline \d+")
_WARNING = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)

_PROGRESS = (
    "Wrote", "Saved", "Pull(?:ing|ed)", "Digest:", "Status:", r"\[?(?:info|INFO|debug|DEBUG)\]?:?\b", "Download",
    "Install", "Compiling", "Fetch", "Unpacking", "Setting up", r"Get:\d", "Linting", "Running", "Building",
    "Generat", "Process", "Collecting", "Requirement already", "Using ", "Loading", "Checking", "Copying", "Creating",
    "Resolving", "Updating", "inflating",
)  # fmt: skip
_CALM = re.compile(
    r"\b(?:0|no|without) (?:errors?|failures?|failed|warnings?|problems?|offenses?|merge conflicts)\b"
    r"|errors?[:=] ?0\b|\bdeprecat"
    r"|\b(?:ok|OK|passed|PASS|PASSED|skipp\w+|Skipp\w+|[Ss]uccess\w*)\b|✓|✔"
    r"|\b(?:Finished|Starting|Done) (?:in|')|\bDone\.$"
    r"|\[no test files\]|^\[ *\d+(?:/\d+|%)\] "  # go; ninja, cmake
    r"|^[0-9a-f]{12}: |^\s+[A-Z]{2,8}\s+\S+$"  # docker's layers; `  CC  file.o`
    r"|^-- |^\s*\[?-{1,2}[a-zA-Z]|^\s*[Uu]sage:"  # a command's options
    rf"|^\s*(?:{'|'.join(_PROGRESS)})"
)

_ECHOES = re.compile(
    r"^(?:npm ERR!|npm WARN|error Command failed|info Visit|yarn run v|Tasks: TOP|\(See full trace"
    r"|make(?:\[\d+\])?: (?:Leaving|Entering)|Makefile:\d+: recipe for target|> \S+@?\S* \w+ /|##\[|Build step"
    r"|\[Pipeline\]|Setting status (?:of|to) |Terminated$|Sending interrupt signal|Failed in branch "
    r"|The command \"|\[ERROR\] *$"
    r"|Error: Process completed|error: (?:build failed|[Cc]ould not compile)"
    r"|\W*(?:TESTS?|BUILD|ARCHIVE)(?: BUILD)? FAIL(?:ED|URE)\W*$|\W*FAIL(?:ED|URES?)?!?\W*$"
    r"|\W*(?:ERROR\W+)?(?:Found \d+ (?:errors?|problems?)"
    r"|\d+ (?:errors?|problems?|failures?)(?: generated| found)?)\W*$)"
    r"|\b(?:exited|failed|finished|terminated|returned)(?: with)?(?: a)?(?: non-zero)?"
    r" (?:exit )?(?:code|status|with)\W+\d+"
    r"|\bexit(?:ed)?(?: code| status| with)*:? [1-9]\d*\W*$"
)
_SERVER = re.compile(
    r"^\[(?:DEBUG|INFO|WARN|WARNING|ERROR)\] \[|^(?:ok  |\?   )\t\S+/"
)  # TiDB; go's passed packages
_COMMAND = re.compile(r"^\s*(?:\$|\+{1,3}|>) \S")

ERROR = 4.0  # loudness of an error message


def loudness(text: str) -> float:
    """How much a line speaks of trouble: 0 not at all, `ERROR` and more for an error message."""
    score = (
        3.0 * bool(_HEAD.search(text))
        + min(len(_WORDS.findall(text)), 3)
        + bool(_PLACE.search(text))
    )
    return score - 2.0 * bool(_WARNING.search(text))


def is_calm(text: str) -> bool:
    """Whether a line tells of progress, and of no error."""
    return bool(_SERVER.search(text)) or (bool(_CALM.search(text)) and not _HEAD.search(text))


def is_service(text: str) -> bool:
    """Whether a line is a server's or a runner's own, which only happens to stand between the lines of a failure."""
    return bool(_SERVER.search(text))


def is_echo(text: str) -> bool:
    """Whether a line only tells that something has failed, or is a tool's usual last word."""
    return bool(_ECHOES.search(text))


def is_command(text: str) -> bool:
    """Whether a line is a command that was echoed."""
    return bool(_COMMAND.search(text))


def has_place(text: str) -> bool:
    """Whether a line names a file and a line in it."""
    return bool(_PLACE.search(text))

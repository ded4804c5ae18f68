"""The message that tells a reader most, where one line of a report does not.

`... obtained bool = false` says neither what was expected nor what was asked.
The fingerprint of a failure keeps to the line, so that failures do not become new ones by being
worded better.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ci_stat.failures.document import Document
from ci_stat.failures.gocheck import gocheck_message, short

_WORDS = 4  # words of a command
_ABOVE = 400  # lines above an exit code in which its command is looked for
_REPORT = 60  # lines above the name of a case in which its report is looked for

_LABEL = re.compile(r"^\s+(?P<label>Error Trace|Error|Test|Messages):(?P<text>.*)$")
_SIDE = re.compile(r"^(?P<side>expected|actual)\s*: ?")
_DIFF = re.compile(r"^(Diff:|--- |@@ )")

_COMMAND = re.compile(r"^(?:\++|\$) (?P<command>\S.*)$")
_NO_COMMAND = re.compile(r"^(?:set|export|echo|exit|cd|true|false|sleep|wait|kill|\[|test)\b|^\w+=")
_WORD = re.compile(r"[\w./:=@%+-]+")

_RUNNING = re.compile(r"^goroutine \d+ .*\[running")
_FRAME = re.compile(r"^\s+(?P<path>\S+\.go):(?P<line>\d+)\b")
_OWN_FRAME = re.compile(r"^(?!runtime\.|panic\(|testing\.|created by )(?P<function>\S+)\(")
_RUST_SIDE = re.compile(r"^\s*(?P<side>left|right): (?P<value>`[^`]*`|.*[^,\s])")
_CAUSED_BY = "Caused by: "
_BARE = re.compile(r"^[\w.$]+( at \S+)?$")  # the name of an exception alone


def telling(line: str, texts: Sequence[str]) -> str:
    """The message of a report whose explaining line is `line`. `texts`: its lines."""
    if line.startswith("... "):
        return gocheck_message(texts) or line.removeprefix("... ")
    if any(map(_RUNNING.match, texts)):
        return f"{line}{_innermost_frame(texts)}"
    if "left == right" in line or "left != right" in line:
        return ", ".join([line, *_left_and_right(texts)])
    return _of_testify(texts) or _caused_by(line.removeprefix("### "), texts)


def command_above(document: Document, position: int) -> str:
    """The first words of the command that ended at this position; "" if the log does not say."""
    for above in range(position - 1, max(-1, position - _ABOVE), -1):
        match = _COMMAND.match(document.text(above))
        if match and not _NO_COMMAND.match(match["command"]):
            return _first_words(match["command"])
    return ""


def _first_words(command: str) -> str:
    """The program and its first plain arguments, without options and what they may hide."""
    words = command.split()[:_WORDS]
    end = next((at for at, word in enumerate(words) if not _is_plain(word)), len(words))
    return " ".join(words[:end])


def _is_plain(word: str) -> bool:
    return bool(_WORD.fullmatch(word)) and not word.startswith("-")


def report_above(document: Document, position: int, case: str) -> str:
    """The message of the report of testify on this case, where it stands above the names of cases.

    Go prints the output of a case in the test that it belongs to, and then the names of all.
    """
    first = max(0, position - _REPORT)
    texts = document.line_texts(range(first, position))
    for at in range(len(texts) - 1, -1, -1):
        label = _LABEL.match(texts[at])
        if label and label["label"] == "Test" and label["text"].strip() == case:
            begin = max((n for n in range(at) if "Error Trace:" in texts[n]), default=at)
            end = next((n for n in range(at, len(texts)) if not texts[n][:1].isspace()), len(texts))
            return _of_testify(texts[begin:end])
    return ""


def _of_testify(texts: Sequence[str]) -> str:
    """What was asserted, in the test's words, expected and actual; "" for another report."""
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for text in texts:
        match = _LABEL.match(text)
        if match:
            current = parts.setdefault(match["label"], [])
        shown = match["text"] if match else text
        current.append(shown.strip())
    if "Error Trace" not in parts:
        return ""
    # What follows the first line of a message may be the output of another case.
    (words, *_) = parts.get("Messages") or [""]
    told = _sides(parts.get("Error", []))
    return ": ".join(short(part) for part in (words, told) if part)


def _sides(lines: Sequence[str]) -> str:
    """The words of an error, its expected and its actual value, without their difference."""
    words: list[str] = []
    sides: list[str] = []
    for text in lines:
        if _DIFF.match(text):
            break
        side = _SIDE.match(text)
        if side:
            sides.append(f"{side['side']} {text[side.end() :]}")
        elif text and not sides:
            words.append(text)
    return " ".join([*words, ", ".join(sides)]).strip()


def _innermost_frame(texts: Sequence[str]) -> str:
    """` in worker.run (worker.go:12)`: where a panic began; "" if only the runtime is there."""
    for function, place in pairwise(texts):
        own, frame = _OWN_FRAME.match(function), _FRAME.match(place)
        if own and frame:
            return f" in {_last(own['function'])} ({_last(frame['path'])}:{frame['line']})"
    return ""


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _left_and_right(texts: Sequence[str]) -> Iterator[str]:
    """The two values of an assertion of Rust."""
    for text in texts:
        match = _RUST_SIDE.match(text)
        if match:
            yield f"{match['side']} {short(match['value'])}"


def _caused_by(line: str, texts: Sequence[str]) -> str:
    """The exception with its innermost cause, which comes first if the exception has no words."""
    causes = [text.strip() for text in texts if text.lstrip().startswith(_CAUSED_BY)]
    cause = short(causes[-1].removeprefix(_CAUSED_BY)) if causes else ""
    if not cause or cause in line:
        return line
    return f"{cause}, in {line}" if _BARE.match(line) else f"{line} (caused by {cause})"

"""Clean one line of a log for matching: no time stamps, colours, console notes, overwritten text.

Only rules read the result. What a user sees keeps its colours until it is printed.
"""

import re

MAX_LENGTH = 2000  # characters of a line that rules look at, so that matching time stays bounded

_NOTE = rb"\x1b\[8mha:[^\x1b\n]*\x1b\[0m"  # Jenkins console notes, hidden in the log on disk
_BUILDKITE = rb"\x1b_bk;t=\d{1,20}\x07"  # time stamps
_COLOUR = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_=>c78]|\([AB0])"
_WRITTEN = rb"\^\[\[[0-9;]{0,20}[mK]"  # colours as a tool printed them, `^[[31m`
_ESCAPE = re.compile(b"|".join((_NOTE, _BUILDKITE, _COLOUR, _WRITTEN)))
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)"
_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_STAMPS = re.compile(
    r"^(?:"
    rf"\[{_TIME}{_ZONE}?\] ?"  # Jenkins
    rf"|\[(?!taskcluster)[a-z][a-z_-]{{1,20}} {_TIME}{_ZONE}\] ?"  # Taskcluster
    rf"|{_TIME}{_ZONE} ?"  # GitHub Actions
    rf"|{_TIME} "  # Timestamper with a date
    r"|\[\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? [+-]\d\d:\d\d\] ?"  # TiDB
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,6})?\]? "  # Timestamper, gulp
    r"|#\d{1,4} \d{1,6}\.\d{1,3} "  # BuildKit
    r"|\[Container\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? "  # CodeBuild
    r")"
)
_FOLD = re.compile(
    r"^(?:travis_(?:fold|time):(?:start|end):[\w.:-]*(?:=\d+(?:,[a-z]+=\d+)*)?"
    r"|section_(?:start|end):\d+:[\w.-]+(?:\[[^\]]{0,200}\])?|##\[(?:group|endgroup|section)\])"
)
# The words of an action, as the pages of the CI show them.
_SAID = {"##[error]": "Error: ", "##[warning]": "Warning: "}
# Job and step, as `gh run view --log` prints them.
_STEP = re.compile(r"^[^\t]{1,100}\t[^\t]{1,100}\t\ufeff?(?=\d{4}-\d\d-\d\dT)")
_CONTAINER = re.compile(r"^(?:\[pod/[\w./-]{1,200}\] |[a-z0-9][\w.-]{0,60}(?:_\d+|-\d+) +\| )")


def without_escapes(raw: bytes) -> bytes:
    """Remove colours, cursor movements and console notes; line ends stay."""
    has_escape = b"\x1b" in raw or b"^[[" in raw
    return _ESCAPE.sub(b"", raw) if has_escape else raw


def clean(raw: bytes) -> str:
    """Return the line as text for matching, with its indentation and without trailing blanks."""
    raw = raw[: 4 * MAX_LENGTH]
    text = without_escapes(raw).decode("utf-8", "replace").removeprefix("\ufeff")

    if "\r" in text:
        # Text after a carriage return overwrites the text before it; fold markers are hidden so.
        shown = [part for part in text.split("\r") if part.strip()]
        text = shown[-1] if shown else ""

    text = _CONTROL.sub("", text)
    if text.startswith("nl") and not text[2:3].isalnum():
        text = text[2:]  # Travis on macOS
    return _without_prefix(text)[:MAX_LENGTH].rstrip()


def _without_prefix(text: str) -> str:
    if "\t" in text[:220]:
        text = _STEP.sub("", text, count=1)

    for _ in range(2):  # a server's own stamp may follow that of the CI
        if text[:1] in ("[", "#") or text[:1].isdigit():
            text = _STAMPS.sub("", text, count=1)

    if text.startswith(("travis_", "section_", "##[")):
        text = _FOLD.sub("", text, count=1)
        for mark, word in _SAID.items():
            if text.startswith(mark):
                text = word + text.removeprefix(mark)
    if " | " in text[:80] or text.startswith("[pod/"):
        text = _CONTAINER.sub("", text, count=1)
    return text

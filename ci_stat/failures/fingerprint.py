"""What makes two failures the same: kind, case and message, with everything masked that differs from run to run.

`v1:` and 32 hex digits: the version of the masking, and 16 bytes of SHA-256. A change of the masking raises VERSION;
`aliases` gives the older fingerprints of a failure, so that what was stored under them is found again.
"""

import hashlib
import re
from collections.abc import Callable

from ci_stat.failures.case_names import case_key

VERSION = 1
LONGEST = 1000  # characters of a message that count

_VARYING = re.compile(
    r"0[xX][0-9a-fA-F]+"  # addresses
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # UUIDs
    r"|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{7,}\b"  # commits, hashes
    r"|\b(?=\w*\d\w*\d)(?=\w*[A-Za-z])\w{20,}\b"  # ids of many letters and digits
    r"|/(?:private/)?(?:tmp|var/tmp|var/folders)/[\w.@+~#/-]+"  # temporary files
    r"|(?:\b[A-Za-z]:)?(?:[\\/][\w.@+~#-]+)+[\\/](?=[\w.@+~#-])"  # the folders of an absolute path
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? |\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (?=\d)"
    r"|\d+(?:[.,:_-]\d+)*(?:[eE][+-]?\d+)?(?:\s?(?:ns|us|µs|ms|s|sec|secs|seconds?|m|min|minutes?|h|hours?|[KMG]i?B|bytes?)\b)?"
)
_RUNS = re.compile(r"#(?:[\s,.:;/+-]*#)+")
_BLANKS = re.compile(r"\s+")


def mask(text: str) -> str:
    """The text without what varies: numbers, times, durations, ids, addresses, folders. mask(mask(x)) == mask(x)."""
    text = text[:LONGEST]
    while True:
        masked = _BLANKS.sub(" ", _RUNS.sub("#", _VARYING.sub(_stand_in, text))).strip()
        if masked == text:
            return text
        text = masked


def _stand_in(match: re.Match[str]) -> str:
    # Folders go without a trace: another machine has more of them, or none.
    return "" if match[0][-1] in "\\/" else "#"


def fingerprint(kind: str, name: str, message: str) -> str:
    """`v1:` and 32 hex digits for a failure: equal for the same failure of two builds."""
    return _VERSIONS[VERSION](kind, name, message)


def aliases(kind: str, name: str, message: str) -> tuple[str, ...]:
    """The same failure's fingerprints under all older versions, newest first."""
    return tuple(
        _VERSIONS[version](kind, name, message)
        for version in sorted(_VERSIONS, reverse=True)
        if version != VERSION
    )


def _first(kind: str, name: str, message: str) -> str:
    said = "\0".join(
        (kind, mask(case_key(name)) if kind != "case" else case_key(name), mask(message))
    )
    return f"v1:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()[:32]}"


_VERSIONS: dict[int, Callable[[str, str, str], str]] = {1: _first}

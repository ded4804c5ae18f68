"""The fingerprint of a failure: the same for failures that differ only in numbers, times or paths.

`v1:` and 32 hex digits: the version of the masking, then 16 bytes of SHA-256 over kind, case and
masked message. Any change of the masking raises VERSION; `aliases` returns the fingerprints that a
failure had before, so that data stored under them is still found.
"""

import hashlib
import re
from collections.abc import Callable

from ci_stat.failures.case_names import case_key

VERSION = 1
MAX_LENGTH = 1000  # characters of a message that count
MAX_NAME = 300  # characters of a name

_UNITS = r"ns|us|µs|ms|s|sec|secs|seconds?|m|min|minutes?|h|hours?|[KMG]i?B|bytes?"
_VARYING = re.compile(
    r"0[xX][0-9a-fA-F]+"  # addresses
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # UUIDs
    r"|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{7,}\b"  # commits, hashes
    r"|\b(?=\w*\d\w*\d)(?=\w*[A-Za-z])\w{20,}\b"  # ids of many letters and digits
    r"|/(?:private/)?(?:tmp|var/tmp|var/folders)/[\w.@+~#/-]+"  # temporary files
    r"|(?:\b[A-Za-z]:)?(?:[\\/][\w.@+~#-]+)+[\\/](?=[\w.@+~#-])"  # the folders of an absolute path
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? "
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* (?=\d)"
    rf"|\d+(?:[.,:_-]\d+)*(?:[eE][+-]?\d+)?(?:\s?(?:{_UNITS})\b)?"
)
_HASHES = re.compile(r"#(?:[\s,.:;/+-]*#)+")
_SPACE = re.compile(r"\s+")


def mask(text: str) -> str:
    """Mask what differs between runs: numbers, times, durations, ids, addresses, folders.

    mask(mask(x)) == mask(x). Only the first `MAX_LENGTH` characters count.
    """
    text = text[:MAX_LENGTH]
    while True:
        masked = _SPACE.sub(" ", _HASHES.sub("#", _VARYING.sub(_replacement, text))).strip()
        if masked == text:
            return text
        text = masked


def _replacement(match: re.Match[str]) -> str:
    # Folders are removed without a mark: another machine has a different number of them.
    return "" if match[0][-1] in "\\/" else "#"


def fingerprint(kind: str, name: str, message: str) -> str:
    """Return `v1:` and 32 hex digits: equal for the same failure of two builds."""
    return _VERSIONS[VERSION](kind, name, message)


def aliases(kind: str, name: str, message: str) -> tuple[str, ...]:
    """Return the fingerprints that the same failure had under older versions, newest first.

    Before a rule or a report named its kind and its case, it was a guess of kind `unknown` that
    was named after its message.
    """
    older = sorted((version for version in _VERSIONS if version != VERSION), reverse=True)
    prints = [_VERSIONS[version](kind, name, message) for version in older]
    prints.append(_version_1("unknown", message[:MAX_NAME], message))

    current = fingerprint(kind, name, message)
    return tuple(alias for alias in dict.fromkeys(prints) if alias != current)


def _version_1(kind: str, name: str, message: str) -> str:
    key = case_key(name)
    identity = "\0".join((kind, key if kind == "case" else mask(key), mask(message)))
    return f"v1:{hashlib.sha256(identity.encode('utf-8', 'replace')).hexdigest()[:32]}"


_VERSIONS: dict[int, Callable[[str, str, str], str]] = {1: _version_1}

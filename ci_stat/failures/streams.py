"""Lines of several branches that a log mixes: each branch is a stream of its own.

Jenkins writes the branches of a parallel step with their names before each line, docker compose
and Kubernetes the containers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ci_stat.failures.text import clean

_BRANCH = re.compile(r"^\[Pipeline\] \{ \(Branch: (.{1,200})\)$")
_PREFIX = len("[] ") + 200  # characters of the longest name of a branch before a line
_BRANCH_MARK = b"{ (Branch: "
_CONTAINER = re.compile(
    rb"^(?:[^|\n]{0,100}? )?([a-z0-9][\w.-]{0,60}(?:_\d+|-\d+)) +\| |^\[pod/([\w./-]{1,200})\] "
)
_CONTAINER_MARKS = (b" | ", b"[pod/")
# Lines, and bytes of each part, that are looked at to see whether a log mixes containers.
_SAMPLE, _SAMPLE_BYTES = 200, 1 << 15


class Streams:
    """The streams of a log. `parts`: its texts, from which the names are taken."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._branches = frozenset(_branches(parts))
        beginnings = [part[:_SAMPLE_BYTES] for part in parts]
        containers = map(_container, islice(_with(beginnings, _CONTAINER_MARKS), _SAMPLE))
        self._mixes_containers = len(set(containers) - {""}) > 1
        self.is_mixed = bool(self._branches) or self._mixes_containers

    def of(self, raw: bytes) -> str:
        """Return the name of a line's stream; "" for lines outside of all streams."""
        branch = self._branch(clean(raw)) if self._branches else ""
        return branch or (_container(raw) if self._mixes_containers else "")

    def without_name(self, text: str) -> str:
        """Return the text of a line without the name of its branch."""
        branch = self._branch(text)
        return text[len(branch) + 3 :] if branch else text

    def _branch(self, text: str) -> str:
        """Return the longest branch whose name stands before the text."""
        if not self._branches or not text.startswith("["):
            return ""

        end = text.rfind("] ", 0, _PREFIX)
        while end > 0:
            if text[1:end] in self._branches:
                return text[1:end]
            end = text.rfind("] ", 0, end)
        return ""


def _branches(parts: Iterable[bytes]) -> Iterator[str]:
    for line in _with(parts, (_BRANCH_MARK,)):
        match = _BRANCH.search(clean(line))
        if match:
            yield match[1]


def _with(parts: Iterable[bytes], marks: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines that contain one of the marks."""
    for part in parts:
        if any(mark in part for mark in marks):
            yield from (line for line in part.split(b"\n") if any(mark in line for mark in marks))


def _container(raw: bytes) -> str:
    match = _CONTAINER.search(raw[:300])
    return (match[1] or match[2]).decode() if match else ""

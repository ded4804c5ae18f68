"""Lines of several branches that a log mixes: each branch is a stream of its own.

Jenkins writes the branches of a parallel step with their names before each line, docker compose
and Kubernetes the containers, Turborepo and pnpm the packages with their scripts.
"""

import re
from collections import Counter
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
# The first line of a script of a package: `web:build: cache miss, executing 1f3` (Turborepo),
# `packages/core test$ vitest` (pnpm). Its output follows as `web:build: TEXT`.
_SCRIPT = re.compile(
    rb"(?m)^(?:[\dT:.-]+Z )?(?:([\w@./-]{1,100}:[\w:@./-]{1,60}): cache (?:hit|miss|bypass)"
    rb"|([\w@./-]{1,100} [\w:.-]{1,60})\$ \S)"
)
_SCRIPT_MARKS = (b": cache ", b"$ ")
_SCRIPT_BYTES = 1 << 16  # bytes of each part in which the first lines of scripts are looked for
# Names before lines in a log without the lines in which Jenkins names its branches. A level of a
# logger is no name, and neither is a progress: `[INFO] `, `[12/80] `.
_UNMARKED = re.compile(r"^\[((?!taskcluster )[A-Za-z][\w .,:/=@+()'-]{0,100})\] ")
_LEVELS = {"trace", "debug", "verbose", "info", "notice", "warn", "warning", "error", "severe"}
_LEVELS |= {"critical", "fatal", "stdout", "stderr", "pipeline", "task", "run", "running", "done"}
_LEVELS |= {"ok", "pass", "passed", "success", "fail", "failed", "skip", "skipped"}
_LEAST_LINES, _LEAST_SHARE, _MOST_NAMES = 5, 0.6, 30
# Lines, and bytes of each part, that are looked at to see whether a log mixes containers.
_SAMPLE, _SAMPLE_BYTES = 200, 1 << 15


class Streams:
    """The streams of a log. `parts`: its texts, from which the names are taken."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        beginnings = [part[:_SAMPLE_BYTES] for part in parts]
        self._branches = frozenset(_branches(parts)) or _unmarked_branches(beginnings)
        self._scripts = frozenset(_scripts(part[:_SCRIPT_BYTES] for part in parts))
        containers = map(_container, islice(_with(beginnings, _CONTAINER_MARKS), _SAMPLE))
        self._mixes_containers = len(set(containers) - {""}) > 1
        self.is_mixed = bool(self._branches or self._scripts) or self._mixes_containers

    def of(self, raw: bytes) -> str:
        """Return the name of a line's stream; "" for lines outside of all streams."""
        text = clean(raw) if self._branches or self._scripts else ""
        name = self._branch(text) or self._script(text)
        return name or (_container(raw) if self._mixes_containers else "")

    def without_name(self, text: str) -> str:
        """Return the text of a line without the name of its branch or script."""
        branch, script = self._branch(text), self._script(text)
        if branch:
            return text[len(branch) + 3 :]
        return text[len(script) + 2 :] if script else text

    def _script(self, text: str) -> str:
        """Return the script whose name stands before the text."""
        if not self._scripts:
            return ""
        name = f"{text} ".partition(": ")[0]  # an empty line has no blank at its end
        return name if name in self._scripts else ""

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


def _scripts(beginnings: Iterable[bytes]) -> Iterator[str]:
    for part in beginnings:
        if any(mark in part for mark in _SCRIPT_MARKS):
            yield from ((turbo or pnpm).decode() for turbo, pnpm in _SCRIPT.findall(part))


def _unmarked_branches(beginnings: Iterable[bytes]) -> frozenset[str]:
    """The names of branches in a log without their marks: most lines begin with few names."""
    lines = (line for part in beginnings if b"] " in part for line in part.split(b"\n"))
    texts = [text for text in map(clean, islice(lines, _SAMPLE)) if text.strip()]
    names = Counter(match[1] for match in map(_UNMARKED.match, texts) if match)
    for name in [name for name in names if name.lower() in _LEVELS]:
        del names[name]
    is_mixed = names.total() >= max(_LEAST_LINES, _LEAST_SHARE * len(texts))
    return frozenset(names) if is_mixed and len(names) <= _MOST_NAMES else frozenset()


def _with(parts: Iterable[bytes], marks: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines that contain one of the marks."""
    for part in parts:
        if any(mark in part for mark in marks):
            yield from (line for line in part.split(b"\n") if any(mark in line for mark in marks))


def _container(raw: bytes) -> str:
    match = _CONTAINER.search(raw[:300])
    return (match[1] or match[2]).decode() if match else ""

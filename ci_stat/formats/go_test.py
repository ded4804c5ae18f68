"""Read `go test -json`, line by line; lines that are not JSON, as builds print them, are allowed.

`-count` and reruns repeat a test: each is an attempt. A package that fails without a failed test
(a panic, a failed build, TestMain) is the case `(package)`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from ci_stat.formats.go_package import GoPackage
from ci_stat.formats.go_text import go_text_cases, is_go_text
from ci_stat.formats.lines import lines_of
from ci_stat.records.case_results import CaseResult, Limits, ReadState, Unreadable

MAX_PACKAGES = 20_000  # that are open at once
_IS_EVENT = re.compile(r'\{.{0,400}?"Action"\s*:\s*"')
_NOT_BUILT = re.compile(r"FAIL\s+(\S+) \[((?:build|setup) failed)\]")


class _Event(msgspec.Struct, rename="pascal"):
    action: str
    package: str = ""
    test: str = ""
    elapsed: float | None = None
    output: str = ""
    time: str = ""
    import_path: str = ""
    failed_build: str = ""


_decode = msgspec.json.Decoder(_Event).decode


def is_go_test(head: str) -> bool:
    """Whether a file that begins with `head` is the output of `go test -json` or `go test -v`."""
    if head.startswith("<"):
        return False
    lines = head.split("\n", 200)[:200]
    return any(_IS_EVENT.match(line) or _NOT_BUILT.match(line) for line in lines) or is_go_text(
        head
    )


def go_test_cases(head: str, text: Iterable[str], limits: Limits) -> Iterator[CaseResult]:
    """Yield the attempts of either output. `head`: its begin, which `text` has too."""
    has_events = any(_IS_EVENT.match(line) for line in head.split("\n"))
    if has_events or not is_go_text(head):
        return go_cases(text, limits)
    return go_text_cases(lines_of(text), limits)


def go_cases(text: Iterable[str], limits: Limits) -> Iterator[CaseResult]:
    """Yield the attempts as they end. Raises Unreadable after the readable ones."""
    reader = _Reader(limits)
    for line in lines_of(text):
        yield from reader.read(line)
    yield from reader.unfinished()


class _Reader:
    """The packages that are running, and what the compiler said about each."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._packages: dict[str, GoPackage] = {}
        self._builds = GoPackage("", limits)  # lines outside of any package
        self._cut = ""

    def read(self, line: str) -> Iterator[CaseResult]:
        is_event = line.startswith("{")
        event = _event(line) if is_event else None
        if event is not None:
            yield from self._take(event)
        elif is_event:
            self._cut = line
        elif match := _NOT_BUILT.match(line):
            yield self._builds.not_built(match[1], match[2])
        elif line.strip("\r\0 "):
            self._builds.add_output(f"{line}\n")

    def _take(self, event: Any) -> Iterator[CaseResult]:
        if event.action == "build-output":
            self._builds.add_output(event.output)
        if not event.package:
            return
        package = self._packages.get(event.package)
        if package is None:
            package = self._packages[event.package] = GoPackage(event.package, self._limits)
            if len(self._packages) > MAX_PACKAGES:
                raise Unreadable(ReadState.BROKEN, f"more than {MAX_PACKAGES:,} open packages")
        yield from package.take(event, self._builds)
        if not event.test and event.action in ("pass", "fail", "skip"):
            del self._packages[event.package]

    def unfinished(self) -> Iterator[CaseResult]:
        """Yield the tests that never ended. Raises Unreadable if a package has not ended."""
        running = list(self._packages)
        for package in self._packages.values():
            yield from package.unfinished()
        if running:
            raise Unreadable(ReadState.CUT, f"package {running[0][:200]} has no end")
        if self._cut:
            raise Unreadable(ReadState.CUT, "a line is not a whole event")


def _event(line: str) -> _Event | None:
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeError):
        return None

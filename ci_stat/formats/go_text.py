"""Read the text of `go test -v`: its lines become the events of `go test -json`.

The package of a test is known only from the line at its end, so the tests of one package are kept
until then. Without `-v` a package prints no test that passed, so its text is not read.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from ci_stat.formats.go_package import MAX_OPEN, GoPackage
from ci_stat.formats.text_parts import clean_line
from ci_stat.records.case_results import CaseResult, Limits, ReadState, Unreadable

_RUN = re.compile(r"=== (RUN|PAUSE|CONT|NAME)\s+(\S.*)")
_END = re.compile(
    r"\s*--- (PASS|FAIL|SKIP|BENCH): (\S.*?)(?: \((\d+(?:\.\d+)?) ?s(?:econds)?\))?\s*$"
)
_INLINE = re.compile(r"(.{1,4000}?)(--- (?:PASS|FAIL|SKIP): (\S.*) \([\d.]+ ?s(?:econds)?\))")
_BENCHMARK = re.compile(r"(Benchmark\S*)\s*$")
_PACKAGE = re.compile(r"(ok|FAIL|\?)\s{1,8}([^\s:]\S*)(?:\s+(\S.*))?$")
_TIME_OR_STATE = re.compile(r"\d|\(cached\)|\[")
_IS_TEXT = re.compile(r"=== RUN\s+\S|Benchmark\S+(?:\s+\d+\s+[\d.]+ ns/op|\s*$)", re.MULTILINE)
_WHOLE = ("PASS", "FAIL")


class _Event(NamedTuple):
    """An event as `GoPackage` takes it."""

    action: str
    test: str = ""
    elapsed: float | None = None
    output: str = ""
    time: str = ""
    failed_build: str = ""


def is_go_text(head: str) -> bool:
    """Whether a file that begins with `head` is the output of `go test -v`."""
    return _IS_TEXT.search(head) is not None and not head.startswith(("<", "{"))


def go_text_cases(lines: Iterable[str], limits: Limits) -> Iterator[CaseResult]:
    """Yield the attempts of each package at its end. Raises Unreadable after the readable ones."""
    reader = _Reader(limits)
    for line in lines:
        yield from reader.read(line.rstrip("\r"))
    yield from reader.unfinished()


class _Reader:
    """The package whose lines are read.

    `_test`: whose output the next lines are. `_ending`: the end of a test whose output may follow.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._builds = GoPackage("", limits)
        self._begin()

    def _begin(self) -> None:
        self._package = GoPackage("", self._limits)
        self._cases: list[CaseResult] = []
        self._test = ""
        self._ending: _Event | None = None
        self._is_empty = True
        self._is_whole = False

    def read(self, line: str) -> Iterator[CaseResult]:
        if match := _package(line):
            yield from self._package_ended(match)
        elif match := _RUN.match(line):
            self._end_test()
            self._run(match[1], match[2])
        elif match := _END.match(line):
            self._end_test()
            elapsed = float(match[3]) if match[3] else None
            self._ending = _Event(match[1].lower(), match[2], elapsed)
            self._test = match[2]
            self._is_empty = False
        elif (match := _INLINE.fullmatch(line)) and match[3] == self._test:
            self._output(match[1])  # what a test printed without an end of line
            yield from self.read(match[2])
        elif match := _BENCHMARK.fullmatch(line):
            self._end_test()
            self._run("NAME", match[1])
        else:
            self._output(line)

    def _run(self, action: str, test: str) -> None:
        self._test = test
        self._is_empty = False
        if action == "RUN":
            self._take(_Event("run", test))

    def _output(self, line: str) -> None:
        if line in _WHOLE:
            self._end_test()
            self._is_whole = True
        elif self._ending is not None and not line.startswith((" ", "\t")):
            self._end_test()
        if line.strip("\0 "):
            self._is_empty &= not line.startswith("Benchmark")
            self._take(_Event("output", self._test, output=f"{line}\n"))

    def _end_test(self) -> None:
        """End the test whose `---` line was read. Its output may stand below that line."""
        if self._ending is not None:
            ending, self._ending = self._ending, None
            self._take(ending)
            self._test = ""

    def _take(self, event: _Event) -> None:
        self._cases += self._package.take(event, self._builds)
        if len(self._cases) > MAX_OPEN:
            raise Unreadable(ReadState.BROKEN, f"more than {MAX_OPEN:,} tests of one package")

    def _package_ended(self, match: re.Match[str]) -> Iterator[CaseResult]:
        self._end_test()
        name, state = clean_line(match[2]), match[3] or ""
        if state.startswith("[") and state.endswith("failed]"):
            yield self._package.not_built(name, state.strip("[]"))
            return
        action = {"ok": "pass", "FAIL": "fail"}.get(match[1], "skip")
        self._take(_Event(action))
        yield from self._named(name)
        self._begin()

    def _named(self, name: str) -> Iterator[CaseResult]:
        for case in self._cases:
            yield replace(case, suite=name, class_name=name)

    def unfinished(self) -> Iterator[CaseResult]:
        """Yield the tests of a program that names no package, or whose output is cut."""
        self._end_test()
        self._cases += self._package.unfinished()
        for case in self._cases:
            # Without a package the file would name the case, but only failures name a file.
            yield replace(case, file="")
        if not self._is_empty and not self._is_whole:
            raise Unreadable(ReadState.CUT, "the last package has no end")


def _package(line: str) -> re.Match[str] | None:
    """The line at the end of a package: `ok  	me/app	0.16s`."""
    match = _PACKAGE.match(line)
    return match if match and _TIME_OR_STATE.match(match[3] or "") else None

"""The tests of one Go package while `go test` runs it."""

import re
from collections.abc import Iterator
from typing import Any

from ci_stat.formats.text_parts import TextPart, clean, clean_line
from ci_stat.records.case_results import MAX_MESSAGE, CaseResult, Limits, Outcome

PACKAGE_CASE = "(package)"
MAX_OPEN = 100_000  # tests of one package that have not ended
_ENDS = {
    "pass": Outcome.PASSED,
    "bench": Outcome.PASSED,
    "fail": Outcome.FAILED,
    "skip": Outcome.SKIPPED,
}
_FRAME = re.compile(r"\s*(?:=== |--- (?:PASS|FAIL|SKIP|BENCH): |(?:PASS|FAIL|ok)\s*$)")
# Some versions report a benchmark that passed only in the output.
_BENCHMARK = re.compile(r"(Benchmark\S*?)(?:-\d+)?\s+\d+\s+[\d.]+ ns/op")
_PLACE = re.compile(r"\s*([\w./-]+\.go):(\d{1,7}): ")


class GoPackage:
    """A package: the output of its open tests, and whether a test failed."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name = clean_line(name)
        self._limits = limits
        self._open: dict[str, tuple[str, TextPart]] = {}  # when it started, and its output
        self._output = TextPart(limits.text)
        self._benchmarks: set[str] = set()
        self._has_failed = False

    def add_output(self, text: str) -> None:
        if not _FRAME.match(text):
            self._output.add(clean(text))

    def take(self, event: Any, builds: "GoPackage") -> Iterator[CaseResult]:
        """Take the next event, and yield the attempts that it ends."""
        if event.action == "output":
            yield from self._take_output(event)
        elif event.test and event.action in ("run", "start"):
            self._begin(event)
        elif event.test and event.action in _ENDS:
            yield self._ended(event)
        elif event.action in _ENDS:
            yield from self._package_ended(event, builds)

    def not_built(self, package: str, word: str) -> CaseResult:
        """The case of a package that could not be built; the output says why."""
        text = self._output.text().strip("\n")
        self._output = TextPart(self._limits.text)
        return _package_case(clean_line(package), word, text)

    def unfinished(self) -> Iterator[CaseResult]:
        """Yield an error for each test that has begun but not ended."""
        for test, (started, output) in self._open.items():
            text = output.text().strip("\n")
            message = f"{test} did not end"
            yield self._case(test, Outcome.ERROR, "no end", message, text, started, output.left_out)
        self._open = {}

    def _begin(self, event: Any) -> None:
        if len(self._open) < MAX_OPEN:
            self._open[event.test] = event.time, TextPart(self._limits.text)

    def _take_output(self, event: Any) -> Iterator[CaseResult]:
        benchmark = _BENCHMARK.match(event.output)
        if benchmark and benchmark[1] not in self._benchmarks:
            self._benchmarks.add(benchmark[1])
            yield self._case(benchmark[1], Outcome.PASSED, "bench")
            return
        known = self._open.get(event.test)
        if known is None:
            self.add_output(event.output)
        elif not _FRAME.match(event.output):
            known[1].add(clean(event.output))

    def _ended(self, event: Any) -> CaseResult:
        started, output = self._open.pop(event.test, (event.time, TextPart(0)))
        outcome = _ENDS[event.action]
        self._has_failed |= outcome is Outcome.FAILED
        self._benchmarks.add(event.test)
        is_passed = outcome is Outcome.PASSED
        text = "" if is_passed else output.text().strip("\n")
        message = next((line.strip() for line in text.split("\n") if line.strip()), "")
        left_out = 0 if is_passed else output.left_out
        return self._case(
            event.test, outcome, event.action, message, text, started, left_out, event.elapsed
        )

    def _package_ended(self, event: Any, builds: "GoPackage") -> Iterator[CaseResult]:
        has_open = bool(self._open)
        yield from self.unfinished()
        if event.action != "fail" or self._has_failed or has_open:
            return
        if event.failed_build:
            yield builds.not_built(self._name, "build failed")
        else:
            yield _package_case(self._name, event.action, self._output.text().strip("\n"))

    def _case(
        self,
        test: str,
        outcome: Outcome,
        word: str,
        message: str = "",
        text: str = "",
        started: str = "",
        left_out: int = 0,
        elapsed: float | None = None,
    ) -> CaseResult:
        place = _PLACE.match(text) if text else None
        return CaseResult(
            suite=self._name,
            class_name=self._name,
            name=clean_line(test),
            outcome=outcome,
            word=word,
            seconds=elapsed if elapsed is not None and elapsed >= 0 else None,
            file=place[1] if place else "",
            line=int(place[2]) if place else None,
            message=message[:MAX_MESSAGE],
            text=text,
            started=started,
            left_out=left_out,
        )


def _package_case(package: str, word: str, text: str) -> CaseResult:
    message = next((line.strip() for line in text.split("\n") if line.strip()), word)
    return CaseResult(
        package,
        package,
        PACKAGE_CASE,
        Outcome.ERROR,
        word,
        message=message[:MAX_MESSAGE],
        text=text,
    )

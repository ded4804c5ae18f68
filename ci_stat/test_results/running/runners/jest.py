"""jest with the reporter jest-junit: files are shards; `--testNamePattern` repeats tests."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ci_stat.records.case_results import CaseResult
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import (
    Runner,
    Setup,
    batched,
    has_option,
    quoted_regex,
    unique,
)

_BROKEN_FILE = "Test suite failed to run"
_NAMES = {
    "JEST_JUNIT_SUITE_NAME": "{filepath}",
    "JEST_JUNIT_CLASSNAME": "{classname}",
    "JEST_JUNIT_TITLE": "{title}",
    "JEST_JUNIT_ANCESTOR_SEPARATOR": " ",
    "JEST_JUNIT_ADD_FILE_ATTRIBUTE": "true",
    "JEST_JUNIT_REPORT_TEST_SUITE_ERRORS": "true",
}


class Jest(Runner):
    """jest, which needs the package jest-junit."""

    name = "jest"

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._broken_files: set[str] = set()

    def listing(self) -> Invocation:
        listed = self.place("files.json")
        argv = self.with_arguments("--listTests", "--json")
        return Invocation(argv, results=listed, output=listed)

    def units(self, listing: Path) -> list[Unit]:
        text = listing.read_text(encoding="utf-8", errors="replace")
        files = json.loads(text[text.find("[") : text.rfind("]") + 1] or "[]")
        return [Unit(os.path.relpath(file, self.setup.folder)) for file in sorted(files)]

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        return self._invocation([unit.name for unit in units], (), f"shard-{number}.xml")

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        without_file = tuple(case for case in cases if not case.file)
        if without_file:
            yield Rerun(without_file, reason="the results do not name its file")
        broken = tuple(case for case in cases if case.class_name == _BROKEN_FILE)
        if broken:
            yield Rerun(broken, reason="its file could not be loaded")
        known = [case for case in cases if case.file and case.class_name != _BROKEN_FILE]
        patterns = {quoted_regex(_spoken(case)): case for case in known}
        for number, batch in enumerate(batched(list(patterns)), 1):
            chosen = tuple(patterns[pattern] for pattern in batch)
            names = f"--testNamePattern=^({'|'.join(batch)})$"
            files = unique([case.file for case in chosen])
            results = f"retry-{round_number}-{number}.xml"
            yield Rerun(chosen, self._invocation(files, (names,), results))

    def adjusted(self, case: CaseResult) -> CaseResult | None:
        """jest-junit writes a file that could not be loaded twice."""
        if case.class_name != _BROKEN_FILE:
            return case
        is_first = case.name not in self._broken_files
        self._broken_files.add(case.name)
        return case if is_first else None

    def missing(
        self, units: Sequence[Unit], cases: Sequence[CaseResult], finished: Path | None
    ) -> list[str]:
        reported = {os.path.normpath(case.file) for case in cases}
        return [unit.name for unit in units if os.path.normpath(unit.name) not in reported]

    def _invocation(self, files: Sequence[str], options: Sequence[str], name: str) -> Invocation:
        results = self.place(name)
        workers = ["--maxWorkers=1"] if self._runs_beside_others else []
        chosen = [os.path.join(self.setup.folder, file) for file in files]
        by_path = ["--runTestsByPath", *chosen] if chosen else []
        reporters = ["--reporters=default", "--reporters=jest-junit"]
        argv = self.with_arguments(*reporters, *workers, *options, *by_path)
        return Invocation(argv, {**_NAMES, "JEST_JUNIT_OUTPUT_FILE": str(results)}, results)

    @property
    def _runs_beside_others(self) -> bool:
        has_own = has_option(self.setup.argv, "-w", "--maxWorkers", "-i", "--runInBand")
        return self.setup.workers > 1 and not has_own


def _spoken(case: CaseResult) -> str:
    """The name as jest compares it: the titles around a test, and its own."""
    return f"{case.class_name} {case.name}{case.parameters}".strip()

"""ctest: it has its own workers; a file of numbers repeats tests."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from ci_stat.records.case_results import CaseResult, Outcome
from ci_stat.test_results.running.model import Invocation, Rerun, Unit
from ci_stat.test_results.running.runners.base import Runner, Setup, has_option

_NOT_RUN = ("Unable to find", "Required Files Missing", "Fixture dependency failed", "Failed to")
_LISTED = re.compile(r"\s*Test\s+#(\d+): (.*?)(?: \(Disabled\))?\s*$")


class CTest(Runner):
    """CTest 3.21 or newer, which writes JUnit XML."""

    name = "ctest"
    unit_word = "test"
    shares_work = True

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._numbers: dict[str, str] = {}

    def listing(self) -> Invocation:
        listed = self.place("tests.txt")
        return Invocation(self.with_arguments("-N"), results=listed, output=listed)

    def units(self, listing: Path) -> list[Unit]:
        lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
        matches = [match for line in lines if (match := _LISTED.match(line))]
        self._numbers = {match[2]: match[1] for match in matches}
        return [Unit(match[2]) for match in matches]

    def shard(self, units: Sequence[Unit], number: int) -> Invocation:
        return self._invocation((), f"shard-{number}.xml")

    def reruns(self, cases: Sequence[CaseResult], round_number: int) -> Iterator[Rerun]:
        known = tuple(case for case in cases if _name(case) in self._numbers)
        unknown = tuple(case for case in cases if _name(case) not in self._numbers)
        if unknown:
            yield Rerun(unknown, reason="ctest did not list it before the run")
        if known:
            # A file has `Start,End,Stride,number,number`. Without its line end, ctest drops the
            # last number.
            numbers = [self._numbers[_name(case)] for case in known]
            chosen = self.place(f"retry-{round_number}.txt")
            chosen.write_text(",".join(["0", "0", "0", *numbers]) + "\n", encoding="utf-8")
            options = ("-I", str(chosen))
            yield Rerun(known, self._invocation(options, f"retry-{round_number}.xml"))

    def adjusted(self, case: CaseResult) -> CaseResult:
        """A test whose program does not exist "did not run": nobody skipped it."""
        is_broken = case.outcome is Outcome.SKIPPED and case.message.startswith(_NOT_RUN)
        return replace(case, outcome=Outcome.ERROR, word="not run") if is_broken else case

    def missing(
        self, units: Sequence[Unit], cases: Sequence[CaseResult], finished: Path | None
    ) -> list[str]:
        reported = {_name(case) for case in cases}
        return [unit.name for unit in units if unit.name not in reported]

    def _invocation(self, options: Sequence[str], name: str) -> Invocation:
        results = self.place(name)
        is_parallel = self.setup.workers > 1 and not has_option(self.setup.argv, "-j", "--parallel")
        workers = ("-j", str(self.setup.workers)) if is_parallel else ()
        output = ("--output-junit", str(results))
        return Invocation(self.with_arguments(*output, *workers, *options), {}, results)


def _name(case: CaseResult) -> str:
    return case.name + case.parameters

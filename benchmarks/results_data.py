"""Five million results of 8,000 tests over 60 days, in a results database and as columns.

Both are made once, in `build/`. One test in ten fails now and then, and one in fifty often; some
commits break 30 tests; one result in fifty is skipped; 3 % of the failures pass when repeated.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.case_results import CaseResult, Outcome, ReadState
from ci_stat.records.ends import ERROR, FAILED, PASSED, SKIPPED
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results.attempt_rows import OUTCOMES
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.upgrade import VERSION
from ci_stat.store.results.write import ResultsWriter

FOLDER = Path("build") / "results-5m"
CASES, RUNS, DAYS = 8_000, 640, 60
BEGIN = datetime(2026, 9, 1, tzinfo=UTC)
JOB, BRANCHES = "unit", ("main", "main", "main", "topic")
RUNS_PER_COMMIT = 2
_SEED = 21


@dataclass(frozen=True, slots=True)
class Read:
    """Attempts of a file that needs no parsing."""

    cases: Sequence[CaseResult]
    state: ReadState = ReadState.COMPLETE
    detail: str = ""
    format: str = "JUnit XML"

    @property
    def attempts(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[CaseResult]:
        return iter(self.cases)


def database() -> Path:
    return FOLDER / "results.sqlite"


def make() -> None:
    """Make the database and `results.csv`, unless they are there."""
    ready = FOLDER / f"ready-{VERSION}-{RUNS}"
    if ready.exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    database().unlink(missing_ok=True)
    engine = open_engine(f"sqlite:///{database()}")
    prepare_results(engine)
    writer = ResultsWriter(engine, lambda: BEGIN)
    with (FOLDER / "results.csv").open("w", encoding="ascii") as file:
        file.write("run,commit_id,is_main,case_id,outcome,passed,failed,seconds\n")
        for number in range(RUNS):
            _make_run(writer, number, file)
    ready.touch()


def _make_run(writer: ResultsWriter, number: int, file: TextIO) -> None:
    draw = np.random.default_rng(_SEED * 10_000 + number)
    commit = number // RUNS_PER_COMMIT
    branch = BRANCHES[commit % len(BRANCHES)]
    outcome = _outcomes(draw, commit)
    seconds = np.round(draw.lognormal(-2, 1.5, CASES), 3)
    is_there = draw.random(CASES) < 0.98
    passes_again = (outcome == FAILED) & (draw.random(CASES) < 0.03)

    attempts: list[CaseResult] = []
    lines: list[str] = []
    for case in np.flatnonzero(is_there).tolist():
        code, time = int(outcome[case]), float(seconds[case])
        ends = (code, PASSED) if passes_again[case] else (code,)
        attempts.extend(_attempt(case, end, time) for end in ends)
        failed = code in (FAILED, ERROR)
        passed = ends[-1] == PASSED
        numbers = (number, commit, branch == "main", case, ends[-1], passed, failed)
        lines.append(f"{','.join(str(int(value)) for value in numbers)},{time * len(ends):.3f}\n")
    file.writelines(lines)
    started = BEGIN + timedelta(days=DAYS) * (number / RUNS)
    run = RunInfo(JOB, number, commit=f"c{commit}", branch=branch, started=started)
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    writer.store(writer.run_id(run), digest, "r.xml", lambda: Read(attempts))


def _outcomes(draw: np.random.Generator, commit: int) -> NDArray[np.int8]:
    rate = np.full(CASES, 0.001)
    rate[::10], rate[::50] = 0.02, 0.2
    outcome = np.where(draw.random(CASES) < rate, FAILED, PASSED).astype(np.int8)
    outcome[(outcome == FAILED) & (draw.random(CASES) < 0.1)] = ERROR
    if commit % 100 == 0:
        outcome[commit % CASES : commit % CASES + 30] = FAILED
    outcome[draw.random(CASES) < 0.02] = SKIPPED
    return outcome


def _attempt(case: int, code: int, seconds: float) -> CaseResult:
    outcome = OUTCOMES[code]
    message = "got 17, want 18" if outcome in (Outcome.FAILED, Outcome.ERROR) else ""
    return CaseResult(
        f"suite{case // 200}",
        f"com.example.Suite{case // 200}Test",
        f"test_that_it_does_{case % 200}",
        outcome,
        str(outcome),
        seconds,
        message=message,
        text=message * 20,
    )


if __name__ == "__main__":
    make()

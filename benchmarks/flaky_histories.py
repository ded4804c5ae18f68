"""Draw histories of test results whose truth is known.

The rates are those of FlakeFlagger: 10,000 reruns of each test of 24 Java projects. Planted is what
looks flaky and is not: tests that are broken for some commits, commits that break many tests,
outages that hit both jobs, and runs that were killed while a test ran.
"""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import FAILED, PASSED, Ends
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredRun

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
RATES = REAL / "flakeflagger" / "test_results.csv.gz"
JOBS = ("unit", "e2e")
COMMITS = 120  # of 60 days
BROKEN = 8  # tests that are broken for some commits, in each history
BAD_COMMITS = 3
OUTAGES = 2
RETRIED = 0.6  # of the failed runs
RUN_AGAIN = 0.1  # of the passed runs
KILLED = 0.03  # of all runs
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)

Flags = NDArray[np.bool_]
Rates = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """Runs with their results. `rates`: by test, from 1. `own_mixed`: whether the flakiness itself
    gave both outcomes on one commit. `incomplete`: ids of runs with a cut file."""

    runs: list[StoredRun]
    ends: Ends
    rates: Rates
    own_mixed: Flags
    incomplete: set[int]


def read_rates() -> dict[str, Rates]:
    """The failure rates of the tests of each project; all that ran."""
    projects: dict[str, list[float]] = defaultdict(list)
    with gzip.open(RATES, "rt", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            failed, passed = int(row["NumFailingRuns"]), int(row["NumPassingRuns"])
            if failed + passed:
                projects[row["Project"]].append(failed / (failed + passed))
    return {name: np.array(rates) for name, rates in projects.items()}


@dataclass
class _Drawing:
    rates: Rates
    random: np.random.Generator
    runs: list[StoredRun] = field(default_factory=list)
    parts: list[tuple[NDArray[np.int64], Flags]] = field(default_factory=list)
    incomplete: set[int] = field(default_factory=set)

    def run(self, job: str, commit: int, attempt: int, hour: float, tests: NDArray[np.int64],
            failed: Flags) -> None:  # fmt: skip
        info = RunInfo(
            job=job, number=commit, attempt=attempt, repo="o/n", commit=f"c{commit}",
            branch="main", started=_BEGIN + timedelta(hours=hour),
        )  # fmt: skip
        self.runs.append(StoredRun(len(self.runs) + 1, info))
        self.parts.append((tests, failed))


@dataclass(frozen=True)
class _Planted:
    """What looks flaky and is not. `broken`: by commit and test. `outages`: their first commits."""

    broken: Flags
    outages: list[int]

    def outage(self, commit: int) -> int | None:
        """The first commit of the outage that hits a commit: each hits three commits."""
        return next((begin for begin in self.outages if begin <= commit < begin + 3), None)


def draw(rates: Rates, seed: int) -> History:
    """One history of a suite, of two jobs that run all tests on each commit of a branch."""
    random = np.random.default_rng(seed)
    planted = _plant(rates, random)
    drawing = _Drawing(rates, random)
    own_mixed = np.zeros(len(rates), np.bool_)
    for commit in range(COMMITS):
        for number, job in enumerate(JOBS):
            own_mixed |= _draw_commit(drawing, planted, commit, job, 0.05 * number)
    return History(drawing.runs, _ends(drawing), rates, own_mixed, drawing.incomplete)


def _plant(rates: Rates, random: np.random.Generator) -> _Planted:
    broken = _broken_tests(np.flatnonzero(rates == 0), random, len(rates))
    for commit in random.choice(COMMITS, BAD_COMMITS, replace=False):
        broken[commit] |= random.random(len(rates)) < random.uniform(0.02, 0.4)
    begins = random.choice(COMMITS - 4, OUTAGES, replace=False)
    return _Planted(broken, [int(begin) for begin in begins])


def _draw_commit(
    drawing: _Drawing, planted: _Planted, commit: int, job: str, later: float
) -> Flags:
    """Draw the attempts of one job; return which tests their flakiness alone made mixed."""
    random, rates, count = drawing.random, drawing.rates, len(drawing.rates)
    failed_by_itself, passed = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    tests = np.arange(count)
    for attempt in (1, 2, 3):
        begin = planted.outage(commit) if attempt == 1 else None
        # The commits of an outage run in both jobs within an hour; others are half a day apart.
        hour = 12.0 * commit if begin is None else 12.0 * begin + 0.4 * (commit - begin)
        flaked = random.random(len(tests)) < rates[tests]
        broken = planted.broken[commit][tests]
        hit = random.random(len(tests)) < (0.0 if begin is None else random.uniform(0.05, 0.5))
        ran, failed = _killed(drawing, tests, flaked | broken | hit)
        drawing.run(job, commit, attempt, hour + 3.0 * (attempt - 1) + later, ran, failed)

        failed_by_itself[tests] |= flaked
        passed[tests] |= ~(flaked | broken)
        is_failed = bool(failed.any())
        if random.random() >= (RETRIED if is_failed else RUN_AGAIN):
            break
        is_retry_of_failed = is_failed and random.random() < 0.5
        tests = ran[failed] if is_retry_of_failed else np.arange(count)
    return failed_by_itself & passed


def _broken_tests(stable: NDArray[np.int64], random: np.random.Generator, count: int) -> Flags:
    """Whether each test is broken on each commit: for 4 to 12 commits in a row."""
    broken = np.zeros((COMMITS, count), np.bool_)
    for test in random.choice(stable, min(BROKEN, len(stable)), replace=False):
        begin = int(random.integers(0, COMMITS - 12))
        broken[begin : begin + int(random.integers(4, 13)), test] = True
    return broken


def _killed(
    drawing: _Drawing, tests: NDArray[np.int64], failed: Flags
) -> tuple[NDArray[np.int64], Flags]:
    """What is left of a run: a killed one ends early, and the test that ran then failed."""
    if drawing.random.random() >= KILLED or len(tests) < 4:
        return tests, failed
    end = int(drawing.random.integers(2, max(3, len(tests) * 6 // 10)))
    if drawing.random.random() < 0.5:
        drawing.incomplete.add(len(drawing.runs) + 1)
    cut = failed[:end].copy()
    cut[-1] = True
    return tests[:end], cut


def _ends(drawing: _Drawing) -> Ends:
    sizes = [len(tests) for tests, _ in drawing.parts]
    failed = np.concatenate([failed for _, failed in drawing.parts])
    return Ends(
        run=np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        case=np.concatenate([tests for tests, _ in drawing.parts]) + 1,
        outcome=np.where(failed, FAILED, PASSED).astype(np.int8),
        passed=~failed,
        failed=failed,
        attempts=np.ones(len(failed), np.int32),
        seconds=np.full(len(failed), np.nan, np.float32),
    )

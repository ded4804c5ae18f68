"""Random histories of tests with a known truth: flaky tests, and changes of failure rates.

If the FlakeFlagger data set is present, flaky tests have its failure rates.
"""

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import FAILED, PASSED, Ends
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredRun

REAL = (
    Path(__file__).resolve().parents[2] / "shared" / "real" / "flakeflagger" / "test_results.csv.gz"
)
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
HIGHEST = 0.3  # failure rate of a flaky test
_ASSUMED = (0.0006, 0.004, 0.015, 0.06, 0.2)  # without the data set

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """The failure rate rises by `rise`, at most to 1; over `days` of drift, or at once."""

    rise: float
    days: float = 0.0

    @property
    def name(self) -> str:
        drift = f" over {self.days:.0f} days" if self.days else ""
        return "to 100%" if self.rise >= 1 else f"+{self.rise * 100:.0f} points{drift}"


@dataclass(frozen=True)
class Drawn:
    """`failed`: a row a test, a column a run. `change`: of each test, -1 for none.

    `begin`: the first run of the change.
    """

    runs: tuple[StoredRun, ...]
    failed: Bools
    rates: Floats
    change: NDArray[np.int64]
    begin: NDArray[np.int64]


def make_runs(days: int, a_day: int) -> tuple[StoredRun, ...]:
    """Runs at equal distances; each has a commit of its own."""
    return tuple(
        StoredRun(
            number + 1,
            RunInfo("unit", number, commit=f"{number:040x}", started=BEGIN + DAY * number / a_day),
        )
        for number in range(days * a_day)
    )


def draw(
    rates: Floats,
    changes: Sequence[Change],
    change: NDArray[np.int64],
    runs: tuple[StoredRun, ...],
    between: tuple[int, int],
    seed: int,
) -> Drawn:
    """Draw outcomes. Tests with a change get it in a run of `between`, at random."""
    random = np.random.default_rng(seed)
    begin = np.where(change >= 0, random.integers(*between, len(rates)), len(runs))
    a_day = DAY / (runs[1].started - runs[0].started)
    all_rates = np.repeat(rates[:, None], len(runs), axis=1)
    for number, one in enumerate(changes):
        of_one = change == number
        since = np.arange(len(runs))[None, :] - begin[of_one][:, None]
        share = np.clip((since + 1) / max(1.0, one.days * a_day), 0, 1)
        all_rates[of_one] = np.minimum(1.0, all_rates[of_one] + one.rise * share)
    failed = random.random(all_rates.shape) < all_rates
    return Drawn(runs, failed, rates, change, begin)


def ends_of(failed: Bools, seconds: NDArray[np.float32] | None = None) -> Ends:
    """The columns of a matrix of outcomes: a row a test, a column a run."""
    tests, runs = failed.shape
    flat = failed.T.reshape(-1)
    times = np.ones(len(flat), np.float32) if seconds is None else seconds.T.reshape(-1)
    return Ends(
        run=np.repeat(np.arange(runs, dtype=np.int32), tests),
        case=np.tile(np.arange(tests, dtype=np.int64), runs),
        outcome=np.where(flat, FAILED, PASSED).astype(np.int8),
        passed=~flat,
        failed=flat,
        attempts=np.ones(len(flat), np.int32),
        seconds=times,
    )


@cache
def flaky_rates(source: Path = REAL) -> tuple[Floats, float, bool]:
    """Failure rates of flaky tests, their share of all tests, and whether both are real."""
    if not source.is_file():
        return np.array(_ASSUMED), 0.036, False
    rates, tests = [], 0
    with gzip.open(source, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            failed, passed = int(row["NumFailingRuns"]), int(row["NumPassingRuns"])
            tests += 1
            rate = failed / (failed + passed) if failed + passed else 0.0
            if row["IsFlaky"] == "1" and 0 < rate <= HIGHEST:
                rates.append(rate)
    return np.array(rates), len(rates) / tests, True


def real_rates(tests: int, seed: int) -> Floats:
    """Failure rates of a suite: most tests never fail, the flaky ones fail as in the data set."""
    random = np.random.default_rng(seed)
    rates, share, _ = flaky_rates()
    is_flaky = random.random(tests) < share
    return np.where(is_flaky, random.choice(rates, tests), 0.0)


def even_rates(tests: int, seed: int) -> Floats:
    """Failure rates from 0 to 30 %, each as often: a suite worse than any real one."""
    return np.random.default_rng(seed).uniform(0, HIGHEST, tests)

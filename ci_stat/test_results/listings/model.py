"""Slow tests, and tests that are new or gone."""

from dataclasses import dataclass

from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.flakiness.exclusions import LeftOut
from ci_stat.test_results.flakiness.model import TestWindow


@dataclass(frozen=True, slots=True)
class SlowTest:
    """Seconds of a test over `runs` runs; `share`: of the time of all tests."""

    case: StoredCase
    runs: int
    p50: float
    p95: float
    total: float
    share: float


@dataclass(frozen=True, slots=True)
class SlowTests:
    """The slowest tests first. `all_tests`: with a time. `total`: seconds of all of them.

    `without_time`: finished results without a time.
    """

    window: TestWindow
    tests: tuple[SlowTest, ...]
    all_tests: int
    total: float
    runs: int
    without_time: int
    left_out: LeftOut


@dataclass(frozen=True, slots=True)
class NewTest:
    """A test with its first run. `runs`: those that had it, by their last outcome.

    `last_outcome`: in the newest of them. `flaky_runs`: runs in which a retry passed.
    """

    case: StoredCase
    first: StoredRun
    runs: int
    passed: int
    failed: int
    skipped: int
    flaky_runs: int
    last_outcome: str


@dataclass(frozen=True, slots=True)
class GoneTest:
    """A test that no longer runs. `last`: the newest run on the default branch that had it."""

    case: StoredCase
    last: StoredRun


@dataclass(frozen=True, slots=True)
class NewTests:
    """New tests, the newest first; and gone ones, if asked for (else None).

    `baseline`: tests of the first run of a job and label set; nothing is known before it.
    """

    window: TestWindow
    new: tuple[NewTest, ...]
    gone: tuple[GoneTest, ...] | None
    all_tests: int
    baseline: int
    left_out: LeftOut

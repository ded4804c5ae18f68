"""What regressed: values of the report."""

from dataclasses import dataclass
from datetime import datetime

from ci_stat.statistics.intervals import Interval, newcombe, wilson
from ci_stat.store.results.read import StoredCase, StoredRun
from ci_stat.test_results.flakiness.model import DefaultBranch
from ci_stat.test_results.regressions.series import Lane
from ci_stat.test_results.regressions.thresholds import THRESHOLDS
from ci_stat.test_results.regressions.window_counts import Periods


@dataclass(frozen=True, slots=True)
class Since:
    """When something changed: after the run `last_before`, at the latest in the run `latest`.

    `first`: the most likely first run. With 99 % the change is in this interval; for durations
    there is no interval, and `latest` is `first`.
    """

    last_before: StoredRun
    first: StoredRun
    latest: StoredRun


@dataclass(frozen=True, slots=True)
class FailureChange:
    """Since when a test fails more often, with the failure rates before and after.

    - `ended`: when the rate fell again; None if it has not.
    - `is_again`: it had fallen before, after an earlier rise: fixed, and failing again.
    """

    since: Since
    before: float
    after: float
    ended: Since | None = None
    is_again: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """Failed of finished runs."""

    failed: int
    runs: int

    @property
    def rate(self) -> float:
        return self.failed / self.runs if self.runs else 0.0


@dataclass(frozen=True, slots=True)
class Regression:
    """A test of a lane that fails more often than before.

    - `before`: the baseline of the day on which it opened; of a new test 0 of 0.
    - `opened`: the end of the first window in which it was a regression.
    - `p_value`: None for a new test.
    - `change`: None if no single change explains the failures.
    - `first`: of a new test, its first run.
    - `newest`: the newest run that it failed in.
    """

    case: StoredCase
    lane: Lane
    is_new: bool
    now: Count
    before: Count
    p_value: float | None
    opened: datetime
    change: FailureChange | None
    first: StoredRun | None
    newest: StoredRun | None

    @property
    def rise(self) -> float:
        """By how much the failure rate rose, in shares of 1."""
        return self.now.rate - self.before.rate

    @property
    def interval(self) -> Interval:
        """The 95 % interval of `rise`."""
        if self.is_new:
            return wilson(self.now.failed, self.now.runs)
        return newcombe(self.now.failed, self.now.runs, self.before.failed, self.before.runs)

    @property
    def is_extreme(self) -> bool:
        return self.rise > THRESHOLDS.extreme_drop


@dataclass(frozen=True, slots=True)
class DurationChange:
    """A test of a lane that became slower or faster. `before`, `after`: typical seconds."""

    case: StoredCase
    lane: Lane
    since: Since
    before: float
    after: float
    change: float
    p_value: float
    runs: int

    @property
    def seconds(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class LeftOutRuns:
    """Runs that do not count, by reason."""

    pulls: int = 0
    other_branches: int = 0
    repeated: int = 0
    incomplete: int = 0
    partial: int = 0
    mass_failures: int = 0
    outages: int = 0


@dataclass(frozen=True, slots=True)
class RegressionReport:
    """The answer.

    - `branch`: the default branch, whose runs count.
    - `runs`, `baseline_runs`: that count, in the window and in the baseline.
    - `compared`, `as_new`, `too_few`: tests by lane: compared with their baseline, judged as new
      ones, and new with too few runs.
    - `timed`: tests by lane with enough durations; `too_small`: their changes that are left out.
    - `by_chance`: changes of durations that may be chance, among so many tests.
    """

    periods: Periods
    branch: DefaultBranch
    runs: int
    baseline_runs: int
    regressions: tuple[Regression, ...]
    slower: tuple[DurationChange, ...]
    faster: tuple[DurationChange, ...]
    compared: int
    as_new: int
    too_few: int
    timed: int
    too_small: int
    by_chance: int
    left_out: LeftOutRuns

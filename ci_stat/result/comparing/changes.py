"""What changed between two windows: rates and durations with intervals, and their order."""

from dataclasses import dataclass
from enum import StrEnum

from ci_stat.result.comparing.side import SeenRun
from ci_stat.statistics.intervals import Interval


class Change(StrEnum):
    """How a failure, a job or a duration differs from before, if it is more than chance."""

    NEW = "new"
    GONE = "gone"
    WORSE = "worse"
    BETTER = "better"
    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `runs`. `interval`: of the share, wider if runs of a pull request fail together.

    `prs`, `nightly`: the pull requests and nightly runs among `count`; None where not counted.
    """

    count: int
    runs: int
    interval: Interval
    prs: int | None = None
    nightly: int | None = None

    @property
    def value(self) -> float | None:
        """The share, 0 to 1; None without runs."""
        return self.count / self.runs if self.runs else None


@dataclass(frozen=True, slots=True)
class RateChange:
    """Two rates.

    - `difference`: `now - before`, None if one has no runs; `interval`: of the difference.
    - `p_value`, `q_value`: see `statistics.exact` and `statistics.discovery`. Without `decidable`,
      the runs are too few for any outcome to be more than chance.
    - `change`: what the numbers show; `by_chance`: it may be chance.
    """

    now: Rate
    before: Rate
    difference: float | None
    interval: Interval
    p_value: float
    q_value: float
    decidable: bool
    change: Change
    by_chance: bool

    @property
    def order(self) -> tuple[bool, float, float]:
        """Sort key: more than chance first, by their surest size; then what is nearest to it."""
        if self.by_chance:
            return (True, self.p_value, -abs(self.difference or 0.0))
        return (False, -self.interval.least, -abs(self.difference or 0.0))


@dataclass(frozen=True, slots=True)
class FailureChange:
    """One failure. `rates`: the runs that it broke among all runs of its `jobs`.

    `newest`: the newest broken run of either window.
    """

    kind: str
    name: str
    jobs: tuple[str, ...]
    rates: RateChange
    newest: SeenRun


@dataclass(frozen=True, slots=True)
class JobChange:
    """The failure rate of one job, or of all runs of a kind."""

    name: str
    rates: RateChange


@dataclass(frozen=True, slots=True)
class Duration:
    """The median of `runs` successful runs in ms, with its interval."""

    runs: int
    median: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class DurationChange:
    """The durations of one job. `change_of_median`: relative; `interval`: of it, None if unknown.

    The other fields are those of `RateChange`.
    """

    job: str
    now: Duration
    before: Duration
    change_of_median: float
    interval: Interval | None
    p_value: float
    q_value: float
    change: Change
    by_chance: bool

    @property
    def order(self) -> tuple[bool, float, str]:
        """Sort key: more than chance first, then the size in minutes."""
        return (self.by_chance, -abs(self.now.median - self.before.median), self.job)

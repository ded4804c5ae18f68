"""When silence is evidence: whether what failed now and then, and has not for a while, has stopped."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from ci_stat.statistics.intervals import lower_bound

DAY = timedelta(days=1)
DOUBT = 0.01  # how likely the silence may be by chance
LEAST_RUNS = 50  # since the last failure, however often it failed before
LEAST_QUIET = 7 * DAY  # a team's week: what fails on Mondays only has not stopped on Thursday
LONG_QUIET = 90 * DAY  # then failures that came in bursts count one by one again
STEADY = 0.3  # share of runs: what failed so often from its first to its last failure was broken, and is mended
MENDED_QUIET, BURST_QUIET = (
    14 * DAY,
    28 * DAY,
)  # after the one burst there was: of what was broken, and of the others


@dataclass(frozen=True, slots=True)
class Silence:
    """n failures in `bursts` over `span`, then quiet for `quiet`; aware times and whole runs.

    - `bursts`: stretches of days with failures; a day without one ends it.

    - `longest`: the longest silence before this one. `runs`: finished runs from the first to the last failure;
      `runs_since`: after it.
    """

    failures: int
    span: timedelta
    quiet: timedelta
    longest: timedelta
    runs: int
    runs_since: int
    bursts: int = 1

    @property
    def chance(self) -> float:
        """How likely so long a silence is if nothing has changed: (span / (span + quiet))^(n - 1).

        The rule of the Go project's watcher. Failures within one day count as spread over that day.
        """
        return self._chance(self.failures)

    @property
    def chance_by_bursts(self) -> float:
        """The same with bursts: ten failures on one bad day are one occasion, not ten."""
        return self._chance(self.bursts)

    def _chance(self, times: int) -> float:
        span = max(self.span, DAY)
        return float((span / (span + self.quiet)) ** (times - 1))

    @property
    def chance_by_runs(self) -> float:
        """The same by runs: none of those since failed, though each did with the rate before, at its lower bound."""
        return float(
            (1 - lower_bound(self.failures, max(self.runs, self.failures))) ** self.runs_since
        )

    @property
    def lacking(self) -> str:
        """What speaks against the silence yet, in words; "" when it is long enough."""
        least = max(LEAST_QUIET, self.longest)
        if self.quiet <= least:
            return f"more than {least.days} quiet days are needed"
        if self.failures == 1:  # of an incident: no formula speaks about one run
            return (
                ""
                if self.quiet >= LONG_QUIET
                else f"{LONG_QUIET.days} quiet days are needed after one run"
            )
        if self.chance >= DOUBT:
            return f"that must be less than {DOUBT:.0%}"
        return "" if self.quiet >= LONG_QUIET else self._of_bursts

    @property
    def _of_bursts(self) -> str:
        if self.bursts == 1:
            steady = lower_bound(self.failures, max(self.runs, self.failures)) >= STEADY
            least = MENDED_QUIET if steady else BURST_QUIET
            return (
                ""
                if self.quiet >= least
                else f"{least.days} quiet days are needed after a single burst of failures"
            )
        # Each gap between bursts is one more occasion to be fooled: what doubt there is they share.
        if self.chance_by_bursts < DOUBT / (self.bursts - 1):
            return ""
        return f"they came in {self.bursts} bursts only, by which it is {self.chance_by_bursts:.1%}"

    @property
    def enough_runs(self) -> bool:
        if self.runs_since < LEAST_RUNS:
            return False
        return self.quiet >= LONG_QUIET or self.chance_by_runs < DOUBT / max(1, self.failures - 1)


def bursts(days: Iterable[str]) -> int:
    """How many stretches of days these are; ISO dates."""
    dates = sorted(map(date.fromisoformat, days))
    return sum(later - sooner > DAY for sooner, later in pairwise(dates)) + bool(dates)


def longest_gap(moments: list[datetime]) -> timedelta:
    """The longest silence between two of these, oldest first."""
    return max((later - sooner for sooner, later in pairwise(moments)), default=timedelta(0))

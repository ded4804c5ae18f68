"""Statistics of silence: whether a failure that has not occurred for a while is gone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from ci_stat.statistics.intervals import lower_bound

DAY = timedelta(days=1)
DOUBT = 0.01  # accepted probability that the silence is chance
LEAST_RUNS = 50  # since the last failure, however often the test failed before
LEAST_QUIET = 7 * DAY  # a working week: a failure of Mondays is not gone on Thursday
LONG_QUIET = 90 * DAY  # from here on, bursts of failures no longer matter
STEADY = 0.3  # share of failed runs between first and last failure: the test was broken, not flaky
MENDED_QUIET = 14 * DAY  # after a single burst of a broken test
BURST_QUIET = 28 * DAY  # after a single burst of any other test


@dataclass(frozen=True, slots=True)
class Silence:
    """Failures in `bursts` over `span`, then none for `quiet`.

    - `longest`: the longest quiet period before this one.
    - `runs`: finished runs from the first to the last failure. `runs_since`: after it.
    - `bursts`: groups of consecutive days with failures.
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
        """Probability of so long a silence if nothing changed: (span / (span + quiet))^(n - 1).

        The formula is that of the Go project's watchflakes. Failures within one day count as
        spread over that day.
        """
        return self._chance(self.failures)

    @property
    def chance_by_bursts(self) -> float:
        """The same probability by bursts: ten failures on one bad day are one event."""
        return self._chance(self.bursts)

    def _chance(self, events: int) -> float:
        span = max(self.span, DAY)
        return float((span / (span + self.quiet)) ** (events - 1))

    @property
    def chance_by_runs(self) -> float:
        """The same probability by runs, for the lower bound of the failure rate before."""
        return float((1 - self._lowest_rate) ** self.runs_since)

    @property
    def _lowest_rate(self) -> float:
        """The lower bound of the failure rate from the first to the last failure."""
        return lower_bound(self.failures, max(self.runs, self.failures))

    @property
    def lacking(self) -> str:
        """What closing still needs, in words; "" if the silence is long enough."""
        least = max(LEAST_QUIET, self.longest)
        if self.quiet <= least:
            return f"closing needs more than {least.days} quiet days"
        if self.failures == 1:  # an incident: one failure has no rate
            return self._needs(LONG_QUIET, "a single failed run")
        if self.chance >= DOUBT:
            return f"closing needs less than {DOUBT:.0%}"
        if self.quiet >= LONG_QUIET:
            return ""
        return self._lacking_by_bursts

    @property
    def _lacking_by_bursts(self) -> str:
        if self.bursts == 1:
            was_broken = self._lowest_rate >= STEADY
            least = MENDED_QUIET if was_broken else BURST_QUIET
            return self._needs(least, "a single burst of failures")

        # Each gap between bursts is one more chance of a wrong close: the gaps share the doubt.
        if self.chance_by_bursts < DOUBT / (self.bursts - 1):
            return ""
        return f"by its {self.bursts} bursts the chance is {self.chance_by_bursts:.1%}"

    def _needs(self, least: timedelta, after: str) -> str:
        if self.quiet >= least:
            return ""
        return f"closing needs {least.days} quiet days after {after}"

    @property
    def enough_runs(self) -> bool:
        if self.runs_since < LEAST_RUNS:
            return False
        return self.quiet >= LONG_QUIET or self.chance_by_runs < DOUBT / max(1, self.failures - 1)


def bursts(days: Iterable[str]) -> int:
    """Count the groups of consecutive days. `days`: ISO dates."""
    dates = sorted(map(date.fromisoformat, days))
    gaps = sum(later - sooner > DAY for sooner, later in pairwise(dates))
    return gaps + bool(dates)


def longest_gap(moments: list[datetime]) -> timedelta:
    """The longest time between two consecutive moments, which are sorted."""
    gaps = (later - sooner for sooner, later in pairwise(moments))
    return max(gaps, default=timedelta(0))

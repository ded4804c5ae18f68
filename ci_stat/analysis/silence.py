"""When silence is evidence: whether what failed now and then, and has not for a while, has stopped."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt

DAY = timedelta(days=1)
DOUBT = 0.01  # how likely the silence may be by chance
LEAST_RUNS = 50  # since the last failure, however often it failed before
LEAST_QUIET = 7 * DAY  # a team's week: what fails on Mondays only has not stopped on Thursday
LONG_QUIET = 90 * DAY  # then it is closed though its failures are too few for any formula
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Silence:
    """n failures over `span`, then quiet for `quiet`; aware times and whole runs.

    - `longest`: the longest silence before this one. `runs`: finished runs from the first to the last failure;
      `runs_since`: after it.
    """

    failures: int
    span: timedelta
    quiet: timedelta
    longest: timedelta
    runs: int
    runs_since: int

    @property
    def chance(self) -> float:
        """How likely so long a silence is if nothing has changed: (span / (span + quiet))^(n - 1).

        The rule of the Go project's watcher. Failures within one day count as spread over that day.
        """
        span = max(self.span, DAY)
        return float((span / (span + self.quiet)) ** (self.failures - 1))

    @property
    def chance_by_runs(self) -> float:
        """The same by runs: none of those since failed, though each did with the rate before, at its lower bound."""
        return float((1 - lower_bound(self.failures, max(self.runs, self.failures))) ** self.runs_since)

    @property
    def long_enough(self) -> bool:
        if self.quiet <= max(LEAST_QUIET, self.longest):
            return False
        # Each gap between failures is one more occasion to be fooled: what doubt there is they share.
        return self.quiet >= LONG_QUIET or self.chance < DOUBT / max(1, self.failures - 1)

    @property
    def enough_runs(self) -> bool:
        if self.runs_since < LEAST_RUNS:
            return False
        return self.quiet >= LONG_QUIET or self.chance_by_runs < DOUBT / max(1, self.failures - 1)


def lower_bound(failures: int, runs: int) -> float:
    """The lower end of the 95 % interval of a rate (Wilson)."""
    if runs <= 0:
        return 0.0
    rate, z2 = failures / runs, _Z * _Z
    middle = rate + z2 / (2 * runs)
    half = _Z * sqrt(rate * (1 - rate) / runs + z2 / (4 * runs * runs))
    return max(0.0, (middle - half) / (1 + z2 / runs))


def longest_gap(moments: list[datetime]) -> timedelta:
    """The longest silence between two of these, oldest first."""
    return max((later - sooner for sooner, later in pairwise(moments)), default=timedelta(0))

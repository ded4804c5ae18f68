"""Confidence intervals of one rate, and of the difference of two."""

from dataclasses import dataclass
from math import sqrt

Z = 1.96  # 95 %, two-sided


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval; `low` <= `high`."""

    low: float
    high: float

    @property
    def has_zero(self) -> bool:
        return self.low <= 0 <= self.high

    @property
    def least(self) -> float:
        """The distance from 0 to the nearest point of the interval; 0.0 if 0 lies in it."""
        return 0.0 if self.has_zero else min(abs(self.low), abs(self.high))


def wilson(count: float, runs: float) -> Interval:
    """The score interval of the rate `count / runs`; 0 to 1 without runs.

    Both may be effective numbers, see `clusters`. Source: E. B. Wilson, Probable inference, the
    law of succession, and statistical inference, JASA 22 (1927), 209-212.
    """
    if runs <= 0:
        return Interval(0.0, 1.0)

    rate, z2 = count / runs, Z * Z
    center = rate + z2 / (2 * runs)
    half_width = Z * sqrt(max(0.0, rate * (1 - rate)) / runs + z2 / (4 * runs * runs))
    scale = 1 + z2 / runs
    # Rounding must not move an end across the rate.
    low = min(rate, max(0.0, (center - half_width) / scale))
    high = max(rate, min(1.0, (center + half_width) / scale))
    return Interval(low, high)


def lower_bound(failures: int, runs: int) -> float:
    """Return the lower end of the 95 % interval of a rate (Wilson score); 0.0 without runs."""
    return wilson(failures, runs).low


def newcombe(count: float, runs: float, other_count: float, other_runs: float) -> Interval:
    """The interval of `count / runs - other_count / other_runs`; -1 to 1 if one has no runs.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions,
    Statistics in Medicine 17 (1998), 873-890, method 10 (from Wilson intervals, without
    continuity correction).
    """
    if runs <= 0 or other_runs <= 0:
        return Interval(-1.0, 1.0)

    rate, other = count / runs, other_count / other_runs
    first, second = wilson(count, runs), wilson(other_count, other_runs)
    below = sqrt((rate - first.low) ** 2 + (second.high - other) ** 2)
    above = sqrt((first.high - rate) ** 2 + (other - second.low) ** 2)
    return Interval(rate - other - below, rate - other + above)

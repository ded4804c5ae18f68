"""Confidence intervals of rates."""

from math import sqrt

_Z = 1.96  # 95 %, two-sided


def lower_bound(failures: int, runs: int) -> float:
    """Return the lower end of the 95 % interval of a rate (Wilson score); 0.0 without runs."""
    if runs <= 0:
        return 0.0

    rate, z2 = failures / runs, _Z * _Z
    center = rate + z2 / (2 * runs)
    half_width = _Z * sqrt(rate * (1 - rate) / runs + z2 / (4 * runs * runs))
    return max(0.0, (center - half_width) / (1 + z2 / runs))

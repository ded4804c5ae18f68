"""Confidence intervals of rates."""

from math import sqrt

_Z = 1.96


def lower_bound(failures: int, runs: int) -> float:
    """The lower end of the 95 % interval of a rate (Wilson)."""
    if runs <= 0:
        return 0.0
    rate, z2 = failures / runs, _Z * _Z
    middle = rate + z2 / (2 * runs)
    half = _Z * sqrt(rate * (1 - rate) / runs + z2 / (4 * runs * runs))
    return max(0.0, (middle - half) / (1 + z2 / runs))

"""Student's t-test of two means, from sums, for numbers and for columns."""

from collections.abc import Sequence
from functools import cache
from math import sqrt
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.beta import incomplete_beta

Floats = NDArray[np.float64]


def t_value(
    sizes: tuple[Floats, Floats], means: tuple[Floats, Floats], squares: tuple[Floats, Floats]
) -> Floats:
    """The statistic of columns of pairs of samples with one variance (pooled).

    `squares`: sums of squared distances from the mean. Samples that do not vary have the value
    infinity, or 0 if their means are equal.
    """
    freedom = sizes[0] + sizes[1] - 2
    variance = (squares[0] + squares[1]) / freedom * (1 / sizes[0] + 1 / sizes[1])
    distance = means[1] - means[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = distance / np.sqrt(variance)
    return np.where(distance == 0, 0.0, value)


def two_sided_p(value: float, freedom: float) -> float:
    """The two-sided p-value of Student's t with so many degrees of freedom.

    It is the regularised incomplete beta function I_x(freedom / 2, 1 / 2) at
    x = freedom / (freedom + value²). Source: Abramowitz and Stegun (1964), 26.7.1 and 26.5.
    """
    if value == 0:
        return 1.0
    square = value * value
    if square == float("inf"):
        return 0.0
    return incomplete_beta(freedom / 2, 0.5, freedom, square)


def t_test(values: Sequence[float], others: Sequence[float]) -> float:
    """The two-sided p-value that both have one mean, if both have one variance.

    `values` needs two, `others` one: one new value is compared with the spread of those before.
    1.0 if nothing varies and both means are equal, 0.0 if they are not. Source: Student, The
    probable error of a mean, Biometrika 6 (1908), 1-25.
    """
    n, m = len(values), len(others)
    freedom = n + m - 2
    if n < 2 or not m:
        return 1.0
    mean, other = fmean(values), fmean(others)
    squares = sum((value - mean) ** 2 for value in values)
    squares += sum((value - other) ** 2 for value in others)
    spread = sqrt(squares / freedom * (1 / n + 1 / m))
    if not spread:
        return 1.0 if mean == other else 0.0
    return two_sided_p((mean - other) / spread, freedom)


@cache
def critical_t(level: float, freedom: int) -> float:
    """The value that |t| exceeds with probability `level`."""
    low, high = 0.0, 2.0
    while two_sided_p(high, freedom) > level:
        low, high = high, high * 2
    for _ in range(60):
        middle = (low + high) / 2
        if two_sided_p(middle, freedom) > level:
            low = middle
        else:
            high = middle
    return high

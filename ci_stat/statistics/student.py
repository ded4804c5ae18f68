"""Student's t-test of two means, from sums, for numbers and for columns."""

from collections.abc import Sequence
from functools import cache
from math import exp, lgamma, log, log1p, sqrt
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PRECISION = 1e-14
_STEPS = 10_000


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
    return _incomplete_beta(freedom / 2, 0.5, freedom, square)


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


def _incomplete_beta(a: float, b: float, part: float, other: float) -> float:
    """I_x(a, b) at x = part / (part + other), without the rounding of 1 - x."""
    whole = part + other
    x, rest = part / whole, other / whole
    log_x = log1p(-rest) if rest < 0.5 else log(x)
    log_rest = log1p(-x) if x < 0.5 else log(rest)
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_rest
    if x < (a + 1) / (a + b + 2):
        return exp(front) * _fraction(a, b, x) / a
    return 1 - exp(front) * _fraction(b, a, rest) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (26.5.8), by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1), tiny)
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d, tiny)
            c = _not_zero(1 + term / c, tiny)
            change = c * d
            value *= change
        if abs(change - 1) < _PRECISION:
            break
    return value


def _not_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny

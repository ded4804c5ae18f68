"""The beta function: its logarithm, its incomplete form, and the quantile of its distribution."""

from collections.abc import Callable
from math import exp, lgamma, log, log1p

_PRECISION = 1e-15
_STEPS = 10_000


def log_beta(a: float, b: float) -> float:
    """The logarithm of B(a, b)."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def incomplete_beta(a: float, b: float, part: float, other: float) -> float:
    """I_x(a, b) at x = part / (part + other), without the rounding of 1 - x.

    Source: Abramowitz and Stegun (1964), 26.5.
    """
    whole = part + other
    x, rest = part / whole, other / whole
    if not x or not rest:
        return 0.0 if not x else 1.0
    log_x = log1p(-rest) if rest < 0.5 else log(x)
    log_rest = log1p(-x) if x < 0.5 else log(rest)
    front = a * log_x + b * log_rest - log_beta(a, b)
    if x < (a + 1) / (a + b + 2):
        return exp(front) * _fraction(a, b, x) / a
    return 1 - exp(front) * _fraction(b, a, rest) / b


def beta_quantile(a: float, b: float, share: float) -> float:
    """The x at which I_x(a, b) is `share`, to the precision of a float."""
    return crossing(lambda x: incomplete_beta(a, b, x, 1 - x) >= share, 0.0, 1.0)


def crossing(is_beyond: Callable[[float], bool], low: float, high: float) -> float:
    """The point between `low` and `high` from which on `is_beyond` is true."""
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return high
        if is_beyond(middle):
            high = middle
        else:
            low = middle


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

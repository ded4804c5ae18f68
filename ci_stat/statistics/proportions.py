"""What a number of runs proves about a rate, exactly: bounds, chances, and the runs needed.

A run fails with one unknown probability, independently of other runs. Rates and levels are shares
from 0 to 1. `level`: how often a bound or an interval holds the true rate, at least.
"""

from functools import cache
from math import exp, expm1, log1p

from ci_stat.statistics.beta import beta_quantile, incomplete_beta
from ci_stat.statistics.exact import tail_p
from ci_stat.statistics.intervals import Interval

LEVEL = 0.95


@cache
def exact_upper(count: int, runs: int, level: float = LEVEL) -> float:
    """The one-sided upper bound of the rate `count / runs`; 1.0 without runs.

    Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated
    in the case of the binomial, Biometrika 26 (1934), 404-413.
    """
    if runs <= 0 or count >= runs:
        return 1.0
    if count == 0:
        return -expm1(log1p(-level) / runs)
    return beta_quantile(count + 1, runs - count, level)


@cache
def exact_lower(count: int, runs: int, level: float = LEVEL) -> float:
    """The one-sided lower bound of the rate `count / runs`; 0.0 without runs (Clopper-Pearson)."""
    if runs <= 0 or count <= 0:
        return 0.0
    if count >= runs:
        return exp(log1p(-level) / runs)
    return beta_quantile(count, runs - count + 1, 1 - level)


def clopper_pearson(count: int, runs: int, level: float = LEVEL) -> Interval:
    """The two-sided exact interval of the rate `count / runs`; 0 to 1 without runs."""
    of_side = (1 + level) / 2
    return Interval(exact_lower(count, runs, of_side), exact_upper(count, runs, of_side))


def chance_at_most(count: int, runs: int, rate: float) -> float:
    """The probability of `count` failures or fewer in so many runs that fail at this rate."""
    if count >= runs:
        return 1.0
    return incomplete_beta(runs - count, count + 1, 1 - rate, rate)


def chance_to_show(rate: float, runs: int) -> float:
    """The probability that so many runs show a failure of this rate at least once."""
    if rate >= 1:
        return 1.0 if runs > 0 else 0.0
    return -expm1(runs * log1p(-rate))


def runs_to_rule_out(rate: float, failures: int = 0, level: float = LEVEL) -> int:
    """The runs after which the upper bound is at most `rate`, if `failures` of them fail.

    `rate`: above 0.
    """
    low, high = failures, failures + 1
    while exact_upper(failures, high, level) > rate:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if exact_upper(failures, middle, level) > rate:
            low = middle
        else:
            high = middle
    return high


def p_worse(failed: int, runs: int, base_failed: int, base_runs: int) -> float:
    """The one-sided p-value that so many failures are chance, if both sides have one rate (Fisher).

    1.0 if one side has no runs.
    """
    return tail_p(failed, runs, base_failed, base_runs)


def required_passes(
    runs: int, base_passed: int, base_runs: int, significance: float = 1 - LEVEL
) -> int:
    """The fewest passed runs that are not significantly worse than a baseline (Fisher).

    0 without runs or without a baseline: then nothing can be significant.
    """
    base_failed = base_runs - base_passed
    for passed in range(runs):
        if p_worse(runs - passed, runs, base_failed, base_runs) > significance:
            return passed
    return runs

"""Durations of two samples: rank test, medians and their intervals.

A sample is a histogram: value to the number of times that it occurs. So a sample of any size needs
little memory, and rounded values are exact ties.
"""

from collections.abc import Mapping
from functools import cache
from itertools import accumulate
from math import ceil, erfc, expm1, floor, log, sqrt

from ci_stat.statistics.intervals import Interval, Z

Sample = Mapping[int, int]
LEVEL = 0.95
_TAILS = 40  # one of the two tails outside the interval is a 40th
_EXACT = 1_000  # values, up to which the ranks of a median are exact


def size(sample: Sample) -> int:
    """The number of values."""
    return sum(sample.values())


def mann_whitney(sample: Sample, other: Sample) -> float:
    """The two-sided p-value that values of both samples are alike; 1.0 if one is empty.

    The normal approximation with continuity correction and ties; good from about 8 values in each.
    Source: H. B. Mann and D. R. Whitney, On a test of whether one of two random variables is
    stochastically larger than the other, Ann. Math. Statist. 18 (1947), 50-60; ties: E. L.
    Lehmann, Nonparametrics (1975), section 1.4.
    """
    n, m = size(sample), size(other)
    if not n or not m:
        return 1.0

    total = n + m
    ties = sum(_ties(sample.get(value, 0) + other.get(value, 0)) for value in {*sample, *other})
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    distance = abs(_pairs_won(sample, other) - n * m / 2)
    z = max(0.0, distance - 0.5) / sqrt(variance)
    return erfc(z / sqrt(2))


def _ties(times: int) -> int:
    return times**3 - times


def _pairs_won(sample: Sample, other: Sample) -> float:
    """Mann and Whitney's U: the pairs in which `sample` has the larger value; ties count half."""
    won, below = 0.0, 0
    for value in sorted({*sample, *other}):
        times, other_times = sample.get(value, 0), other.get(value, 0)
        won += times * (below + other_times / 2)
        below += other_times
    return won


def quantile(sample: Sample, share: float) -> int:
    """The smallest value that at least `share` of the values do not exceed; 0 if it is empty.

    `quantile(sample, 0.5)` is the median, for an even number of values the lower one.
    """
    return value_at(sample, max(1, ceil(share * size(sample)))) if sample else 0


def value_at(sample: Sample, rank: int) -> int:
    """The value with this rank, from 1; the smallest or largest value beyond the ends."""
    values = sorted(sample)
    for value, reached in zip(values, accumulate(map(sample.__getitem__, values)), strict=True):
        if reached >= rank:
            return value
    return values[-1]


def median_interval(sample: Sample) -> Interval:
    """The interval of the median, between two values of the sample; it must not be empty.

    It covers the median with at least 95 %. Fewer than 6 values reach less: their extremes cover it
    with the probability `median_level`, which is 93.75 % for 5 values.
    """
    number = size(sample)
    rank = median_rank(number)
    return Interval(value_at(sample, rank), value_at(sample, number + 1 - rank))


@cache
def median_rank(number: int) -> int:
    """The rank, from 1, of the lower end of the interval of the median; the upper one mirrors it.

    The highest rank that covers the median with at least 95 %; 1 if there is none. Without
    assumptions about the distribution: the values below the median are binomial. Source: W. J.
    Conover, Practical Nonparametric Statistics (1999), section 3.2. Of more than 1,000 values the
    distribution is approximated by the normal one, and the rank rounded down.
    """
    if number > _EXACT:
        return floor(number / 2 - Z * sqrt(number) / 2)
    samples, rank, with_rank = 2**number, 1, number
    outside = 1  # of all samples, those with fewer than `rank` values below the median
    while (outside + with_rank) * _TAILS <= samples:
        outside += with_rank
        rank += 1
        with_rank = with_rank * (number - rank + 1) // rank
    return rank


def median_level(number: int) -> float:
    """The confidence of the interval of the median of so many values: 0.95; less below 6."""
    return min(LEVEL, 1 - 2 * 0.5**number)


def ratio_of_medians(sample: Sample, other: Sample) -> Interval | None:
    """The interval of `median / other median - 1`; None unless all values are above 0.

    The intervals of both medians, joined on a logarithmic scale as Newcombe's method joins those
    of two rates (MOVER). Source: A. Donner and G. Y. Zou, Closed-form confidence intervals for
    functions of the normal mean and standard deviation, Stat. Methods Med. Res. 21 (2012), 347-359.
    """
    if not sample or not other or min(*sample, *other) <= 0:
        return None
    median, before = log(quantile(sample, 0.5)), log(quantile(other, 0.5))
    first, second = _log(median_interval(sample)), _log(median_interval(other))
    below = sqrt((median - first.low) ** 2 + (second.high - before) ** 2)
    above = sqrt((first.high - median) ** 2 + (before - second.low) ** 2)
    return Interval(expm1(median - before - below), expm1(median - before + above))


def _log(interval: Interval) -> Interval:
    return Interval(log(interval.low), log(interval.high))

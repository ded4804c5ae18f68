"""Durations of two samples: the rank test against all orders, medians and intervals."""

import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, product
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.ranks import (
    mann_whitney,
    median_interval,
    median_level,
    quantile,
    ratio_of_medians,
    size,
)

_VALUES = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def test_mann_whitney_as_published() -> None:
    # Hollander and Wolfe, Nonparametric Statistical Methods (1973), page 69: exactly 0.2544.
    at_term = [80, 83, 189, 104, 145, 138, 191, 164, 73, 146]
    earlier = [115, 88, 90, 74, 121]
    p_value = mann_whitney(Counter(at_term), Counter(earlier))
    assert p_value == pytest.approx(0.2544, abs=0.01)


def test_mann_whitney_is_near_the_share_of_all_orders() -> None:
    """With 9 and 9 values: the exact p-value counts every way to split them."""
    values = [*range(1, 19)]
    mine = [4, 7, 9, 12, 13, 15, 16, 17, 18]
    distance = abs(sum(mine) - 9 * 19 / 2)
    splits = [sum(split) for split in combinations(values, 9)]
    exact = sum(abs(split - 9 * 19 / 2) >= distance for split in splits) / len(splits)
    theirs = [value for value in values if value not in mine]
    assert mann_whitney(Counter(mine), Counter(theirs)) == pytest.approx(exact, abs=0.004)


@given(_VALUES, _VALUES)
def test_mann_whitney_does_not_depend_on_the_side_or_the_scale(
    mine: list[int], theirs: list[int]
) -> None:
    p_value = mann_whitney(Counter(mine), Counter(theirs))
    assert 0 <= p_value <= 1
    assert p_value == pytest.approx(mann_whitney(Counter(theirs), Counter(mine)))
    squares = Counter(v * v for v in mine), Counter(v * v for v in theirs)
    assert p_value == pytest.approx(mann_whitney(*squares))


def test_equal_values_and_empty_samples_tell_nothing() -> None:
    assert mann_whitney({5: 20}, {5: 30}) == 1.0
    assert mann_whitney({}, {5: 30}) == 1.0
    assert (quantile({}, 0.5), size({})) == (0, 0)
    assert ratio_of_medians({}, {1: 1}) is None


@given(_VALUES, st.sampled_from([0.1, 0.5, 0.9]))
def test_quantiles_are_values_of_the_sample(values: list[int], share: float) -> None:
    found = quantile(Counter(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values) or found == min(values)


def test_the_interval_of_the_median_covers_it_as_often_as_it_says() -> None:
    draw = random.Random(7)
    true_median, covered = 1_000, 0
    for _ in range(400):
        sample = Counter(int(true_median * draw.lognormvariate(0, 0.4)) for _ in range(25))
        interval = median_interval(sample)
        covered += interval.low <= true_median <= interval.high
    assert 0.92 <= covered / 400 <= 0.99


@pytest.mark.parametrize("number", [*range(5, 61), 997, 1_000, 1_001, 5_003])
def test_the_ranks_of_the_median_cover_it_with_95_percent(number: int) -> None:
    """The exact probability that the number of values below the median is within the ranks."""
    interval = median_interval(Counter(range(1, number + 1)))
    rank = int(interval.low)
    assert interval.high == number + 1 - rank
    assert coverage(number, rank) >= median_level(number)
    assert median_level(number) == (0.95 if number > 5 else 0.9375)
    if 5 < number <= 1_000:  # the narrowest of these
        assert coverage(number, rank + 1) < 0.95


def coverage(number: int, rank: int) -> Fraction:
    inside = sum(comb(number, below) for below in range(rank, number - rank + 1))
    return Fraction(inside, 2**number)


def test_the_interval_of_the_ratio_covers_it_as_often_as_it_says() -> None:
    draw = random.Random(8)
    covered = 0
    for _ in range(400):
        mine = Counter(int(1_200 * draw.lognormvariate(0, 0.3)) for _ in range(30))
        theirs = Counter(int(1_000 * draw.lognormvariate(0, 0.5)) for _ in range(20))
        interval = ratio_of_medians(mine, theirs)
        assert interval is not None
        covered += interval.low <= 0.2 <= interval.high
    assert 0.92 <= covered / 400 <= 0.995


def test_a_histogram_is_its_values() -> None:
    for mine, theirs in product(([1, 1, 2], [3, 5, 5, 8]), repeat=2):
        doubled = mann_whitney(Counter(mine * 2), Counter(theirs * 2))
        histogram = mann_whitney(
            {v: 2 * n for v, n in Counter(mine).items()},
            {v: 2 * n for v, n in Counter(theirs).items()},
        )
        assert doubled == histogram

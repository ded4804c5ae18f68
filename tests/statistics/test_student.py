"""Student's t: tables of the distribution, and the law of p-values."""

import random
from statistics import fmean

import pytest

from ci_stat.statistics.student import t_test, two_sided_p


@pytest.mark.parametrize(
    ("t", "freedom", "p"),
    [  # quantiles of published tables
        (12.7062, 1, 0.05),
        (2.2281, 10, 0.05),
        (3.1693, 10, 0.01),
        (2.0423, 30, 0.05),
        (1.9840, 100, 0.05),
        (0.0, 7, 1.0),
    ],
)
def test_the_published_tables(t: float, freedom: int, p: float) -> None:
    assert two_sided_p(t, freedom) == pytest.approx(p, rel=1e-4)
    assert two_sided_p(-t, freedom) == two_sided_p(t, freedom)


def test_a_known_sample() -> None:
    """Student's sleep data (1908), the groups as independent samples: t = -1.8608, df = 18."""
    one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    other = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    assert t_test(one, other) == pytest.approx(0.07919, abs=1e-5)


def test_one_new_value_is_judged_by_the_spread_before() -> None:
    before = [1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 1.1, 0.9]
    assert t_test(before, [1.05]) > 0.3
    assert t_test(before, [2.0]) < 1e-4
    assert t_test([1.0] * 8, [1.0]) == 1.0
    assert t_test([1.0] * 8, [1.1]) == 0.0
    assert t_test([1.0], [2.0]) == 1.0


def test_p_values_of_equal_samples_are_uniform() -> None:
    drawn = random.Random(5)
    p_values = [
        t_test([drawn.gauss(0, 1) for _ in range(9)], [drawn.gauss(0, 1)]) for _ in range(600)
    ]
    assert fmean(p_values) == pytest.approx(0.5, abs=0.05)
    assert sum(p <= 0.1 for p in p_values) / 600 == pytest.approx(0.1, abs=0.04)

"""Student's t, and shifts of durations: published values, definitions, laws, planted shifts."""

from math import atan, erfc, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ci_stat.statistics.outliers import without_outliers
from ci_stat.statistics.shifts import divergence, shift_at, shifts
from ci_stat.statistics.student import critical_t, two_sided_p

Floats = NDArray[np.float64]

# Student's t


@pytest.mark.parametrize(
    ("value", "freedom", "p_value"),
    # Abramowitz and Stegun (1964), table 26.10
    [
        (12.706, 1, 0.05),
        (2.228, 10, 0.05),
        (3.169, 10, 0.01),
        (2.750, 30, 0.01),
        (3.460, 60, 0.001),
    ],
)
def test_t_as_published(value: float, freedom: int, p_value: float) -> None:
    assert two_sided_p(value, freedom) == pytest.approx(p_value, rel=2e-3)
    assert critical_t(p_value, freedom) == pytest.approx(value, abs=6e-4)


@given(st.floats(1e-3, 1e6))
def test_t_of_one_and_two_degrees_has_a_formula(value: float) -> None:
    assert two_sided_p(value, 1) == pytest.approx(2 / pi * atan(1 / value), rel=1e-9)
    root = sqrt(2 + value * value)
    assert two_sided_p(value, 2) == pytest.approx(2 / (root * (root + value)), rel=1e-9)
    assert two_sided_p(-value, 2) == two_sided_p(value, 2)


@pytest.mark.parametrize(
    ("value", "freedom", "p_value"),
    # SciPy 1.16: 2 * stats.t.sf(value, freedom)
    [
        (20, 98, 2.278169367734117e-36),
        (8.5, 23, 1.492504681075077e-08),
        (0.3, 4, 0.7791214282774597),
        (60, 590, 2.4967341763181895e-253),
    ],
)
def test_far_tails_are_exact(value: float, freedom: int, p_value: float) -> None:
    assert two_sided_p(value, freedom) == pytest.approx(p_value, rel=1e-9)


def test_t_of_many_degrees_is_normal() -> None:
    assert two_sided_p(1.96, 10**7) == pytest.approx(erfc(1.96 / sqrt(2)), rel=1e-5)
    assert two_sided_p(0, 5) == 1.0
    assert two_sided_p(float("inf"), 5) == 0.0


# E-divisive


def energy(values: Floats, place: int) -> float:
    """The definition of Matteson and James, pair by pair."""
    left, right = values[:place], values[place:]
    n, m = len(left), len(right)
    across = np.mean([abs(x - y) for x in left for y in right])
    within = sum(
        sum(abs(x - y) for i, x in enumerate(side) for y in side[:i]) / (size * (size - 1) / 2)
        for side, size in ((left, n), (right, m))
    )
    return float(n * m / (n + m) * (2 * across - within))


@given(st.lists(st.floats(-5, 5, width=16), min_size=6, max_size=20))
def test_the_divergence_is_its_definition(values: list[float]) -> None:
    window = np.array(values)
    computed = divergence(window[None, :])[0]
    for place in range(2, len(values) - 1):
        assert computed[place] == pytest.approx(energy(window, place), abs=1e-3)


# Shifts


def noisy(levels: list[tuple[float, int]], noise: float, seed: int) -> Floats:
    random = np.random.default_rng(seed)
    parts = [level * np.exp(random.normal(0, noise, length)) for level, length in levels]
    return np.concatenate(parts)


@pytest.mark.parametrize("change", [0.5, 0.8, 1.3, 3.0])
def test_a_planted_shift_is_found_with_its_size(change: float) -> None:
    series = [noisy([(2.0, 150), (2.0 * change, 60)], 0.1, seed) for seed in range(10)]
    for found in shifts(series):
        shift = min(found, key=lambda one: abs(one.position - 150))
        assert abs(shift.position - 150) <= 5
        assert shift.change == pytest.approx(change - 1, abs=0.08 * change)
        assert shift.after / shift.before == pytest.approx(1 + shift.change)
        assert shift.p_value < 1e-3


def test_a_change_below_five_percent_is_none() -> None:
    assert shifts([noisy([(2.0, 200), (2.06, 200)], 0.01, 1)]) == [[]]
    assert len(shifts([noisy([(2.0, 200), (2.16, 200)], 0.01, 1)])[0]) == 1


def test_one_slow_run_is_no_shift() -> None:
    series = noisy([(1.0, 120)], 0.05, 4)
    series[60] = 40.0
    assert shifts([series]) == [[]]


def test_several_shifts_and_their_order() -> None:
    levels = [(1.0, 80), (2.0, 80), (1.0, 80), (1.5, 80)]
    (found,) = shifts([noisy(levels, 0.08, 5)])
    sure = [shift.position for shift in found if shift.p_value < 1e-9]
    assert [round(place, -1) for place in sure] == [80, 160, 240]
    assert sure == sorted(sure)


def test_equal_values_and_a_clean_step() -> None:
    flat, step = np.full(100, 0.2), np.repeat([0.2, 0.4], 50)
    none, (shift,) = shifts([flat, step])
    assert none == []
    assert (shift.position, shift.p_value) == (50, 0.0)
    assert shift.change == pytest.approx(1.0)
    assert (shift.before, shift.after) == pytest.approx((0.2, 0.4))


def test_many_series_are_as_each_alone() -> None:
    series = [noisy([(1.0, 40 + 7 * n), (1.5, 30 + n)], 0.2, n) for n in range(12)]
    assert shifts(series) == [shifts([one])[0] for one in series]


@given(st.integers(0, 60), st.floats(0.001, 1000))
def test_the_unit_does_not_matter(length: int, unit: float) -> None:
    series = noisy([(1.0, length), (2.0, 30)], 0.2, length)
    places = [[shift.position for shift in found] for found in shifts([series, series * unit])]
    assert places[0] == places[1]


def test_no_series_and_short_ones() -> None:
    assert shifts([]) == []
    assert shifts([np.array([]), np.array([1.0]), np.array([1.0, 9.0, 1.0])]) == [[], [], []]


# Outliers


def test_slow_runs_are_cut_and_shifts_are_kept() -> None:
    series = noisy([(1.0, 100), (2.0, 100)], 0.1, 6)
    spoiled = series.copy()
    spoiled[[20, 21, 77, 140, 199]] *= 10
    smooth = without_outliers(spoiled)
    assert smooth.max() < 4
    assert np.abs(np.log(smooth / series)).max() < 0.8
    # The rest, at both sides of the shift too, is what it was.
    untouched = np.isclose(smooth, spoiled)
    assert 190 <= untouched.sum() <= 195
    assert untouched[96:104].all()


@pytest.mark.parametrize("length", [0, 1, 10, 11, 12])
def test_short_and_equal_series_stay_as_they_are(length: int) -> None:
    series = np.full(length, 0.5)
    assert without_outliers(series).tolist() == series.tolist()


def test_a_shift_at_a_place() -> None:
    shift = shift_at(np.repeat([1.0, 1.5], [30, 20]), 30)
    assert (shift.position, shift.p_value) == (30, 0.0)
    assert shift.change == pytest.approx(0.5)

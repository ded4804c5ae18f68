"""Exact bounds, chances and numbers of runs, against published values and decimal arithmetic."""

from decimal import Decimal, localcontext
from itertools import groupby
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.proportions import (
    chance_at_most,
    chance_to_show,
    clopper_pearson,
    exact_lower,
    exact_upper,
    p_worse,
    required_passes,
    runs_to_rule_out,
)


def cumulative(count: int, runs: int, rate: float) -> float:
    """P(X <= count), with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        p = Decimal(rate)
        terms = (comb(runs, k) * p**k * (1 - p) ** (runs - k) for k in range(count + 1))
        return float(sum(terms))


def test_bound_after_runs_that_all_passed() -> None:
    bounds = {runs: f"{exact_upper(0, runs):.1%}" for runs in (10, 20, 30, 59, 299)}
    assert bounds == {10: "25.9%", 20: "13.9%", 30: "9.5%", 59: "5.0%", 299: "1.0%"}


def test_chance_to_show_a_flake() -> None:
    runs = (10, 20, 50)
    assert [f"{chance_to_show(0.05, n):.0%}" for n in runs] == ["40%", "64%", "92%"]
    assert [f"{chance_to_show(0.02, n):.0%}" for n in runs] == ["18%", "33%", "64%"]
    assert [chance_to_show(rate, 5) for rate in (0.0, 1.0)] == [0, 1]
    assert chance_to_show(1.0, 1) == 1
    assert chance_to_show(1.0, 0) == chance_to_show(0.5, 0) == 0


def test_runs_to_rule_out_a_rate() -> None:
    assert [runs_to_rule_out(rate) for rate in (0.10, 0.05, 0.02, 0.01)] == [29, 59, 149, 299]
    assert [runs_to_rule_out(0.05, failures) for failures in (1, 2, 3)] == [93, 124, 153]
    assert runs_to_rule_out(1.0) == 1


def test_required_passes_of_ten_against_a_baseline_of_250() -> None:
    """As the aggregator of OpenShift's CI requires them, except that 100 % requires all ten."""
    by_percent = {p: required_passes(10, round(2.5 * p), 250) for p in range(27, 101)}
    ranges = {}
    for passes, percents in groupby(sorted(by_percent), key=by_percent.__getitem__):
        values = list(percents)
        ranges[passes] = (values[0], values[-1])
    assert ranges == {
        10: (100, 100),
        9: (98, 99),
        8: (92, 97),
        7: (86, 91),
        6: (79, 85),
        5: (71, 78),
        4: (62, 70),
        3: (52, 61),
        2: (41, 51),
        1: (27, 40),
    }


def test_required_passes_without_evidence() -> None:
    assert required_passes(10, 0, 0) == required_passes(0, 250, 250) == 0
    assert required_passes(10, 0, 250) == 0
    assert required_passes(1, 5, 5) == 0


def test_fisher_one_sided_against_fractions() -> None:
    """4 failures of 10 against 2 of 30: the tail of the hypergeometric distribution."""
    tail = sum(comb(10, k) * comb(30, 6 - k) for k in (4, 5, 6)) / comb(40, 6)
    assert p_worse(4, 10, 2, 30) == pytest.approx(tail, abs=1e-12)


@pytest.mark.parametrize(
    ("count", "runs", "low", "high"),
    [
        (3, 10, 0.06673951, 0.65245285),
        (682, 925, 0.7076683, 0.7654066),
        (0, 10, 0, 0.3084971),
        (10, 10, 0.6915029, 1),
    ],
)
def test_intervals_as_r_prints_them(count: int, runs: int, low: float, high: float) -> None:
    """`binom.test(count, runs)$conf.int`."""
    interval = clopper_pearson(count, runs)
    assert interval.low == pytest.approx(low, abs=5e-8)
    assert interval.high == pytest.approx(high, abs=5e-8)


def test_closed_forms() -> None:
    assert exact_upper(1, 2) == pytest.approx(0.95**0.5, abs=1e-15)
    assert exact_lower(1, 2) == pytest.approx(1 - 0.95**0.5, abs=1e-15)
    assert exact_upper(0, 1) == pytest.approx(0.95, abs=1e-15)
    assert (exact_lower(0, 0), exact_upper(0, 0)) == (0, 1)
    assert (exact_lower(0, 7), exact_upper(7, 7)) == (0, 1)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    runs = draw(st.integers(1, 400))
    return draw(st.integers(0, runs)), runs


@pytest.mark.property
@given(counts(), st.sampled_from([0.8, 0.95, 0.975, 0.999]))
def test_bounds_solve_their_equations(pair: tuple[int, int], level: float) -> None:
    count, runs = pair
    if count < runs:
        upper = exact_upper(count, runs, level)
        assert cumulative(count, runs, upper) == pytest.approx(1 - level, abs=1e-10)
    if count:
        lower = exact_lower(count, runs, level)
        assert 1 - cumulative(count - 1, runs, lower) == pytest.approx(1 - level, abs=1e-10)


@pytest.mark.property
@given(counts(), st.floats(0.001, 0.999))
def test_chance_at_most(pair: tuple[int, int], rate: float) -> None:
    count, runs = pair
    expected = cumulative(count, runs, rate)
    assert chance_at_most(count, runs, rate) == pytest.approx(expected, abs=1e-10)


@pytest.mark.property
@given(st.floats(0.005, 1), st.integers(0, 5))
def test_runs_to_rule_out_are_the_fewest(rate: float, failures: int) -> None:
    runs = runs_to_rule_out(rate, failures)
    assert exact_upper(failures, runs) <= rate
    if runs - 1 > failures:
        assert exact_upper(failures, runs - 1) > rate


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.05, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("runs", [1, 10, 37])
def test_exact_coverage(rate: float, runs: int) -> None:
    """Over all counts, weighted by their probability, the interval holds the rate."""
    held = 0.0
    for count in range(runs + 1):
        interval = clopper_pearson(count, runs)
        if interval.low <= rate <= interval.high:
            held += comb(runs, count) * rate**count * (1 - rate) ** (runs - count)
    assert held >= 0.95

"""Two unknown rates: closed forms, the mirror, and how seldom one rate looks like two."""

from functools import cache
from math import lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ci_stat.statistics.paired_rates import (
    Pairs,
    Tally,
    fit_change,
    fit_one,
    log_evidence_of_pairs,
)
from ci_stat.statistics.rate_pairs import Direction, RatePrior, rate_table

_COUNTS = st.integers(0, 20)
_PRIOR = RatePrior()
_NO_RUNS = (Tally.one(0, 0), Tally.one(0, 0))
_FLAT = RatePrior(Direction.ANY, never=0, always=0, least=0, one_never=0, one_always=0)


def log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def beta_binomial(failed: int, passed: int, a: float, b: float) -> float:
    return log_beta(a + failed, b + passed) - log_beta(a, b)


@given(_COUNTS, _COUNTS)
def test_one_rate_is_the_beta_binomial(failed: int, passed: int) -> None:
    evidence, rate = fit_one(_FLAT, Tally.one(failed, passed))
    assert evidence[0] == pytest.approx(beta_binomial(failed, passed, 0.5, 0.5), abs=1e-11)
    assert rate[0] == pytest.approx((failed + 0.5) / (failed + passed + 1), rel=1e-11)


@given(_COUNTS, _COUNTS, st.floats(0, 0.5), st.floats(0, 0.5))
def test_one_rate_with_weight_on_never_and_always(
    failed: int, passed: int, never: float, always: float
) -> None:
    prior = RatePrior(one_never=never, one_always=always)
    evidence, _ = fit_one(prior, Tally.one(failed, passed))
    expected = (1 - never - always) * np.exp(beta_binomial(failed, passed, 0.5, 0.5))
    expected += never * (failed == 0) + always * (passed == 0)
    assert evidence[0] == pytest.approx(log(expected), abs=1e-10)


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_the_evidence_is_the_sum_over_all_pairs(
    failed: int, passed: int, failed_after: int, passed_after: int
) -> None:
    prior = RatePrior()
    table = rate_table(prior, 0)
    terms = [
        weight * p**failed * (1 - p) ** passed * q**failed_after * (1 - q) ** passed_after
        for p, row in zip(table.rates.tolist(), table.pairs.tolist(), strict=True)
        for q, weight in zip(table.rates.tolist(), row, strict=True)
    ]
    fit = fit_change(prior, Tally.one(failed, passed), Tally.one(failed_after, passed_after))
    assert fit.log_evidence[0] == pytest.approx(log(sum(terms)), rel=1e-9)


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_a_change_for_the_better_is_one_for_the_worse_read_backwards(
    failed: int, passed: int, failed_after: int, passed_after: int
) -> None:
    before, after = Tally.one(failed, passed), Tally.one(failed_after, passed_after)
    worse = fit_change(RatePrior(Direction.WORSE), before, after)
    better = fit_change(RatePrior(Direction.BETTER), after, before)
    assert worse.log_evidence[0] == pytest.approx(better.log_evidence[0], abs=1e-12)
    assert worse.before[0] == pytest.approx(better.after[0], abs=1e-12)


@pytest.mark.parametrize("runs", [10, 100, 1_000])
def test_more_nodes_change_nothing(runs: int) -> None:
    """The number of nodes follows the number of runs, so the sum stays the integral."""
    few, many = rate_table(_FLAT, runs), rate_table(_FLAT, 16 * runs)
    for share in (0.0, 0.1, 0.37):
        failed = round(share * runs)
        sums = []
        for table in (few, many):
            logs = failed * table.log_failed + (runs - failed) * table.log_passed
            sums.append(np.log(np.exp(logs - logs.max()) @ table.one) + logs.max())
        assert sums[0] == pytest.approx(sums[1], abs=0.02)
        assert sums[1] == pytest.approx(beta_binomial(failed, runs - failed, 0.5, 0.5), abs=1e-6)


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_rates_of_0_and_1_leave_what_bisection_leaves(
    failed: int, passed: int, failed_after: int, passed_after: int
) -> None:
    steady = RatePrior(never=1, always=1)
    fit = fit_change(steady, Tally.one(failed, passed), Tally.one(failed_after, passed_after))
    if failed == passed_after == 0:
        assert fit.log_evidence[0] == 0
        assert (fit.before[0], fit.after[0]) == (0, 1)
    else:
        assert fit.log_evidence[0] < -1e14


def test_counts_that_contradict_the_direction_keep_a_finite_evidence() -> None:
    fit = fit_change(RatePrior(), Tally.one(3000, 0), Tally.one(0, 3000))
    assert np.isfinite(fit.log_evidence).all()
    assert fit.log_evidence[0] < -1000
    assert 0 <= fit.before[0] <= fit.after[0] <= 1


def evidence(
    failed: int,
    failed_after: int,
    pairs: int,
    earlier: tuple[Tally, Tally] = _NO_RUNS,
    prior: RatePrior = _PRIOR,
) -> float:
    return log_evidence_of_pairs(prior, Pairs(failed, failed_after, pairs), *earlier)


@cache
def differing(pairs: int, earlier: tuple[int, int, int, int] = (0, 0, 0, 0)) -> NDArray[np.bool_]:
    """Whether each (failed before, failed after) of so many pairs is a difference at 99 %."""
    sides = range(pairs + 1)
    known = Tally.one(*earlier[:2]), Tally.one(*earlier[2:])
    rows = [
        [evidence(failed, failed_after, pairs, known) for failed_after in sides] for failed in sides
    ]
    return np.array(rows) >= log(100)


@pytest.mark.parametrize("earlier", [(0, 0, 0, 0), (0, 20, 9, 11)])
@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
def test_one_rate_seldom_looks_like_two_although_asked_after_each_pair(
    rate: float, earlier: tuple[int, int, int, int]
) -> None:
    """The exact probability of a difference at 99 % within 25 pairs is 1 % at most.

    Earlier runs that expect a difference change nothing about it.
    """
    most = 25
    chances, reached = np.zeros((most + 1, most + 1)), 0.0
    chances[0, 0] = 1.0
    for pairs in range(1, most + 1):
        chances = (1 - rate) * chances + rate * np.roll(chances, 1, axis=0)
        chances = (1 - rate) * chances + rate * np.roll(chances, 1, axis=1)
        part = chances[: pairs + 1, : pairs + 1]
        reached += part[differing(pairs, earlier)].sum()
        part[differing(pairs, earlier)] = 0.0
    assert reached + chances.sum() == pytest.approx(1)
    assert reached <= 0.01


def test_four_pairs_prove_that_a_commit_broke_a_steady_test() -> None:
    assert not differing(3).any()
    assert differing(4)[0, 4]
    assert differing(4).sum() == 1


def test_a_commit_that_repairs_a_test_is_no_proof_that_it_broke_it() -> None:
    assert not differing(20)[20, 0]
    better = RatePrior(Direction.BETTER)
    assert evidence(20, 0, 20, prior=better) > log(100)


def test_earlier_runs_say_what_to_expect_and_are_no_evidence() -> None:
    expecting = (Tally.one(0, 40), Tally.one(8, 32))
    assert evidence(0, 0, 0, expecting) == pytest.approx(0)
    assert evidence(0, 8, 40, expecting) > evidence(0, 8, 40) > 0

"""Simulated campaigns with known failure rates: a small form of `benchmarks --only campaigns`."""

import pytest

from benchmarks.campaigns import RATES, TARGET, fixed_runs, repeated_fixed, score, sequences
from ci_stat.statistics.proportions import exact_lower
from ci_stat.statistics.sequential import Answer


@pytest.mark.parametrize("rate", RATES)
def test_intervals_hold_the_rate_and_verdicts_are_right(rate: float) -> None:
    result = score(rate, campaigns=60, seed=3)
    assert result.coverage >= 0.95
    assert result.bound / result.campaigns >= 0.95
    assert result.wrong <= 0.05


@pytest.mark.parametrize("rate", RATES)
def test_sequential_answers_are_right(rate: float) -> None:
    result = sequences(rate, number=150, most=300, seed=3)
    wrong = round(result.wrong * result.number)
    assert exact_lower(wrong, result.number) <= 0.05
    if rate == 0:
        assert result.mean == 74
    if rate == 0.30:
        assert result.share(Answer.ABOVE) == 1
        assert result.mean < 20


def test_against_a_fixed_number() -> None:
    """At 1 % the sequence needs fewer runs; a repeated fixed test answers wrongly at the target."""
    result = sequences(0.01, number=150, most=300, seed=3)
    assert result.mean < fixed_runs(0.01, result.share(Answer.BELOW))
    assert repeated_fixed(TARGET, number=150, most=300, seed=3) > 0.05

"""The sequential decision: its error bounds hold although it is asked after each run."""

import random
from math import exp, pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.proportions import exact_upper, runs_to_rule_out
from ci_stat.statistics.sequential import (
    Answer,
    always_interval,
    always_upper,
    decide,
    fewest_runs,
    log_evidence_below,
)


def answer_chances(rate: float, target: float, most: int) -> dict[Answer, float]:
    """The exact probability of each answer within `most` runs, asked after each run."""
    chances = dict.fromkeys(Answer, 0.0)
    open_counts = {0: 1.0}
    for runs in range(1, most + 1):
        reached: dict[int, float] = {}
        for count, chance in open_counts.items():
            reached[count] = reached.get(count, 0.0) + chance * (1 - rate)
            reached[count + 1] = reached.get(count + 1, 0.0) + chance * rate
        open_counts = {}
        for count, chance in reached.items():
            answer = decide(count, runs, target)
            if answer is Answer.UNDECIDED:
                open_counts[count] = chance
            else:
                chances[answer] += chance
    chances[Answer.UNDECIDED] = sum(open_counts.values())
    return chances


@pytest.mark.parametrize("target", [0.05, 0.2])
def test_wrong_answers_are_rare_although_asked_after_each_run(target: float) -> None:
    at_target = answer_chances(target, target, most=300)
    assert at_target[Answer.BELOW] <= 0.05
    assert at_target[Answer.ABOVE] <= 0.05
    assert answer_chances(target * 1.2, target, most=300)[Answer.BELOW] <= 0.05
    assert answer_chances(target / 1.2, target, most=300)[Answer.ABOVE] <= 0.05


def test_a_repeated_fixed_test_would_err_too_often() -> None:
    """The reason for the sequential test: the exact bound, asked after each run, is no bound."""
    generator = random.Random(7)
    wrong = 0
    for _ in range(120):
        failures = 0
        for runs in range(1, 251):
            failures += generator.random() < 0.05
            if exact_upper(failures, runs) < 0.05:
                wrong += 1
                break
    assert wrong > 0.10 * 120


def test_runs_of_clear_cases() -> None:
    assert [fewest_runs(target) for target in (0.3, 0.1, 0.05, 0.01)] == [11, 36, 74, 377]
    assert decide(0, 73, 0.05) is Answer.UNDECIDED
    assert decide(0, 74, 0.05) is Answer.BELOW
    assert [decide(n, n, 0.05) for n in (1, 2)] == [Answer.UNDECIDED, Answer.ABOVE]
    assert decide(0, 0, 0.05) is Answer.UNDECIDED


def test_evidence_has_a_closed_form_at_one_half() -> None:
    """One half of the prior lies below 1/2: after a passed run it has 1/2 + 1/pi of the mass."""
    expected = (0.5 + 1 / pi) * 0.5 / 0.5 / 0.5
    assert exp(log_evidence_below(0, 1, 0.5)) == pytest.approx(expected, abs=1e-10)


@pytest.mark.property
@given(st.integers(0, 120), st.integers(0, 120), st.floats(0.01, 0.99))
def test_the_bound_and_the_answer_agree(failed: int, passed: int, target: float) -> None:
    runs = failed + passed
    upper = always_upper(failed, runs)
    if abs(upper - target) > 1e-9:
        assert (decide(failed, runs, target) is Answer.BELOW) == (upper < target)
    interval = always_interval(failed, runs)
    assert 0 <= interval.low <= interval.high <= 1
    assert upper >= exact_upper(failed, runs) - 1e-9


@pytest.mark.property
@given(st.floats(0.005, 0.9))
def test_it_needs_more_runs_than_a_fixed_test(target: float) -> None:
    runs = fewest_runs(target)
    assert runs_to_rule_out(target) <= runs <= 2 * runs_to_rule_out(target) + 4


def test_the_interval_holds_after_all_runs_at_once() -> None:
    generator = random.Random(11)
    missed = 0
    for _ in range(200):
        failures = 0
        for runs in range(1, 121):
            failures += generator.random() < 0.1
            interval = always_interval(failures, runs)
            if not interval.low <= 0.1 <= interval.high:
                missed += 1
                break
    assert missed <= 0.05 * 200

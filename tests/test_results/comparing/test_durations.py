"""Slower and faster: more than chance, enough to matter, and fair to a slow machine."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from ci_stat.test_results.comparing.durations import LEAST_TESTS, judge
from ci_stat.test_results.comparing.service import Comparer
from tests.support.drawn_results import case, draw

HOUR = timedelta(hours=1)


def noisy(drawn: random.Random, median: float, runs: int) -> list[float]:
    return [median * drawn.lognormvariate(0, 0.1) for _ in range(runs)]


def test_windows_are_judged_by_ranks() -> None:
    drawn = random.Random(1)
    pairs = {(number, 0): (noisy(drawn, 1.0, 20), noisy(drawn, 1.0, 20)) for number in range(200)}
    pairs[500, 0] = noisy(drawn, 1.0, 20), noisy(drawn, 1.5, 20)
    pairs[501, 0] = noisy(drawn, 2.0, 20), noisy(drawn, 1.0, 20)
    judged = judge(pairs)
    assert [one.key[0] for one in judged.changes] == [501, 500]
    assert (judged.compared, judged.shift) == (202, 1.0)


@pytest.mark.parametrize(("slowdown", "found"), [(1.0, False), (1.1, False), (3.0, True)])
def test_one_new_run_is_judged_by_the_spread_before(slowdown: float, found: bool) -> None:
    drawn = random.Random(2)
    pairs = {(number, 0): (noisy(drawn, 1.0, 30), noisy(drawn, 1.0, 1)) for number in range(300)}
    pairs[500, 0] = noisy(drawn, 1.0, 30), [slowdown]
    assert [one.key[0] for one in judge(pairs).changes] == ([500] if found else [])


@pytest.mark.parametrize(("shape", "most"), [("uniform", 3), ("spikes", 40), ("machine", 3)])
def test_no_false_alarm_for_one_run_whatever_the_noise(shape: str, most: int) -> None:
    """Uniform durations, a machine of half the speed, and a spike in each tenth run.

    Where none of 30 runs has a spike, which is so for 4 % of the tests, nothing tells the first
    one from a change; the answer says so.
    """
    drawn = random.Random(3)

    def one() -> float:
        if shape == "uniform":
            return drawn.uniform(0.001, 2)
        spike = 5.0 if shape == "spikes" and drawn.random() < 0.1 else 1.0
        return drawn.lognormvariate(0, 0.1) * spike

    factor = 2.0 if shape == "machine" else 1.0
    pairs = {
        (number, 0): ([one() for _ in range(30)], [one() * factor])
        for number in range(max(LEAST_TESTS, 1_000))
    }
    judged = judge(pairs)
    assert len(judged.changes) <= most
    assert judged.shift == pytest.approx(factor, rel=0.1)


def test_a_small_change_is_none_however_sure() -> None:
    pairs = {(1, 0): ([0.010] * 30, [0.050] * 30), (2, 0): ([10.0] * 30, [11.0] * 30)}
    assert judge(pairs).changes == ()


def test_too_few_runs_are_not_judged() -> None:
    assert judge({(1, 0): ([1.0] * 7, [9.0]), (2, 0): ([], [1.0])}).compared == 0


def test_runs_before_are_the_measure_of_two_single_runs(results: Engine) -> None:
    drawn = random.Random(4)
    for number in range(1, 13):
        slow = 4.0 if number == 12 else 1.0
        tests = {
            case("slow", seconds=slow * drawn.uniform(0.95, 1.05)): "P",
            case("same", seconds=drawn.uniform(0.95, 1.05)): "P",
        }
        draw(results, tests, first=number, step=HOUR, commit=f"c{number}")
    comparison = Comparer(results).compare("unit#11", "unit#12")
    (change,) = comparison.slower
    assert (change.case.name, change.runs_before, change.runs_now) == ("slow", 11, 1)
    assert change.ratio == pytest.approx(4.0, rel=0.1)
    assert (comparison.timing.compared, comparison.timing.baseline) == (2, 10)

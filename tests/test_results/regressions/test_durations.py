"""Which tests became slower or faster: only runs that passed at once count, chance does not."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from ci_stat.records.ends import FAILED, PASSED, Ends
from ci_stat.test_results.regressions.durations import Shifts, duration_shifts
from ci_stat.test_results.regressions.series import series_table
from tests.test_results.flakiness.drawn import BEGIN, a_run

Floats = NDArray[np.float64]
RUNS = 120


def found(seconds: Floats, begin: datetime = BEGIN, **columns: NDArray[np.generic]) -> Shifts:
    """`seconds`: a row a test, a column a run."""
    tests, count = seconds.shape
    runs = [a_run(number + 1, f"c{number}", hours=number) for number in range(count)]
    size = seconds.size
    failed = columns.get("failed", np.zeros(size, np.bool_)).astype(np.bool_)
    ends = Ends(
        run=np.repeat(np.arange(count, dtype=np.int32), tests),
        case=np.tile(np.arange(tests, dtype=np.int64), count),
        outcome=np.where(failed, FAILED, PASSED).astype(np.int8),
        passed=~failed,
        failed=failed,
        attempts=columns.get("attempts", np.ones(size)).astype(np.int32),
        seconds=seconds.T.reshape(-1).astype(np.float32),
    )
    table = series_table(runs, ends, np.ones(size, np.bool_))
    return duration_shifts(runs, ends, table, begin)


def noise(tests: int = 1, spread: float = 0.1, seed: int = 1) -> Floats:
    return np.exp(np.random.default_rng(seed).normal(0, spread, (tests, RUNS)))


def test_the_newest_shift_with_its_runs() -> None:
    seconds = noise()
    seconds[0, 40:] *= 1.4
    seconds[0, 90:] *= 2
    (one,) = found(seconds).shifts
    assert (one.since.last_before.id, one.since.first.id) == (90, 91)
    assert one.shift.change == pytest.approx(1.0, abs=0.15)
    assert one.shift.before == pytest.approx(1.4, abs=0.1)
    assert one.runs == RUNS


def test_a_shift_before_the_time_asked_about_is_no_news() -> None:
    seconds = noise()
    seconds[0, 90:] *= 2
    assert len(found(seconds, BEGIN + timedelta(hours=90)).shifts) == 1
    assert found(seconds, BEGIN + timedelta(hours=91)).shifts == ()


def test_noise_has_no_shifts() -> None:
    shifts = found(noise(200, 0.3))
    assert shifts.shifts == ()
    assert shifts.timed == 200
    assert shifts.by_chance < 40


def test_slow_runs_now_and_then_are_no_shift_and_hide_none() -> None:
    seconds = noise(100)
    random = np.random.default_rng(3)
    seconds[random.random(seconds.shape) < 0.03] *= 10
    seconds[0, 80:] *= 1.5
    (one,) = found(seconds).shifts
    assert one.series == 0
    assert abs(one.since.first.id - 81) <= 2


def test_small_changes_of_quick_tests_are_counted_only() -> None:
    seconds = noise() * 0.01
    seconds[0, 60:] *= 3
    shifts = found(seconds)
    assert (shifts.shifts, shifts.too_small) == ((), 1)


def test_failed_and_retried_runs_do_not_count() -> None:
    seconds = noise()
    seconds[0, 60:] *= 30  # all of them timeouts
    timeouts = np.arange(RUNS) >= 60
    assert found(seconds, failed=timeouts).shifts == ()
    assert found(seconds, attempts=1 + timeouts).shifts == ()
    assert len(found(seconds).shifts) == 1


def test_unknown_and_zero_durations() -> None:
    nothing = np.full((1, RUNS), np.nan)
    assert found(nothing) == Shifts((), 0, 0, 0)
    assert found(np.zeros((1, RUNS))) == Shifts((), 1, 0, 0)
    step = np.zeros((1, RUNS))
    step[0, 70:] = 0.5
    (one,) = found(step).shifts
    assert one.since.first.id == 71


@pytest.mark.parametrize("runs", [0, 1, 5, 11])
def test_few_runs_are_not_judged(runs: int) -> None:
    assert found(np.ones((1, runs))).timed == 0

"""Which counts open a regression, and which keep it open."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.records.ends import Ends
from ci_stat.test_results.regressions.judge import Judged, judge
from ci_stat.test_results.regressions.series import series_table
from ci_stat.test_results.regressions.window_counts import Periods, Side, WindowCounts
from tests.test_results.flakiness.drawn import a_run

Table = tuple[int, int, int, int]  # failed of runs in the window, failed of runs in the baseline


def side(counts: Sequence[tuple[int, int]]) -> Side:
    failed, runs = zip(*counts, strict=True)
    return Side(np.array(failed, np.int64), np.array(runs, np.int64))


def judged(*days: Sequence[Table]) -> Judged:
    """Each day has a table for each test."""
    return judge([(side([t[:2] for t in day]), side([t[2:] for t in day])) for day in days])


def is_open(*tables: Table) -> bool:
    """Whether the only test has regressed on the last of the days."""
    return bool(judged(*([table] for table in tables)).is_open[0])


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((5, 50, 0, 200), True),
        ((0, 50, 0, 200), False),
        ((2, 10, 0, 400), False),  # fewer than 3 failures, however sure
        ((3, 10, 0, 400), True),
        ((6, 200, 0, 2000), False),  # sure, but a drop of 3 points
        ((10, 200, 0, 2000), False),  # exactly 5 points
        ((11, 200, 0, 2000), True),
        ((3, 10, 3, 20), False),  # 15 points, but p is 0.27
        ((20, 50, 80, 200), False),  # as flaky as ever
        ((0, 50, 100, 200), False),  # better
    ],
)
def test_what_opens_a_regression(table: Table, expected: bool) -> None:
    assert is_open(table) is expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((5, 5, 0, 0), False),  # too few runs
        ((3, 6, 0, 0), True),
        ((3, 6, 0, 5), True),  # 5 earlier runs are no baseline
        ((2, 6, 0, 0), False),
        ((3, 60, 0, 0), False),  # passes in 95 %
        ((4, 60, 0, 0), True),
        ((3, 6, 3, 6), False),  # 6 are: as bad as before
    ],
)
def test_a_new_test_is_judged_by_its_pass_rate(table: Table, expected: bool) -> None:
    result = judged([table])
    assert bool(result.is_open[0]) is expected
    assert bool(result.is_new[0]) is expected


OPENS = (10, 50, 0, 200)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ((2, 50, 0, 200), True),  # p is 0.04, 4 points: not enough to open it
        ((1, 50, 0, 200), False),  # p is 0.2
        ((3, 100, 0, 200), False),  # exactly 3 points
        ((2, 50, 10, 200), True),  # its baseline is the one of the day on which it opened
        ((0, 0, 0, 200), True),  # nothing ran: nothing is known
        ((0, 50, 0, 200), False),
    ],
)
def test_an_open_regression_needs_less_to_stay(later: Table, expected: bool) -> None:
    assert is_open(later) is False
    assert is_open(OPENS, later) is expected


def test_a_regression_does_not_become_its_own_baseline() -> None:
    """The baseline of the last days is as bad as the window, and nothing has been fixed."""
    days = [OPENS, *[(10, 50, 10 * week, 200) for week in range(1, 5)]]
    result = judged(*([day] for day in days))
    assert bool(result.is_open[0])
    assert result.opened.tolist() == [0]
    assert (result.basis.failed[0], result.basis.runs[0]) == (0, 200)
    assert is_open(days[-1]) is False


def test_a_closed_regression_can_open_again() -> None:
    days = [OPENS, (0, 50, 10, 200), OPENS]
    result = judged(*([day] for day in days))
    assert result.opened.tolist() == [2]


def test_a_new_test_that_stays_bad_stays_open_when_it_is_new_no_more() -> None:
    days = [(3, 6, 0, 0), (3, 6, 3, 6), (3, 6, 30, 60)]
    result = judged(*([day] for day in days))
    assert (bool(result.is_open[0]), bool(result.is_new[0])) == (True, True)
    assert not is_open(*days, (0, 6, 30, 60))


def test_many_tests_need_more_evidence() -> None:
    """p = 0.03 is enough for a test alone, not for one of 200 that fail as often by chance."""
    border = (4, 30, 5, 150)
    assert is_open(border)
    many = [border, *[(1, 30, 4, 150)] * 200]
    assert not judged(many).is_open.any()
    assert judged([(9, 30, 5, 150), *many]).is_open.tolist()[0]


def test_tests_that_never_fail_do_not_dilute_the_others() -> None:
    border = (4, 30, 5, 150)
    assert judged([border, *[(0, 30, 0, 150)] * 5_000]).is_open.tolist()[0]


def test_what_is_judged_is_counted() -> None:
    result = judged([(1, 9, 0, 9), (0, 0, 0, 9), (1, 9, 0, 5), (0, 5, 0, 0)])
    assert (result.compared, result.as_new, result.too_few) == (1, 1, 1)


# Counting windows

BEGIN = datetime(2026, 9, 1, tzinfo=UTC)


@given(st.data())
def test_counts_of_windows_are_those_of_a_loop(data: st.DataObject) -> None:
    hours = sorted(data.draw(st.lists(st.integers(0, 24 * 90), min_size=1, max_size=40)))
    runs = [a_run(at, hours=hour - 24 * 60) for at, hour in enumerate(hours)]
    random = np.random.default_rng(len(hours))
    outcome = random.integers(0, 4, 3 * len(runs)).astype(np.int8)
    ends = Ends(
        run=np.repeat(np.arange(len(runs), dtype=np.int32), 3),
        case=np.tile(np.array([7, 8, 9]), len(runs)),
        outcome=outcome,
        passed=outcome == 0,
        failed=np.isin(outcome, (1, 2)),
        attempts=np.ones(len(outcome), np.int32),
        seconds=np.ones(len(outcome), np.float32),
    )
    counted = random.random(len(outcome)) < 0.8
    table = series_table(runs, ends, counted)
    last = runs[-1].started + timedelta(hours=data.draw(st.integers(0, 30)))
    periods = Periods(last, timedelta(days=3, hours=5), timedelta(days=9))
    all_periods = periods.replayed()
    assert [one.end for one in all_periods] == [last - timedelta(days=9 - n) for n in range(10)]

    counts = WindowCounts(runs, ends, table, all_periods)
    for one in all_periods:
        for got, begin, end in (
            (counts.sample(one), one.begin, one.end),
            (counts.basis(one), one.baseline_begin, one.begin),
        ):
            rows = [
                row
                for row in range(len(outcome))
                if counted[row] and outcome[row] != 3 and begin <= runs[row // 3].started < end
            ]
            for place, case in enumerate(table.case.tolist()):
                of_case = [row for row in rows if ends.case[row] == case]
                assert got.runs[place] == len(of_case)
                assert got.failed[place] == sum(bool(ends.failed[row]) for row in of_case)

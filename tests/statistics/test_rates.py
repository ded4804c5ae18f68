"""Intervals and tests of rates: published figures, exact sums, and laws."""

import random
import time
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.clusters import Clusters, affected_effect
from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.exact import least_p, mid_p, tail_p
from ci_stat.statistics.exact_columns import least_tail_p_values, tail_p_values
from ci_stat.statistics.intervals import newcombe, wilson
from ci_stat.statistics.split import chance_all_here

_RUNS = st.integers(1, 60)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Failures of runs, and of other runs."""
    runs, other_runs = draw(_RUNS), draw(_RUNS)
    return draw(st.integers(0, runs)), runs, draw(st.integers(0, other_runs)), other_runs


# Published figures


@pytest.mark.parametrize(
    ("count", "runs", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), 857-872, table I, method 3
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(count: int, runs: int, low: float, high: float) -> None:
    interval = wilson(count, runs)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_newcombe_as_published(table: tuple[int, int, int, int], low: float, high: float) -> None:
    interval = newcombe(*table)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def test_benjamini_and_hochberg_as_published() -> None:
    # Their example of 15 p-values: at 0.05, four are rejected.
    p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    q_values = adjusted(p_values)
    assert [q <= 0.05 for q in q_values] == [True] * 4 + [False] * 11
    assert q_values[:2] == pytest.approx([0.0015, 0.003])
    shuffled = list(range(15))
    random.Random(1).shuffle(shuffled)
    assert adjusted([p_values[at] for at in shuffled]) == [q_values[at] for at in shuffled]


# Exact sums


def exact_mid_p(count: int, runs: int, other_count: int, other_runs: int) -> Fraction:
    """The definition, in fractions over all tables with the same sums."""
    total = count + other_count
    ways = {
        at: comb(runs, at) * comb(other_runs, total - at)
        for at in range(max(0, total - other_runs), min(total, runs) + 1)
    }
    half = Fraction(ways[count], 2)
    above = half + sum(number for at, number in ways.items() if at > count)
    below = half + sum(number for at, number in ways.items() if at < count)
    return 2 * min(above, below) / sum(ways.values())


@given(tables())
def test_mid_p_is_its_definition(table: tuple[int, int, int, int]) -> None:
    assert mid_p(*table) == pytest.approx(float(exact_mid_p(*table)), rel=1e-9)
    assert mid_p(*table) == pytest.approx(mid_p(*table[2:], *table[:2]), rel=1e-9)


@given(tables())
def test_no_table_has_a_smaller_p_value_than_the_least(table: tuple[int, int, int, int]) -> None:
    count, runs, other_count, other_runs = table
    total = count + other_count
    least = least_p(total, runs, other_runs)
    all_counts = range(max(0, total - other_runs), min(total, runs) + 1)
    assert least == pytest.approx(
        min(mid_p(at, runs, total - at, other_runs) for at in all_counts), rel=1e-9
    )


@given(tables())
def test_the_chance_of_so_many_is_its_definition(table: tuple[int, int, int, int]) -> None:
    count, runs, other_count, other_runs = table
    total = count + other_count
    ways = sum(
        comb(runs, here) * comb(other_runs, total - here)
        for here in range(count, min(total, runs) + 1)
    )
    chance = chance_all_here(count, runs, other_count, other_runs)
    assert chance == pytest.approx(float(Fraction(ways, comb(runs + other_runs, total))), rel=1e-9)


def test_the_chance_of_a_hundred_thousand_runs_is_no_work() -> None:
    started = time.process_time()
    assert 0 < chance_all_here(100, 300, 10_000, 100_000) < 1e-20
    assert time.process_time() - started < 0.2


def test_millions_of_runs_are_no_work() -> None:
    assert mid_p(250_000, 1_000_000, 250_000, 1_000_000) == pytest.approx(1.0)
    assert mid_p(250_000, 1_000_000, 252_000, 1_000_000) == pytest.approx(0.0011, rel=0.02)
    assert mid_p(250_000, 1_000_000, 350_000, 1_000_000) == 0.0


def test_without_runs_nothing_can_be_told() -> None:
    assert mid_p(0, 0, 3, 10) == mid_p(0, 5, 0, 10) == mid_p(5, 5, 10, 10) == 1.0
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert (newcombe(0, 0, 3, 10).low, newcombe(3, 10, 0, 0).high) == (-1.0, 1.0)


# Laws


@given(tables())
def test_intervals_contain_what_was_measured(table: tuple[int, int, int, int]) -> None:
    count, runs, other_count, other_runs = table
    rate, other = count / runs, other_count / other_runs
    assert 0 <= wilson(count, runs).low <= rate <= wilson(count, runs).high <= 1
    interval = newcombe(*table)
    assert -1 - 1e-12 <= interval.low <= rate - other <= interval.high <= 1 + 1e-12
    swapped = newcombe(*table[2:], *table[:2])
    assert (swapped.low, swapped.high) == pytest.approx((-interval.high, -interval.low))


@given(st.lists(st.floats(0, 1), max_size=30))
def test_q_values_keep_the_order_and_are_not_below_p(p_values: list[float]) -> None:
    q_values = adjusted(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, q_values, strict=True))
    by_p = [q for _, q in sorted(zip(p_values, q_values, strict=True))]
    assert by_p == sorted(by_p)


# Pull requests that fail together


def clusters_of(*prs: tuple[int, int]) -> Clusters:
    """Pull requests as (failed, runs)."""
    parts = (Clusters(f, n, 1, f * f, f * n, n * n) for f, n in prs)
    return sum(parts, Clusters())


def test_independent_runs_have_no_effect() -> None:
    assert Clusters.single(30, 100).effect == pytest.approx(1.0, abs=0.02)
    assert clusters_of(*[(1, 1)] * 30, *[(0, 1)] * 70) == Clusters.single(30, 100)
    assert Clusters().effect == clusters_of((3, 10)).effect == 1.0


def test_pull_requests_that_always_fail_count_once() -> None:
    # Each of 20 pull requests has 5 runs of one outcome: as much as 20 runs, not 100.
    together = clusters_of(*[(5, 5)] * 6, *[(0, 5)] * 14)
    assert together.effect == pytest.approx(5.0, rel=0.06)
    assert affected_effect([5] * 6) == 5.0
    assert affected_effect([1, 1, 1]) == affected_effect([]) == 1.0


@given(st.lists(tables(), min_size=1, max_size=20))
def test_columns_of_tables_are_the_tables_one_by_one(
    many: list[tuple[int, int, int, int]],
) -> None:
    columns = [np.array(column, np.int64) for column in zip(*many, strict=True)]
    assert tail_p_values(*columns).tolist() == [tail_p(*table) for table in many]
    total = columns[0] + columns[2]
    least = least_tail_p_values(total, columns[1], columns[3])
    assert (least <= tail_p_values(*columns) * (1 + 1e-9)).all()


def test_no_tables_have_no_values() -> None:
    none = np.empty(0, np.int64)
    assert tail_p_values(none, none, none, none).tolist() == []

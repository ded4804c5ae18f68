"""Change points of pass and fail: the definition computed slowly, laws, and planted changes."""

from itertools import pairwise
from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.outcome_changes import (
    CHANGE_PROBABILITY,
    History,
    OutcomeChange,
    outcome_changes,
)

Run = tuple[bool, bool, bool, bool]  # failed, retried, failed again, may begin a segment

_SEGMENTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.integers(1, 40)), min_size=1, max_size=4
)


def columns(runs: list[Run]) -> History:
    return History(*(np.array(column, np.bool_) for column in zip(*runs, strict=True)))


def drawn(segments: list[tuple[float, int]], seed: int) -> list[Run]:
    """Runs with the failure rate of each segment; a third of the commits ran twice."""
    random = np.random.default_rng(seed)
    runs: list[Run] = []
    for rate, length in segments:
        for _ in range(length):
            failed = bool(random.random() < rate)
            retried = failed and bool(random.random() < 0.5)
            again = retried and bool(random.random() < rate)
            starts = bool(random.random() < 0.7) or not runs
            runs.append((failed, retried, again, starts))
    return runs


# The definition, run by run


def beta(count: int, runs: int, a: float, b: float) -> float:
    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    return log_beta(a + count, b + runs - count) - log_beta(a, b)


def likelihood(runs: list[Run]) -> float:
    failed, retried = sum(run[0] for run in runs), sum(run[1] for run in runs)
    again = sum(run[2] for run in runs)
    return beta(failed, len(runs), 0.3, 0.5) + beta(again, retried, 0.5, 0.5)


def splits(runs: list[Run]) -> dict[int, float]:
    return {
        place: likelihood(runs[:place]) + likelihood(runs[place:])
        for place in range(1, len(runs))
        if runs[place][3]
    }


def positions(runs: list[Run]) -> list[int]:
    values = splits(runs)
    if not values:
        return []
    place = max(values, key=lambda at: values[at])
    if values[place] - likelihood(runs) + log(1e-4) <= 0:
        return []
    after = [place + position for position in positions(runs[place:])]
    return [*positions(runs[:place]), place, *after]


def interval(runs: list[Run]) -> tuple[int, int]:
    values = splits(runs)
    highest = max(values.values())
    weights = {place: exp(value - highest) for place, value in values.items()}
    total, reached = sum(weights.values()), 0.0
    earliest = latest = None
    for place, weight in weights.items():
        reached += weight / total
        earliest = place if earliest is None and reached >= 0.005 else earliest
        latest = place if latest is None and reached >= 0.995 else latest
    assert earliest is not None
    return earliest, latest if latest is not None else max(weights)


@given(_SEGMENTS, st.integers(0, 10**6))
def test_changes_are_the_definition(segments: list[tuple[float, int]], seed: int) -> None:
    runs = drawn(segments, seed)
    changes = outcome_changes(columns(runs))
    expected = positions(runs)
    assert [change.position for change in changes] == expected
    bounds = [0, *expected, len(runs)]
    for change, (begin, end) in zip(changes, zip(bounds, bounds[2:], strict=False), strict=True):
        earliest, latest = interval(runs[begin:end])
        assert change.earliest == min(change.position, begin + earliest)
        assert change.latest == max(change.position, begin + latest)


# Laws


@given(_SEGMENTS, st.integers(0, 10**6))
def test_a_change_is_where_pass_turns_to_fail_or_back(
    segments: list[tuple[float, int]], seed: int
) -> None:
    failed = columns(drawn(segments, seed)).failed
    changes = outcome_changes(History.of(failed))
    assert all(failed[change.position] != failed[change.position - 1] for change in changes)
    places = [change.position for change in changes]
    assert places == sorted(set(places))
    bounds = [0, *places, len(failed)]
    for change, left, right in zip(changes, bounds, bounds[2:], strict=False):
        assert left < change.earliest <= change.position <= change.latest < right


@given(_SEGMENTS, st.integers(0, 10**6))
def test_runs_of_one_commit_are_not_parted(segments: list[tuple[float, int]], seed: int) -> None:
    history = columns(drawn(segments, seed))
    for change in outcome_changes(history):
        bounds = (change.position, change.earliest, change.latest)
        assert all(history.starts[place] for place in bounds)


# Planted


@pytest.mark.parametrize(
    ("rate", "later", "length"), [(0.0, 1.0, 12), (0.02, 0.5, 60), (0.3, 0.95, 60), (1.0, 0.0, 12)]
)
def test_a_planted_change_is_found(rate: float, later: float, length: int) -> None:
    inside = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        failed = random.random(2 * length) < np.repeat([rate, later], length)
        changes = outcome_changes(History.of(failed))
        inside += any(change.earliest <= length <= change.latest for change in changes)
    assert inside >= 19


def test_a_steady_rate_has_no_change() -> None:
    random = np.random.default_rng(2)
    histories = [random.random(300) < rate for rate in np.linspace(0, 0.3, 200)]
    assert sum(len(outcome_changes(History.of(failed))) for failed in histories) <= 1


def test_a_sudden_failure_needs_few_runs() -> None:
    """After 100 passed runs, three failures in a row are a change; two are not."""
    assert outcome_changes(History.of(np.arange(102) >= 100)) == []
    (change,) = outcome_changes(History.of(np.arange(103) >= 100))
    assert change == OutcomeChange(position=100, earliest=92, latest=100)


def test_retries_that_stop_helping_are_a_change() -> None:
    """The test fails at first as often as ever, but now it fails again."""
    failed = np.arange(120) % 2 == 0
    again = failed & (np.arange(120) >= 60)
    starts = np.ones(120, np.bool_)
    (change,) = outcome_changes(History(failed, failed, again, starts))
    assert abs(change.position - 60) <= 1
    assert outcome_changes(History.of(failed)) == []


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_short_and_equal_histories(length: int) -> None:
    for value in (True, False):
        assert outcome_changes(History.of(np.full(length, value))) == []
    assert all(
        first.latest <= second.latest
        for first, second in pairwise(outcome_changes(History.of(np.zeros(9, np.bool_))))
    )


def test_the_probability_is_that_of_the_source() -> None:
    assert CHANGE_PROBABILITY == 1e-4

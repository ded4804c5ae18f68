"""The belief in each suspect: the definition computed slowly, laws, and what runs it asks for."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_stat.statistics.change_belief import (
    Beliefs,
    ChangePrior,
    Counted,
    Trials,
    beliefs,
)
from ci_stat.statistics.next_runs import Costs, information, next_places
from ci_stat.statistics.rate_pairs import Direction, RatePrior, rate_table

Counts = Mapping[int, Counted]

_COUNTED = st.builds(Counted, st.integers(0, 4), st.integers(0, 4))
_FEW = st.integers(1, 5)  # suspects


@st.composite
def searches(draw: st.DrawFn) -> tuple[ChangePrior, Counts]:
    """A prior with few suspects, and runs at some of its places."""
    suspects = draw(_FEW)
    weights = draw(st.lists(st.floats(0.1, 10), min_size=suspects, max_size=suspects))
    prior = ChangePrior(
        np.array(weights),
        draw(st.floats(0.01, 0.9)),
        RatePrior(draw(st.sampled_from(Direction))),
        draw(_COUNTED),
        draw(_COUNTED),
    )
    places = draw(st.dictionaries(st.integers(0, suspects), _COUNTED, max_size=3))
    return prior, places


def belief(prior: ChangePrior, counts: Counts) -> Beliefs:
    return beliefs(prior, Trials.of(counts))


def plus(counts: Counts, place: int, failed: bool) -> Counts:
    """The counts with one more run."""
    old = counts.get(place, Counted())
    new = Counted(old.failed + failed, old.passed + (not failed))
    return {**counts, place: new}


# The definition, hypothesis by hypothesis and rate by rate


def terms(prior: ChangePrior, counts: Counts) -> Iterator[tuple[int, float, float, float]]:
    """Each answer (0 for no culprit) with rates before and after, and its share."""
    table = rate_table(prior.rates, 0)
    suspects = len(prior.weights)
    rates = table.rates.tolist()
    breaks = [prior.no_culprit * 0.4]
    breaks += ((1 - prior.no_culprit) * prior.weights / prior.weights.sum()).tolist()
    breaks += [prior.no_culprit * 0.2]
    for at, chance in enumerate(breaks):
        for p, row in zip(rates, table.pairs.tolist(), strict=True):
            for q, weight in zip(rates, row, strict=True):
                share = chance * weight * likelihood(prior, counts, at, p, q)
                yield at % (suspects + 1), p, q, share
    for p, weight in zip(rates, table.one.tolist(), strict=True):
        yield 0, p, p, prior.no_culprit * 0.4 * weight * likelihood(prior, counts, 0, p, p)


def likelihood(prior: ChangePrior, counts: Counts, at: int, p: float, q: float) -> float:
    value: float = p**prior.before.failed * (1 - p) ** prior.before.passed
    value *= q**prior.after.failed * (1 - q) ** prior.after.passed
    for place, counted in counts.items():
        rate = q if place >= at else p
        value *= rate**counted.failed * (1 - rate) ** counted.passed
    return value


def shares(prior: ChangePrior, counts: Counts) -> list[float]:
    """The probability of each answer together with the runs."""
    sums = [0.0] * prior.places
    for answer, _, _, share in terms(prior, counts):
        sums[answer] += share
    return sums


@given(searches())
def test_the_belief_is_the_definition(search: tuple[ChangePrior, Counts]) -> None:
    after = belief(*search)
    sums = shares(*search)
    expected = [value / sum(sums) for value in sums]
    assert after.no_culprit[0] == pytest.approx(expected[0], abs=1e-9)
    assert after.suspects[0] == pytest.approx(expected[1:], abs=1e-9)


@given(searches())
def test_the_rates_are_the_definition(search: tuple[ChangePrior, Counts]) -> None:
    prior, counts = search
    before, after, sums = (np.zeros(prior.places) for _ in range(3))
    for answer, p, q, share in terms(prior, counts):
        before[answer] += p * share
        after[answer] += q * share
        sums[answer] += share
    computed = belief(prior, counts)
    assert computed.before[0] == pytest.approx(before[1:] / sums[1:], abs=1e-9)
    assert computed.after[0] == pytest.approx(after[1:] / sums[1:], abs=1e-9)


# Laws


@given(searches(), st.data())
def test_no_run_is_expected_to_move_the_belief(
    search: tuple[ChangePrior, Counts], data: st.DataObject
) -> None:
    """The mean of the beliefs after a run, over its outcomes, is the belief before it."""
    prior, counts = search
    place = data.draw(st.integers(0, len(prior.weights)))
    now = belief(prior, counts)
    evidence = {failed: sum(shares(prior, plus(counts, place, failed))) for failed in (True, False)}
    total = sum(evidence.values())
    mean = sum(
        share / total * belief(prior, plus(counts, place, failed)).suspects[0]
        for failed, share in evidence.items()
    )
    assert now.suspects[0] == pytest.approx(mean, abs=1e-9)


@given(searches())
def test_a_history_read_backwards_is_the_opposite_change(
    search: tuple[ChangePrior, Counts],
) -> None:
    prior, counts = search
    opposite = {
        Direction.WORSE: Direction.BETTER,
        Direction.BETTER: Direction.WORSE,
        Direction.ANY: Direction.ANY,
    }
    suspects = len(prior.weights)
    backwards = ChangePrior(
        prior.weights[::-1],
        prior.no_culprit,
        RatePrior(opposite[prior.rates.direction]),
        prior.after,
        prior.before,
    )
    there = belief(prior, counts)
    back = belief(backwards, {suspects - place: runs for place, runs in counts.items()})
    odds = there.suspects[0] / there.suspects[0].sum()
    assert back.suspects[0][::-1] / back.suspects[0].sum() == pytest.approx(odds, abs=1e-9)


@given(searches(), st.integers(2, 40))
def test_suspects_that_no_run_separates_share_by_their_weights(
    search: tuple[ChangePrior, Counts], more: int
) -> None:
    prior, counts = search
    last = len(prior.weights)
    extended = ChangePrior(
        np.concatenate((prior.weights[:-1], np.full(more, prior.weights[-1] / more))),
        prior.no_culprit,
        prior.rates,
        prior.before,
        prior.after,
    )
    moved = {place + (more - 1 if place == last else 0): runs for place, runs in counts.items()}
    together, apart = belief(prior, counts), belief(extended, moved)
    assert apart.suspects[0][: last - 1] == pytest.approx(together.suspects[0][:-1], abs=1e-9)
    part = together.suspects[0][-1] / more
    assert apart.suspects[0][last - 1 :] == pytest.approx(np.full(more, part), abs=1e-9)


@given(st.dictionaries(st.integers(0, 1023), st.booleans(), max_size=30))
def test_steady_rates_leave_what_bisection_leaves(runs: dict[int, bool]) -> None:
    """With rates of 0 and 1, the suspects after the last pass and up to the first failure."""
    prior = ChangePrior(np.ones(1024), 0.5, RatePrior(never=1, always=1))
    counts = {place: Counted(failed, not failed) for place, failed in runs.items()}
    last_pass = max((place for place, failed in runs.items() if not failed), default=0)
    first_failure = min((place for place, failed in runs.items() if failed), default=1024)
    if last_pass >= first_failure or runs.get(0):
        return  # contradicts any culprit
    suspects = belief(prior, counts).suspects[0]
    suspected = np.flatnonzero(suspects > 1e-6) + 1
    assert suspected.tolist() == list(range(last_pass + 1, first_failure + 1))
    assert np.ptp(suspects[suspected - 1]) < 1e-12


def test_thousands_of_runs_overflow_nothing() -> None:
    prior = ChangePrior(np.ones(1024))
    counts = {place: Counted(2000, 1000) for place in range(0, 1025, 8)}
    counts |= {0: Counted(0, 9000), 1024: Counted(9000, 0)}
    after = belief(prior, counts)
    assert np.isfinite(after.suspects).all()
    assert after.suspects.sum() + after.no_culprit[0] == pytest.approx(1)


def test_a_weight_of_zero_excludes_a_suspect() -> None:
    weights = np.array([1.0, 0.0, 1.0])
    suspects = belief(ChangePrior(weights), {1: Counted(0, 5), 2: Counted(5, 0)}).suspects[0]
    assert suspects[1] == 0


def test_a_failure_before_the_range_is_not_blamed_on_the_range() -> None:
    """History says steady, but the commit before the suspects fails too now."""
    prior = ChangePrior(np.ones(8), before=Counted(0, 50))
    after = belief(prior, {0: Counted(6, 0), 8: Counted(6, 0)})
    earlier, same, later = after.forms[0]
    assert earlier > 0.95
    assert max(same, later) < 0.01


# Information


def entropy(probabilities: list[float]) -> float:
    return -sum(value * log2(value) for value in probabilities if value > 0)


def joint_information(prior: ChangePrior, counts: Counts, places: list[int]) -> float:
    """The expected fall of the entropy of the answer by runs at the places."""
    now = shares(prior, counts)
    total = sum(now)
    left = 0.0
    for outcomes in product((True, False), repeat=len(places)):
        after = counts
        for place, failed in zip(places, outcomes, strict=True):
            after = plus(after, place, failed)
        sums = shares(prior, after)
        if sum(sums) > 0:
            left += sum(sums) / total * entropy([value / sum(sums) for value in sums])
    return entropy([value / total for value in now]) - left


@given(searches())
def test_information_is_the_expected_fall_of_entropy(search: tuple[ChangePrior, Counts]) -> None:
    prior, counts = search
    bits = information(belief(prior, counts))[0]
    expected = [joint_information(prior, counts, [place]) for place in range(prior.places)]
    assert bits == pytest.approx(expected, abs=1e-9)


@given(searches())
def test_each_run_of_a_batch_adds_most_to_those_before_it(
    search: tuple[ChangePrior, Counts],
) -> None:
    prior, counts = search
    batch = next_places(prior, Trials.of(counts), 2)
    for size in (1, 2):
        known = batch[: size - 1]
        best = max(
            joint_information(prior, counts, [*known, place]) for place in range(prior.places)
        )
        assert joint_information(prior, counts, batch[:size]) == pytest.approx(best, abs=1e-8)


def test_a_run_that_is_open_counts_like_the_first_of_the_batch() -> None:
    prior = ChangePrior(np.ones(100))
    batch = next_places(prior, Trials.of({}), 4)
    assert next_places(prior, Trials.of({}), 2, open_places=batch[:2]) == batch[2:]


def test_a_batch_divides_the_suspects() -> None:
    prior = ChangePrior(np.ones(1000), rates=RatePrior(never=1, always=1), no_culprit=0.0)
    assert sorted(next_places(prior, Trials.of({}), 3)) == [250, 500, 750]


def test_a_cheap_commit_is_preferred_and_an_unusable_one_left_out() -> None:
    prior = ChangePrior(np.ones(9), rates=RatePrior(never=1, always=1), no_culprit=0.0)
    minutes, usable = np.ones(10), np.ones(10)
    best = next_places(prior, Trials.of({}), 1, costs=Costs(minutes, usable))
    usable[best[0]] = 0
    second = next_places(prior, Trials.of({}), 1, costs=Costs(minutes, usable))
    assert second != best
    minutes[:] = 10
    minutes[2] = 1
    assert next_places(prior, Trials.of({}), 1, costs=Costs(minutes, usable)) == [2]
    assert next_places(prior, Trials.of({}), 3, costs=Costs(minutes, np.zeros(10))) == []


def test_many_runs_in_parallel_stay_bounded() -> None:
    batch = next_places(ChangePrior(np.ones(1024)), Trials.of({}), 24)
    assert len(batch) == 24
    assert len(set(batch)) > 10

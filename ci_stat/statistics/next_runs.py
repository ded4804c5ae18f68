"""Which commits to run next: those that promise most information about the culprit per minute.

The information of a run is how much it lowers the entropy of the answer (each suspect, and "no
culprit") on average over its outcomes. Runs in parallel are chosen one after the other: each is the
one that adds most to what the runs before it will have said, over all outcomes that they may have.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ci_stat.statistics.change_belief import Beliefs, ChangePrior, Trials, beliefs
from ci_stat.statistics.rate_pairs import Floats

_MOST_BRANCHES = 64  # possible outcomes of the runs so far; of more, the likeliest
_EQUAL = 1e-9  # bits


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What a run at each place costs, and how likely it says anything.

    `minutes`: expected; `usable`: the probability that the commit builds.
    """

    minutes: Floats
    usable: Floats

    @classmethod
    def equal(cls, places: int) -> "Costs":
        return cls(np.ones(places), np.ones(places))


def information(after: Beliefs) -> Floats:
    """The bits that a run at each place promises: rows are sets of runs, columns are places."""
    expected, within = _expected_rates(after), _expected_entropies(after)
    return np.maximum(_entropy(expected) - within, 0.0)


def next_places(
    prior: ChangePrior,
    trials: Trials,
    count: int,
    open_places: Sequence[int] = (),
    costs: Costs | None = None,
) -> list[int]:
    """The places of the next `count` runs, the best one first; some may be equal.

    `trials`: one set, the runs that ended. `open_places`: of runs that have not ended yet. Fewer
    places are returned if no other commit can be run.
    """
    costs = costs or Costs.equal(prior.places)
    value = costs.usable / costs.minutes
    outlook = _Outlook.of(prior, trials)
    for place in open_places:
        outlook = outlook.after_run(place)

    chosen: list[int] = []
    while len(chosen) < count and value.any():
        place = _best(outlook, value)
        chosen.append(place)
        if len(chosen) < count:
            outlook = outlook.after_run(place)
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class _Outlook:
    """What the open runs may say: possible sets of runs, their probabilities and beliefs."""

    prior: ChangePrior
    trials: Trials
    chances: Floats
    beliefs: Beliefs

    @classmethod
    def of(cls, prior: ChangePrior, trials: Trials) -> "_Outlook":
        return cls(prior, trials, np.ones(len(trials)), beliefs(prior, trials))

    def after_run(self, place: int) -> "_Outlook":
        """The outlook once a further run at the place has ended, in either way."""
        fails = _expected_rates(self.beliefs)[:, place]
        chances = np.concatenate((self.chances * fails, self.chances * (1 - fails)))
        trials, chances = _distinct(_both_outcomes(self.trials, place), chances)
        return _Outlook(self.prior, trials, chances, beliefs(self.prior, trials))


def _both_outcomes(trials: Trials, place: int) -> Trials:
    """Each set of runs with one more failed run at the place, and each with one more passed."""
    at = int(np.searchsorted(trials.places, place))
    places, failed, passed = trials.places, trials.failed, trials.passed
    if at == len(places) or places[at] != place:
        places = np.insert(places, at, place)
        failed, passed = np.insert(failed, at, 0, axis=1), np.insert(passed, at, 0, axis=1)
    one = np.zeros(len(places))
    one[at] = 1
    return Trials(
        places,
        np.concatenate((failed + one, failed)),
        np.concatenate((passed, passed + one)),
    )


def _distinct(trials: Trials, chances: Floats) -> tuple[Trials, Floats]:
    """Equal sets as one: two runs at a place may fail and pass, or pass and fail."""
    sets = np.concatenate((trials.failed, trials.passed), axis=1)
    differing = (sets != sets[0]).any(axis=0)  # few columns: those of the open runs
    _, first, number = np.unique(sets[:, differing], axis=0, return_index=True, return_inverse=True)
    sums = np.bincount(number.reshape(-1), chances)
    likeliest = np.sort(np.argsort(-sums, kind="stable")[:_MOST_BRANCHES])
    rows, sums = first[likeliest], sums[likeliest]
    kept = Trials(trials.places, trials.failed[rows], trials.passed[rows])
    return kept, sums / sums.sum()


def _best(outlook: _Outlook, value: Floats) -> int:
    """The place with most expected information for its value; of equal ones, the median suspect."""
    bits = outlook.chances @ information(outlook.beliefs)
    worth = np.where(value > 0, bits * value, -1.0)
    candidates = np.flatnonzero(worth >= worth.max() - _EQUAL)
    reached = np.cumsum(outlook.chances @ outlook.beliefs.suspects)
    median = int(np.searchsorted(reached, reached[-1] / 2))
    return int(candidates[np.argmin(np.abs(candidates - median))])


def _expected_rates(after: Beliefs) -> Floats:
    """The probability that a run at each place fails."""
    none = (after.no_culprit * after.rate)[:, None]
    return np.clip(_mixed(after.suspects, after.before, after.after) + none, 0.0, 1.0)


def _expected_entropies(after: Beliefs) -> Floats:
    """The entropy of the outcome at each place if the culprit were known."""
    none = (after.no_culprit * _entropy(after.rate))[:, None]
    return _mixed(after.suspects, _entropy(after.before), _entropy(after.after)) + none


def _mixed(suspects: Floats, before: Floats, after: Floats) -> Floats:
    """The mean at each place of a value that suspects up to the place have from `after`."""
    none = np.zeros((len(suspects), 1))
    since = np.cumsum(np.concatenate((none, suspects * after), axis=1), axis=1)
    until = np.cumsum(np.concatenate((none, suspects * before), axis=1), axis=1)
    return since + until[:, -1:] - until


def _entropy(rates: Floats) -> Floats:
    """In bits."""
    inside = np.clip(rates, 1e-300, 1.0)
    outside = np.clip(1 - rates, 1e-300, 1.0)
    return -(rates * np.log2(inside) + (1 - rates) * np.log2(outside))

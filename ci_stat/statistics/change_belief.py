"""Which of n commits changed the failure rate of a test, or none: the probability of each.

Places are commits in their order: 0 is the last one before the suspects, 1..n are the suspects. If
the culprit is j, runs at places below j have one rate, and runs from j on have another one. "No
culprit" has three forms, which show in the same way within the range: the rate was another one
already before place 0 (`earlier`), there is one rate everywhere (`same`), or it changes after the
last place (`later`). Runs from before and after the range tell them apart, where there are any.

All rates are unknown: they are integrated out (`paired_rates`). Suspects between two tested places
have the same evidence, so it is computed once for each tested place, from sums of counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.paired_rates import Tally, fit_change, fit_one
from ci_stat.statistics.rate_pairs import Floats, RatePrior

Ints = NDArray[np.int64]

NO_CULPRIT = 0.2
_FORMS = np.array([0.4, 0.4, 0.2])  # earlier, same, later


@dataclass(frozen=True, slots=True)
class Counted:
    """Failed and passed runs of one place; fractions where they count for less."""

    failed: float = 0
    passed: float = 0

    @property
    def runs(self) -> float:
        return self.failed + self.passed


@dataclass(frozen=True, slots=True, eq=False)
class ChangePrior:
    """What is believed before the first run.

    - `weights`: how likely each suspect is in comparison with the others.
    - `no_culprit`: the probability that none of them did it.
    - `before`, `after`: runs of commits older and newer than the range.
    """

    weights: Floats
    no_culprit: float = NO_CULPRIT
    rates: RatePrior = field(default_factory=RatePrior)
    before: Counted = Counted()
    after: Counted = Counted()

    @property
    def places(self) -> int:
        """How many places there are: the suspects, and the one before them."""
        return len(self.weights) + 1


@dataclass(frozen=True, slots=True)
class Trials:
    """Several possible sets of runs at the same places.

    `places`: rising, shape (t,). `failed`, `passed`: a row for each set, shape (sets, t).
    """

    places: Ints
    failed: Floats
    passed: Floats

    @classmethod
    def of(cls, counts: Mapping[int, Counted]) -> "Trials":
        """One set of runs, by place."""
        places = sorted(counts)
        failed = [[counts[place].failed for place in places]]
        passed = [[counts[place].passed for place in places]]
        return cls(
            np.array(places, np.int64), np.array(failed, np.float64), np.array(passed, np.float64)
        )

    def __len__(self) -> int:
        return len(self.failed)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """The probabilities after each set of runs. Rows are sets, columns are suspects.

    - `suspects`: of being the culprit; `before`, `after`: the expected rates if it is.
    - `forms`: of no culprit: earlier, same, later; `rate`: the expected one rate in the range.
    """

    suspects: Floats
    before: Floats
    after: Floats
    forms: Floats
    rate: Floats

    @property
    def no_culprit(self) -> Floats:
        return np.asarray(self.forms.sum(axis=1), np.float64)


def beliefs(prior: ChangePrior, trials: Trials) -> Beliefs:
    """The belief after each set of runs."""
    suspects = len(prior.weights)
    # Suspect j has the evidence of the tested places below j.
    segment = np.searchsorted(trials.places, np.arange(suspects + 2))
    log_evidence, before, after = _evidence_of_segments(prior, trials)
    log_same, same_rate = _evidence_of_one_rate(prior, trials)

    logs = np.column_stack((log_evidence[:, segment], log_same)) + _log_prior(prior)
    logs -= logs.max(axis=1, keepdims=True)
    weights = np.exp(logs)
    weights /= weights.sum(axis=1, keepdims=True)

    forms = weights[:, [0, suspects + 2, suspects + 1]]
    rates = np.column_stack((after[:, 0], same_rate, before[:, -1]))
    total = np.maximum(forms.sum(axis=1), np.finfo(np.float64).tiny)
    inner = segment[1:-1]
    return Beliefs(
        suspects=weights[:, 1 : suspects + 1],
        before=before[:, inner],
        after=after[:, inner],
        forms=forms,
        rate=(forms * rates).sum(axis=1) / total,
    )


def _evidence_of_segments(prior: ChangePrior, trials: Trials) -> tuple[Floats, Floats, Floats]:
    """Log evidence and expected rates of a change after each number of tested places."""
    none = np.zeros((len(trials), 1))
    sides = []
    for counts, old, new in (
        (trials.failed, prior.before.failed, prior.after.failed),
        (trials.passed, prior.before.passed, prior.after.passed),
    ):
        sums = np.cumsum(np.concatenate((none, counts), axis=1), axis=1)
        sides.append((sums + old, sums[:, -1:] - sums + new))
    (failed, failed_after), (passed, passed_after) = sides
    fit = fit_change(
        prior.rates,
        Tally(failed.ravel(), passed.ravel()),
        Tally(failed_after.ravel(), passed_after.ravel()),
    )
    shape = failed.shape
    return fit.log_evidence.reshape(shape), fit.before.reshape(shape), fit.after.reshape(shape)


def _evidence_of_one_rate(prior: ChangePrior, trials: Trials) -> tuple[Floats, Floats]:
    failed = trials.failed.sum(axis=1) + prior.before.failed + prior.after.failed
    passed = trials.passed.sum(axis=1) + prior.before.passed + prior.after.passed
    return fit_one(prior.rates, Tally(failed, passed))


def _log_prior(prior: ChangePrior) -> Floats:
    """Of earlier, each suspect, later, same."""
    earlier, same, later = prior.no_culprit * _FORMS
    culprit = (1 - prior.no_culprit) * prior.weights / prior.weights.sum()
    with np.errstate(divide="ignore"):
        logs: Floats = np.log(np.concatenate(([earlier], culprit, [later, same])))
    return logs

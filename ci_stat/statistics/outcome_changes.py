"""Change points of pass and fail: where the failure rate of a test became another one.

The method of LUCI (Chromium's CI): a history is split where two segments, each with a failure rate
of its own, explain it much better than one. The unknown rates are integrated out (beta-binomial).
"""

from dataclasses import dataclass
from functools import cache
from math import lgamma, log

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

CHANGE_PROBABILITY = 1e-4  # prior odds of a change; LUCI's value
_TAIL = 0.005  # on each side of the 99 % interval
_FAILED_PRIOR = (0.3, 0.5)  # of a run: most tests nearly always pass
_RETRIED_PRIOR = (0.5, 0.5)  # of a retry after a failure


@dataclass(frozen=True, slots=True)
class OutcomeChange:
    """A change point: the first run of the new segment, and its 99 % interval.

    All are places in the history: `earliest` <= `position` <= `latest`.
    """

    position: int
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class History:
    """Runs of one test, oldest first, as columns.

    - `failed`: any attempt failed.
    - `retried`: it failed, and was tried again; `failed_again`: also the last attempt failed.
    - `starts`: whether a run may begin a new segment. Runs of one commit must not be parted.
    """

    failed: Bools
    retried: Bools
    failed_again: Bools
    starts: Bools

    @classmethod
    def of(cls, failed: Bools, starts: Bools | None = None) -> "History":
        """A history without retries. Without `starts`, each run may begin a segment."""
        none = np.zeros(len(failed), np.bool_)
        return cls(failed, none, none, np.ones(len(failed), np.bool_) if starts is None else starts)

    def __len__(self) -> int:
        return len(self.failed)

    def part(self, begin: int, end: int) -> "History":
        columns = (self.failed, self.retried, self.failed_again, self.starts)
        return History(*(column[begin:end] for column in columns))


def outcome_changes(history: History) -> list[OutcomeChange]:
    """Return the change points of a history in their order.

    Source: luci-go, analysis/internal/changepoints/bayesian: priors Beta(0.3, 0.5) and, after
    retries, Beta(0.5, 0.5); the probability of a change is 1e-4; segments are split recursively.
    The interval of a position is between the neighbouring change points.
    """
    positions = list(_positions(history, 0))
    bounds = [0, *positions, len(history)]
    changes = []
    for place, position in enumerate(positions, 1):
        begin, end = bounds[place - 1], bounds[place + 1]
        earliest, latest = _interval(history.part(begin, end))
        changes.append(
            OutcomeChange(
                position,
                min(position, begin + earliest),
                max(position, begin + latest),
            )
        )
    return changes


def _positions(history: History, offset: int) -> list[int]:
    """The change points of a segment that begins at `offset`."""
    if len(history) < 2 or history.failed.all() or not history.failed.any():
        return []  # nothing turns from pass to fail or back
    places, likelihoods = _split_likelihoods(history)
    if not len(places):
        return []
    best = int(np.argmax(likelihoods))
    gain = likelihoods[best] - _likelihood_of_one(history)
    if gain + log(CHANGE_PROBABILITY) <= 0:
        return []

    place = int(places[best])
    before = _positions(history.part(0, place), offset)
    after = _positions(history.part(place, len(history)), offset + place)
    return [*before, offset + place, *after]


def _interval(history: History) -> tuple[int, int]:
    """The 99 % interval of the one change point of a segment, all places being equally likely."""
    places, likelihoods = _split_likelihoods(history)
    weights = np.exp(likelihoods - likelihoods.max())
    reached = np.cumsum(weights / weights.sum())
    earliest = int(np.searchsorted(reached, _TAIL, side="left"))
    latest = int(np.searchsorted(reached, 1 - _TAIL, side="left"))
    return int(places[earliest]), int(places[min(latest, len(places) - 1)])


def _split_likelihoods(history: History) -> tuple[NDArray[np.int64], Floats]:
    """The places where a segment may begin, and the log likelihood of two segments at each."""
    places = np.flatnonzero(history.starts[1:]) + 1
    left, right = _Sums.at(history, places)
    return places, left.likelihood() + right.likelihood()


def _likelihood_of_one(history: History) -> float:
    whole, _ = _Sums.at(history, np.array([len(history)]))
    return float(whole.likelihood()[0])


@dataclass(frozen=True, slots=True)
class _Sums:
    """Counts of segments: runs, failed ones, retried ones, and those that failed again."""

    runs: NDArray[np.int64]
    failed: NDArray[np.int64]
    retried: NDArray[np.int64]
    failed_again: NDArray[np.int64]

    @classmethod
    def at(cls, history: History, places: NDArray[np.int64]) -> tuple["_Sums", "_Sums"]:
        """The sums before each place, and those from it on."""
        columns = (history.failed, history.retried, history.failed_again)
        sums = [np.concatenate(([0], np.cumsum(column))) for column in columns]
        before = cls(places, *(column[places] for column in sums))
        after = cls(len(history) - places, *(column[-1] - column[places] for column in sums))
        return before, after

    def likelihood(self) -> Floats:
        first = _log_likelihood(self.failed, self.runs, _FAILED_PRIOR)
        if not self.retried.any():
            return first
        return first + _log_likelihood(self.failed_again, self.retried, _RETRIED_PRIOR)


def _log_likelihood(
    count: NDArray[np.int64], runs: NDArray[np.int64], prior: tuple[float, float]
) -> Floats:
    """The log probability of a sequence with `count` events in `runs`, over all rates."""
    alpha, beta = prior
    size = 1 << int(runs.max(initial=1)).bit_length()  # few sizes: each table is kept
    events, others = _log_gammas(alpha, size), _log_gammas(beta, size)
    both = _log_gammas(alpha + beta, size)
    of_data = events[count] + others[runs - count] - both[runs]
    return np.asarray(of_data - (events[0] + others[0] - both[0]), np.float64)


@cache
def _log_gammas(offset: float, size: int) -> Floats:
    """The logarithm of gamma at `offset + 0 .. size`."""
    return np.array([lgamma(offset + number) for number in range(size + 1)])

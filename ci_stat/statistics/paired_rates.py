"""How well runs before and after a change fit: all rates that they may have, integrated out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.rate_pairs import Floats, RatePrior, RateTable, log_of, rate_table

Counts = NDArray[np.float64]  # whole numbers, or less where runs of another time count for less


@dataclass(frozen=True, slots=True)
class Fit:
    """How well each row of counts fits a change.

    - `log_evidence`: the log probability of the runs, in their order.
    - `before`, `after`: the expected failure rates, given the runs.
    """

    log_evidence: Floats
    before: Floats
    after: Floats


@dataclass(frozen=True, slots=True)
class Tally:
    """Failed and passed runs; arrays of one shape."""

    failed: Counts
    passed: Counts

    @classmethod
    def one(cls, failed: float, passed: float) -> "Tally":
        """One row."""
        return cls(np.array([failed], np.float64), np.array([passed], np.float64))

    @property
    def most(self) -> int:
        """The largest number of runs of a row."""
        return int(np.ceil(np.max(self.failed + self.passed, initial=0)))

    def row(self, number: int) -> "Tally":
        """One row alone."""
        part = slice(number, number + 1)
        return Tally(self.failed[part], self.passed[part])


def fit_change(prior: RatePrior, before: Tally, after: Tally) -> Fit:
    """The fit of a change between both sides. The tallies are rows of one length."""
    table = rate_table(prior, max(before.most, after.most))
    left, left_scale = _scaled(table, before)
    right, right_scale = _scaled(table, after)
    paired = left @ table.pairs
    total = (paired * right).sum(axis=1)
    lost = np.flatnonzero(total <= 0)
    total[lost] = 1.0

    back = right @ table.pairs.T
    fit = Fit(
        np.log(total) + left_scale + right_scale,
        (left * back) @ table.rates / total,
        (paired * right) @ table.rates / total,
    )
    for row in lost.tolist():
        _fit_in_logs(table, before, after, row, fit)
    return fit


def fit_one(prior: RatePrior, runs: Tally) -> tuple[Floats, Floats]:
    """The log evidence of one rate for all runs of each row, and that rate."""
    table = rate_table(prior, runs.most)
    scaled, scale = _scaled(table, runs)
    total = scaled @ table.one
    return np.log(total) + scale, (scaled * table.rates) @ table.one / total


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of runs: one of each of two commits. `failed_before`, `failed_after`: of each."""

    failed_before: int
    failed_after: int
    pairs: int


def log_evidence_of_pairs(prior: RatePrior, pairs: Pairs, before: Tally, after: Tally) -> float:
    """The log evidence that two commits differ, from pairs of runs.

    `before`, `after`: one row each of earlier runs on both sides. They say which rates to expect;
    they are no evidence.

    If both commits have the same rate, whatever it is, this ever reaches log(1 / p) with a
    probability of p at most, so it may be asked after each pair. Proof: take rates m - d and m + d.
    The likelihood ratio of a pair of runs against m and m has an expectation of (1 - dx)(1 + dx)
    <= 1 if both fail at a rate r, with x = r / m - (1 - r) / (1 - m). So the product of the ratios
    is a supermartingale, and so is its mean over all pairs of rates (Ville's inequality). Source:
    R. J. Turner, A. Ly and P. D. Grünwald, Generic E-variables for exact sequential k-sample tests
    that allow for optional stopping, J. Stat. Plan. Inference 230 (2024).
    """
    table = rate_table(prior, max(pairs.pairs, before.most, after.most))
    failed = np.array([pairs.failed_before, pairs.failed_after], np.float64)
    of_pairs = _log_likelihood(table, Tally(failed, pairs.pairs - failed))
    mean = (table.rates[:, None] + table.rates) / 2
    of_mean = failed.sum() * log_of(mean) + (2 * pairs.pairs - failed.sum()) * log_of(1 - mean)

    expected = _log_pairs_after(table, before, after)
    logs = expected + of_pairs[0][:, None] + of_pairs[1] - of_mean
    return _log_sum(logs) - _log_sum(expected)


def _log_pairs_after(table: RateTable, before: Tally, after: Tally) -> Floats:
    """The log weight of each pair of rates after one row of runs, not normalised."""
    with np.errstate(divide="ignore"):
        logs = np.log(table.pairs)
    logs = logs + _log_likelihood(table, before).T + _log_likelihood(table, after)
    return np.asarray(logs, np.float64)


def _log_sum(logs: Floats) -> float:
    highest = logs.max()
    return float(highest + np.log(np.exp(logs - highest).sum()))


def _log_likelihood(table: RateTable, runs: Tally) -> Floats:
    failed = runs.failed[:, None] * table.log_failed
    return failed + runs.passed[:, None] * table.log_passed


def _scaled(table: RateTable, runs: Tally) -> tuple[Floats, Floats]:
    """The likelihood of each row at each node, divided by its largest value; that logarithm."""
    logs = _log_likelihood(table, runs)
    highest = logs.max(axis=1)
    return np.exp(logs - highest[:, None]), highest


def _fit_in_logs(table: RateTable, before: Tally, after: Tally, row: int, fit: Fit) -> None:
    """Fill a row whose likely rates contradict the prior so much that the sum is 0 for a float."""
    logs = _log_pairs_after(table, before.row(row), after.row(row))
    weights = np.exp(logs - logs.max())
    total = weights.sum()
    fit.log_evidence[row] = np.log(total) + logs.max()
    fit.before[row] = weights.sum(axis=1) @ table.rates / total
    fit.after[row] = weights.sum(axis=0) @ table.rates / total

"""Decides which tests have regressed. Pure.

A regression stays open as long as weaker conditions hold than those that opened it, so that it does
not come and go from day to day. Nothing is stored for that: the last weeks are replayed day by day,
and the same history always gives the same answer, on any machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.discovery import adjusted
from ci_stat.statistics.exact_columns import least_tail_p_values, tail_p_values
from ci_stat.test_results.regressions.thresholds import THRESHOLDS, Thresholds
from ci_stat.test_results.regressions.window_counts import Side

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Judged:
    """One value a series.

    - `is_open`: a regression now. `is_new`: of a test that was new when it opened.
    - `opened`: the step at which it opened; -1 if it is closed.
    - `basis`: the counts with which it is compared: of an open one, those when it opened.
    - `p_value`: of the one-sided test against `basis`; 1 for new tests.
    - `compared`: series that the last step compared with a baseline; `as_new`: judged as new.
    - `too_few`: series with runs in the window, but too few to judge.
    """

    is_open: Flags
    is_new: Flags
    opened: NDArray[np.int64]
    sample: Side
    basis: Side
    p_value: Floats
    compared: int
    as_new: int
    too_few: int


def judge(steps: Iterable[tuple[Side, Side]], thresholds: Thresholds = THRESHOLDS) -> Judged:
    """Replay the (sample, basis) counts of each day, oldest first. There must be one at least.

    A regression keeps the baseline of the day on which it opened: otherwise it would become its
    own baseline within weeks, and look like progress.
    """
    state: _State | None = None
    sample = basis = None
    for number, (sample, basis) in enumerate(steps):
        state = state or _State.closed(len(sample.runs))
        state.step(number, sample, basis, thresholds)
    assert state is not None
    assert sample is not None
    assert basis is not None
    return state.judged(sample, basis, thresholds)


@dataclass(slots=True)
class _State:
    is_open: Flags
    is_new: Flags
    opened: NDArray[np.int64]
    basis: Side

    @classmethod
    def closed(cls, series: int) -> "_State":
        none, zeros = np.zeros(series, np.bool_), np.zeros(series, np.int64)
        basis = Side(zeros.copy(), zeros.copy())
        return cls(none.copy(), none.copy(), np.full(series, -1), basis)

    def step(self, number: int, sample: Side, basis: Side, thresholds: Thresholds) -> None:
        is_new = basis.runs < thresholds.new_runs
        fails = np.where(
            is_new,
            _opens_as_new(sample, thresholds),
            _opens(sample, basis, ~is_new, thresholds),
        )
        opens = ~self.is_open & fails
        closes = self.is_open & ~self._stays(sample, thresholds)

        self.is_open = (self.is_open & ~closes) | opens
        self.opened = np.where(opens, number, np.where(self.is_open, self.opened, -1))
        self.is_new = np.where(opens, is_new, self.is_new & self.is_open)
        self.basis = Side(
            np.where(opens, np.where(is_new, 0, basis.failed), self.basis.failed),
            np.where(opens, np.where(is_new, 0, basis.runs), self.basis.runs),
        )

    def _stays(self, sample: Side, thresholds: Thresholds) -> Flags:
        """Whether an open regression stays open. A test that did not run stays what it was."""
        is_lower = sample.rate - self.basis.rate > thresholds.close_drop
        asked = self.is_open & ~self.is_new & is_lower
        is_sure = _p_values(sample, self.basis, asked) <= thresholds.close_level
        stays = (sample.runs == 0) | (is_lower & (self.is_new | is_sure))
        return np.asarray(stays, np.bool_)

    def judged(self, sample: Side, basis: Side, thresholds: Thresholds) -> Judged:
        shown = Side(
            np.where(self.is_open, self.basis.failed, basis.failed),
            np.where(self.is_open, self.basis.runs, basis.runs),
        )
        has_runs = sample.runs > 0
        is_new = basis.runs < thresholds.new_runs
        enough = sample.runs >= thresholds.new_runs
        return Judged(
            is_open=self.is_open,
            is_new=self.is_new,
            opened=self.opened,
            sample=sample,
            basis=shown,
            p_value=_p_values(sample, shown, self.is_open & ~self.is_new),
            compared=int((has_runs & ~is_new).sum()),
            as_new=int((has_runs & is_new & enough).sum()),
            too_few=int((has_runs & is_new & ~enough).sum()),
        )


def _opens_as_new(sample: Side, thresholds: Thresholds) -> Flags:
    enough = (sample.runs >= thresholds.new_runs) & (sample.failed >= thresholds.failures)
    return np.asarray(enough & (sample.rate > thresholds.open_drop), np.bool_)


def _opens(sample: Side, basis: Side, asked: Flags, thresholds: Thresholds) -> Flags:
    """Which of the series that are `asked` about fail more often than their baseline."""
    q_values, p_values = _q_values(sample, basis, asked, thresholds.open_level)
    is_large = sample.rate - basis.rate > thresholds.open_drop
    is_sure = (p_values <= thresholds.open_level) & (q_values <= thresholds.false_share)
    return np.asarray(is_large & is_sure & (sample.failed >= thresholds.failures), np.bool_)


def _q_values(sample: Side, basis: Side, asked: Flags, level: float) -> tuple[Floats, Floats]:
    """q-values (Benjamini and Hochberg) and p-values; 1 for series that are not compared.

    A series whose failures, however they fall, could not be significant is no comparison (Gilbert).
    """
    total = sample.failed + basis.failed
    family = asked & (total > 0) & (sample.runs > 0)
    places = np.flatnonzero(family)
    least = least_tail_p_values(total[places], sample.runs[places], basis.runs[places])
    family[places[least > level]] = False

    p_values = _p_values(sample, basis, family)
    q_values = np.ones(len(p_values))
    q_values[family] = adjusted(p_values[family].tolist())
    return q_values, p_values


def _p_values(sample: Side, basis: Side, asked: Flags) -> Floats:
    """The one-sided p-values of the series that are asked about; 1 for the others."""
    p_values = np.ones(len(asked))
    places = np.flatnonzero(asked & (sample.runs > 0) & (basis.runs > 0))
    if len(places):
        sides = (sample.failed, sample.runs, basis.failed, basis.runs)
        p_values[places] = tail_p_values(*(side[places] for side in sides))
    return p_values

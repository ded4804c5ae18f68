"""Decides which runs and results say nothing about flaky tests, and counts them by reason. Pure.

docs/flaky-tests.md has the rules in words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.mass_failures import mass_failures, runs_of_outages
from ci_stat.test_results.flakiness.partial_runs import partial_runs
from ci_stat.test_results.flakiness.run_columns import RunColumns
from ci_stat.test_results.flakiness.steady import steady_failures

Flags = NDArray[np.bool_]


class RunState(IntEnum):
    """Why a run does not count."""

    COUNTS = 0
    INCOMPLETE = 1
    """A result file is not whole, or there is no result."""
    PARTIAL = 2
    """Far fewer tests than usual, and no retry of failed ones."""
    MASS_FAILURE = 3
    """Many tests failed at once."""
    OUTAGE = 4
    """It started while several jobs had mass failures."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How much was left out, by reason; each run has one. `runs`: all runs, counted or not.

    - `outages`: windows of time; `outage_runs`: their runs without the mass failures.
    - `steady_results`: results that are part of a steady failure; `steady_tests`: their tests.
    """

    runs: int = 0
    incomplete: int = 0
    partial: int = 0
    mass_failures: int = 0
    outages: int = 0
    outage_runs: int = 0
    steady_results: int = 0
    steady_tests: int = 0

    @property
    def total_runs(self) -> int:
        """Runs that do not count."""
        return self.incomplete + self.partial + self.mass_failures + self.outage_runs

    @property
    def counted_runs(self) -> int:
        return self.runs - self.total_runs


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What does not count.

    - `states`: one a run, in the order of the runs; values of `RunState`.
    - `steady`: one a row of `Ends`: whether it is part of a steady failure.
    - `counted`: one a row of `Ends`: whether the row counts.
    """

    states: NDArray[np.int8]
    steady: Flags
    counted: Flags
    left_out: LeftOut

    @property
    def counted_runs(self) -> Flags:
        """One a run: whether it counts."""
        return np.equal(self.states, RunState.COUNTS)


def find_exclusions(
    runs: Sequence[StoredRun], ends: Ends, incomplete: Collection[int] = ()
) -> Exclusions:
    """Judge the runs of a window, and the rows of `ends`.

    `incomplete`: ids of the runs with a result file that is not whole
    (`store.results.whole.incomplete_runs` reads them).
    """
    columns = RunColumns.of(runs)
    states = np.zeros(len(runs), np.int8)
    is_cut = np.isin([run.id for run in runs], list(incomplete))
    is_cut |= np.bincount(ends.run, minlength=len(runs)) == 0
    states[is_cut] = RunState.INCOMPLETE
    states[partial_runs(columns, ends, states == RunState.COUNTS)] = RunState.PARTIAL

    steady = steady_failures(columns, ends, states == RunState.COUNTS)
    masses = mass_failures(columns, ends, states == RunState.COUNTS, steady)
    in_outage, outages = runs_of_outages(columns, masses)
    states[masses] = RunState.MASS_FAILURE
    states[in_outage & (states == RunState.COUNTS)] = RunState.OUTAGE

    counts = (states == RunState.COUNTS)[ends.run]
    steady &= counts
    left_out = _left_out(states, outages, ends.case[steady])
    return Exclusions(states, steady, counts & ~steady, left_out)


def _left_out(states: NDArray[np.int8], outages: int, steady_cases: NDArray[np.int64]) -> LeftOut:
    runs = np.bincount(states, minlength=len(RunState)).tolist()
    return LeftOut(
        runs=len(states),
        incomplete=runs[RunState.INCOMPLETE],
        partial=runs[RunState.PARTIAL],
        mass_failures=runs[RunState.MASS_FAILURE],
        outages=outages,
        outage_runs=runs[RunState.OUTAGE],
        steady_results=len(steady_cases),
        steady_tests=len(np.unique(steady_cases)),
    )

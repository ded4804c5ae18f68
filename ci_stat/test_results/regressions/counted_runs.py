"""Decides which runs are compared: the rules of flaky tests, except for what stays broken. Pure."""

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.exclusions import RunState, find_exclusions
from ci_stat.test_results.flakiness.mass_failures import SPAN, runs_of_outages
from ci_stat.test_results.flakiness.run_columns import RunColumns
from ci_stat.test_results.flakiness.steady import STEADY
from ci_stat.test_results.regressions.model import LeftOutRuns

Flags = NDArray[np.bool_]


def counted_runs(
    runs: Sequence[StoredRun], ends: Ends, incomplete: Collection[int]
) -> tuple[Flags, LeftOutRuns]:
    """Return whether each run counts, and how many do not, by reason.

    Steady failures count: they are what a regression looks like. So do mass failures of at least
    4 runs in a row, over more than 2 hours: a change that broke many tests, and no accident.
    """
    columns = RunColumns.of(runs)
    states = find_exclusions(runs, ends, incomplete).states
    is_whole = ~np.isin(states, (RunState.INCOMPLETE, RunState.PARTIAL))
    masses = states == RunState.MASS_FAILURE
    masses &= ~_lasting(columns, masses, is_whole)
    in_outage = runs_of_outages(columns, masses)[0] & is_whole & ~masses

    left_out = LeftOutRuns(
        incomplete=int((states == RunState.INCOMPLETE).sum()),
        partial=int((states == RunState.PARTIAL).sum()),
        mass_failures=int(masses.sum()),
        outages=int(in_outage.sum()),
    )
    return is_whole & ~masses & ~in_outage, left_out


def _lasting(columns: RunColumns, masses: Flags, is_whole: Flags) -> Flags:
    """Whether each mass failure is one of a long row in its job, branch and labels."""
    lasting = np.zeros(len(masses), np.bool_)
    places = np.flatnonzero(is_whole)
    places = places[np.lexsort((columns.order[places], columns.line[places]))]
    if not len(places):
        return lasting
    lines, is_mass = columns.line[places], masses[places]
    differs = (lines[1:] != lines[:-1]) | (is_mass[1:] != is_mass[:-1])
    begins = [0, *(np.flatnonzero(differs) + 1).tolist()]
    for begin, end in pairwise([*begins, len(places)]):
        row = places[begin:end]
        span = columns.started[row[-1]] - columns.started[row[0]]
        lasting[row] = is_mass[begin] and len(row) >= STEADY and span > SPAN
    return lasting

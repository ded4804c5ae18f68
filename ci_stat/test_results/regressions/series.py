"""Series: the results of one test in one lane. A lane is a job with a branch and labels.

Runs of different lanes are never mixed: a test may fail with one entry of a matrix only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.flakiness.model import DefaultBranch


@dataclass(frozen=True, slots=True)
class Lane:
    """`labels`: as JSON text."""

    repo: str
    job: str
    branch: str
    labels: str


@dataclass(frozen=True, slots=True)
class ChosenRuns:
    """Runs that are compared, oldest first, and how many are not.

    `pulls`: of pull requests. `other_branches`: of other branches. `repeated`: later attempts.
    """

    runs: tuple[StoredRun, ...]
    pulls: int = 0
    other_branches: int = 0
    repeated: int = 0


def choose_runs(runs: Sequence[StoredRun], branch: DefaultBranch) -> ChosenRuns:
    """Return the runs that count for rates, as `tests flaky` has them.

    Runs of pull requests test changes that nobody has accepted yet, and later attempts run because
    something failed.
    """
    own = [run for run in runs if run.info.pull is None]
    on_branch = [run for run in own if run.info.branch in branch.names.get(run.info.repo, ())]
    chosen = tuple(run for run in on_branch if branch.has(run))
    return ChosenRuns(
        runs=chosen,
        pulls=len(runs) - len(own),
        other_branches=len(own) - len(on_branch),
        repeated=len(on_branch) - len(chosen),
    )


@dataclass(frozen=True, slots=True)
class SeriesTable:
    """All series of some runs.

    - `lanes`, `lane`, `case`: the lanes; the lane (a place in `lanes`) and the test of each series.
    - `rows`: places of the rows of `Ends` that count, by series, then in the order of runs.
    - `series`: the series of each of these rows.
    """

    lanes: tuple[Lane, ...]
    lane: NDArray[np.int64]
    case: NDArray[np.int64]
    rows: NDArray[np.int64]
    series: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.case)

    def rows_of(self, series: int) -> NDArray[np.int64]:
        """The rows of one series, oldest first."""
        begin, end = np.searchsorted(self.series, [series, series + 1])
        return self.rows[begin:end]


def series_table(runs: Sequence[StoredRun], ends: Ends, counted: NDArray[np.bool_]) -> SeriesTable:
    """Group the rows that count by lane and test. `counted`: one a row. Skipped tests never do.

    `runs` are in the order of time.
    """
    lane_of_run, lanes = lanes_of(runs)
    rows = np.flatnonzero(counted & ends.is_finished)
    # Tests numbered from 0, so that a lane and a test are one number: much faster than pairs.
    cases, case = np.unique(ends.case, return_inverse=True)
    keys, series = np.unique(
        lane_of_run[ends.run[rows]] * len(cases) + case[rows], return_inverse=True
    )
    order = np.argsort(series, kind="stable")  # rows are in the order of runs
    count = max(1, len(cases))
    return SeriesTable(lanes, keys // count, cases[keys % count], rows[order], series[order])


def lanes_of(runs: Sequence[StoredRun]) -> tuple[NDArray[np.int64], tuple[Lane, ...]]:
    """The lane of each run, as a place among the lanes."""
    places: dict[Lane, int] = {}
    lane_of_run = [
        places.setdefault(
            Lane(run.info.repo, run.info.job, run.info.branch, run.info.label_text), len(places)
        )
        for run in runs
    ]
    return np.array(lane_of_run, np.int64), tuple(places)

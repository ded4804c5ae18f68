"""Series: the results of one test in one lane. A lane is a job with a branch and labels.

Runs of different lanes are never mixed: a test may fail with one entry of a matrix only.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun

_USUAL = ("main", "master", "trunk")


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

    `pulls`: of pull requests. `other_branches`: of other branches.
    """

    runs: tuple[StoredRun, ...]
    pulls: int = 0
    other_branches: int = 0


def choose_runs(runs: Sequence[StoredRun], branches: Sequence[str]) -> ChosenRuns:
    """Return the runs of `branches`; without them those of each repository's main branch.

    Runs of pull requests test changes that nobody has accepted yet. The main branch is the one with
    most runs outside of pull requests; of equal ones, `main`, `master` or `trunk`.
    """
    own = [run for run in runs if run.info.pull is None]
    if branches:
        chosen = [run for run in own if run.info.branch in branches]
    else:
        main = _main_branches(own)
        chosen = [run for run in own if run.info.branch == main[run.info.repo]]
    return ChosenRuns(tuple(chosen), len(runs) - len(own), len(own) - len(chosen))


def _main_branches(runs: Sequence[StoredRun]) -> dict[str, str]:
    return main_branches(Counter((run.info.repo, run.info.branch) for run in runs))


def main_branches(counts: Mapping[tuple[str, str], int]) -> dict[str, str]:
    """The main branch of each repository, from the runs of each repository and branch."""

    def order(pair: tuple[str, str]) -> tuple[bool, int, bool, str]:
        name = pair[1]
        return bool(name), counts[pair], name in _USUAL, name

    return dict(sorted(counts, key=order))  # the last one of a repository stays


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

"""What the judgements need of runs, as columns of numbers: one value a run."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.store.results.read import StoredRun

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RunColumns:
    """Equal numbers are equal values.

    - `group`: repository, job and label set.
    - `commit`: group and commit. A run without a commit is only equal to itself.
    - `line`: group, and branch or pull request.
    - `job`: repository and job.
    - `revision`: repository and commit, whatever the job.
    - `started`: milliseconds since 1970.
    - `order`: the place of the run in time; runs of one moment by their number.
    """

    group: Numbers
    commit: Numbers
    line: Numbers
    job: Numbers
    revision: Numbers
    started: Numbers
    order: Numbers

    @classmethod
    def of(cls, runs: Sequence[StoredRun]) -> "RunColumns":
        """Columns of runs in any order."""
        started = np.array([round(run.started.timestamp() * 1000) for run in runs], np.int64)
        ids = np.array([run.id for run in runs], np.int64)
        order = np.empty(len(runs), np.int64)
        order[np.lexsort((ids, started))] = np.arange(len(runs))
        return cls(
            group=numbered(map(group_of, runs)),
            commit=numbered(map(_commit, runs)),
            line=numbered((*group_of(run), run.info.branch, run.info.pull) for run in runs),
            job=numbered((run.info.repo, run.info.job) for run in runs),
            revision=numbered((run.info.repo, run.info.commit or run.id) for run in runs),
            started=started,
            order=order,
        )


def group_of(run: StoredRun) -> tuple[str, str, str]:
    """Repository, job, and labels as JSON."""
    return (run.info.repo, run.info.job, run.info.label_text)


def _commit(run: StoredRun) -> tuple[Hashable, ...]:
    return (*group_of(run), run.info.commit or run.id)


def numbered(values: Iterable[Hashable]) -> Numbers:
    """Number values from 0 in the order in which they are first seen."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)

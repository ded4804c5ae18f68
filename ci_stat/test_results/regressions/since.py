"""Finds since when a test fails more often. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.statistics.outcome_changes import History, OutcomeChange, outcome_changes
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.regressions.model import FailureChange, Since

Rows = NDArray[np.int64]


def history_of(runs: Sequence[StoredRun], ends: Ends, rows: Rows) -> History:
    """The outcomes of one test, oldest first. Neighbouring runs of one commit stay together."""
    commits = [runs[place].info.commit for place in ends.run[rows].tolist()]
    starts = [not commit or commit != earlier for earlier, commit in pairwise(["", *commits])]
    failed = ends.failed[rows]
    retried = failed & (ends.attempts[rows] > 1)
    failed_again = retried & ends.is_failed[rows]
    return History(failed, retried, failed_again, np.array(starts, np.bool_))


def failure_change(runs: Sequence[StoredRun], ends: Ends, rows: Rows) -> FailureChange | None:
    """Return the change that made a test fail; None if its failures have no clear begin.

    Of the rises since the failure rate last fell, the largest one counts. If a fall is the last
    change of all, it is the end of what the rises before it began.
    """
    history = history_of(runs, ends, rows)
    changes = outcome_changes(history)
    steps = _steps(history, changes)
    if not any(step.is_rise for step in steps):
        return None

    last_rise = max(place for place, step in enumerate(steps) if step.is_rise)
    fall_before = max((at for at in range(last_rise) if not steps[at].is_rise), default=-1)
    rises = steps[fall_before + 1 : last_rise + 1]
    largest = max(rises, key=lambda step: step.after - step.before)
    ended = steps[last_rise + 1] if last_rise + 1 < len(steps) else None
    run_places = ends.run[rows]
    return FailureChange(
        since=since_of(runs, run_places, largest.change),
        before=largest.before,
        after=largest.after,
        ended=since_of(runs, run_places, ended.change) if ended else None,
        is_again=any(step.is_rise for step in steps[: fall_before + 1]),
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """A change point with the failure rates of both segments."""

    change: OutcomeChange
    before: float
    after: float

    @property
    def is_rise(self) -> bool:
        return self.after > self.before


def _steps(history: History, changes: Sequence[OutcomeChange]) -> list[_Step]:
    bounds = [0, *(change.position for change in changes), len(history)]
    rates = [float(history.failed[begin:end].mean()) for begin, end in pairwise(bounds)]
    return [
        _Step(change, before, after)
        for change, (before, after) in zip(changes, pairwise(rates), strict=True)
    ]


def since_of(
    runs: Sequence[StoredRun], run_places: NDArray[np.int32], change: OutcomeChange
) -> Since:
    """The runs of a change point. `run_places`: of the history, in `runs`."""
    return Since(
        last_before=runs[run_places[change.earliest - 1]],
        first=runs[run_places[change.position]],
        latest=runs[run_places[change.latest]],
    )

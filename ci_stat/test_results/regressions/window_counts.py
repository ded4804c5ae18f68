"""Counts failures and runs of all series in windows that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.regressions.series import SeriesTable

Counts = NDArray[np.int64]

STEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Side:
    """Failed and finished runs of each series in one window."""

    failed: Counts
    runs: Counts

    @property
    def rate(self) -> NDArray[np.float64]:
        """The share of failed runs; 0 without runs."""
        return np.asarray(self.failed / np.maximum(self.runs, 1), np.float64)


@dataclass(frozen=True, slots=True)
class Periods:
    """A window that ends at `end`, and the baseline before it."""

    end: datetime
    window: timedelta
    baseline: timedelta

    @property
    def begin(self) -> datetime:
        """Where the window begins and the baseline ends."""
        return self.end - self.window

    @property
    def baseline_begin(self) -> datetime:
        return self.begin - self.baseline

    def replayed(self) -> list["Periods"]:
        """The same periods, ended on each day of as long a time as the baseline; oldest first."""
        days = -(-self.baseline // STEP)
        return [
            Periods(self.end - STEP * back, self.window, self.baseline)
            for back in range(days, -1, -1)
        ]


class WindowCounts:
    """Counts of any of `all_periods`, from one pass over the rows."""

    def __init__(
        self,
        runs: Sequence[StoredRun],
        ends: Ends,
        table: SeriesTable,
        all_periods: Sequence[Periods],
    ) -> None:
        edges = {
            edge
            for periods in all_periods
            for edge in (periods.baseline_begin, periods.begin, periods.end)
        }
        self._place = {edge: place for place, edge in enumerate(sorted(edges))}
        starts = np.array([run.started.timestamp() for run in runs], np.float64)
        times = [edge.timestamp() for edge in sorted(edges)]
        # Bucket n holds what began before edge n, and not before edge n - 1.
        bucket = np.searchsorted(times, starts, side="right")
        cells = table.series * (len(times) + 1) + bucket[ends.run[table.rows]]
        shape = (len(table), len(times) + 1)
        is_failed = ends.is_failed[table.rows]
        self._failed = np.cumsum(_counted(cells[is_failed], shape), axis=1)
        self._runs = np.cumsum(_counted(cells, shape), axis=1)

    def sample(self, periods: Periods) -> Side:
        return self._between(periods.begin, periods.end)

    def basis(self, periods: Periods) -> Side:
        return self._between(periods.baseline_begin, periods.begin)

    def _between(self, begin: datetime, end: datetime) -> Side:
        first, last = self._place[begin], self._place[end]
        return Side(
            self._failed[:, last] - self._failed[:, first],
            self._runs[:, last] - self._runs[:, first],
        )


def _counted(cells: Counts, shape: tuple[int, int]) -> Counts:
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.int64)

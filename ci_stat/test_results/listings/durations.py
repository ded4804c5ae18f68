"""Median, 95th percentile and total time of each test, from columns. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import Ends

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Durations:
    """One value a test, in seconds. Percentiles are values that occurred (nearest rank)."""

    case: NDArray[np.int64]
    runs: NDArray[np.int64]
    p50: NDArray[np.float32]
    p95: NDArray[np.float32]
    total: NDArray[np.float64]


def durations(ends: Ends, counted: Flags) -> Durations:
    """Durations of the rows that count, have a time, and did not skip the test."""
    rows = np.flatnonzero(counted & ends.is_finished & ~np.isnan(ends.seconds))
    rows = rows[np.lexsort((ends.seconds[rows], ends.case[rows]))]
    seconds = ends.seconds[rows]
    cases, begins, runs = np.unique(ends.case[rows], return_index=True, return_counts=True)
    if not len(cases):
        return Durations(cases, runs, seconds, seconds, seconds.astype(np.float64))
    return Durations(
        case=cases,
        runs=runs,
        p50=seconds[begins + _rank(0.50, runs)],
        p95=seconds[begins + _rank(0.95, runs)],
        total=np.add.reduceat(seconds, begins, dtype=np.float64),
    )


def _rank(share: float, runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of a percentile among sorted values."""
    return np.ceil(np.round(share * runs, 9)).astype(np.int64) - 1

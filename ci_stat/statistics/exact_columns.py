"""Fisher's one-sided test for columns of tables: many comparisons at once."""

import numpy as np
from numpy.typing import NDArray

from ci_stat.statistics.exact import tail_p

Counts = NDArray[np.int64]


def tail_p_values(
    count: Counts, runs: Counts, other_count: Counts, other_runs: Counts
) -> NDArray[np.float64]:
    """The probability of `count` or more of all failures on the first side, for each row.

    Equal rows are computed once: of thousands of tests most have the same counts.
    """
    tables = np.stack((count, runs, other_count, other_runs), axis=1)
    different, place = np.unique(tables, axis=0, return_inverse=True)
    values = np.array([tail_p(*table) for table in different.tolist()], np.float64)
    return values[place.reshape(-1)]


def least_tail_p_values(total: Counts, runs: Counts, other_runs: Counts) -> NDArray[np.float64]:
    """The smallest `tail_p_values` that so many failures of both sides together can have."""
    most = np.minimum(total, runs)
    return tail_p_values(most, runs, total - most, other_runs)

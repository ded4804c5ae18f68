"""Cuts single extreme values of a series, and keeps shifts of its level (Hampel's filter)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SIDE = 5  # values before and after, whose median is the local level
_SCALES = 4.0  # so many standard deviations from the local level is extreme
_NORMAL = 1.4826  # standard deviations in a median absolute deviation of normal noise


def without_outliers(series: Floats) -> Floats:
    """Return positive values with extreme ones moved towards the median of their neighbours.

    Distances are ratios. A series of which most values equal their neighbours has no scale, and is
    returned unchanged. Source: F. R. Hampel, The influence curve and its role in robust
    estimation, JASA 69 (1974); R. K. Pearson, IEEE Trans. Control Syst. Technol. 10 (2002).
    """
    if len(series) <= 2 * _SIDE:
        return series
    logs = np.log(series)
    padded = np.pad(logs, _SIDE, mode="reflect")
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, 2 * _SIDE + 1)
    level = np.partition(neighbours, _SIDE, axis=1)[:, _SIDE]
    distance = logs - level
    limit = _SCALES * _NORMAL * float(np.median(np.abs(distance)))
    if limit <= 0:
        return series
    return np.asarray(np.exp(level + np.clip(distance, -limit, limit)), np.float64)

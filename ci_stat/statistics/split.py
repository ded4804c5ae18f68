"""Whether failures on one side of a comparison can be chance (Fisher's exact test, one-sided)."""

from ci_stat.statistics.exact import tail_p


def chance_all_here(failed_here: int, runs_here: int, failed_there: int, runs_there: int) -> float:
    """Return the probability of so many failures on this side if both sides fail equally often.

    The total of failures is given, and each run is equally likely to be one of them: 1.0 without
    failures here, and small if nearly all failures are here although most runs are there.
    """
    tail = tail_p(failed_here, runs_here, failed_there, runs_there)
    return float(f"{tail:.10g}")  # logarithms are not exact: 1 of 100 must be 0.01


def runs_needed(failed_here: int, runs_here: int, level: float) -> int:
    """Return how many runs without a failure there make the failures here no chance.

    `level`: the highest probability that counts as no chance.
    """
    low, high = 0, 1
    while chance_all_here(failed_here, runs_here, 0, high) > level:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if chance_all_here(failed_here, runs_here, 0, middle) > level:
            low = middle
        else:
            high = middle
    return high

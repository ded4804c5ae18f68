"""The exact test of two rates: Fisher's, and the mid-p variant."""

from math import exp, lgamma

_NEGLIGIBLE = 1e-17  # of a sum of probabilities: below the precision of a float


def tail_p(count: int, runs: int, other_count: int, other_runs: int) -> float:
    """The one-sided p-value of `count` or more of all failures on the first side (Fisher)."""
    total = count + other_count
    if count <= max(0, total - other_runs):
        return 1.0  # fewer are impossible
    probability = exp(_log_probability(count, runs, other_runs, total))
    tail = _tail(count, runs, other_runs, total, step=1) + probability / 2
    return min(1.0, tail)


def mid_p(count: int, runs: int, other_count: int, other_runs: int) -> float:
    """The two-sided p-value that `count` of `runs` and `other_count` of `other_runs` have one rate.

    Twice the smaller tail of the hypergeometric distribution, of which the observed table counts
    half; at most 1. The mid-p value keeps its level closely, where Fisher's own test stays far
    below it with the small counts of failures. Sources: H. O. Lancaster, Significance tests in
    discrete distributions, JASA 56 (1961), 223-234; A. Agresti, Categorical Data Analysis (2002),
    section 3.5. 1.0 if one side has no runs.
    """
    total = count + other_count
    if runs <= 0 or other_runs <= 0 or total in (0, runs + other_runs):
        return 1.0

    expected = total * runs / (runs + other_runs)
    step = 1 if count > expected else -1
    tail = _tail(count, runs, other_runs, total, step)
    return min(1.0, 2 * min(tail, 1 - tail))


def least_p(total: int, runs: int, other_runs: int) -> float:
    """The smallest `mid_p` that `total` failures in so many runs can have.

    A comparison whose smallest value lies above the level can never be decided, so it does not
    belong to the comparisons that are corrected for their number. This is valid because the total
    says nothing about the difference. Source: P. B. Gilbert, A modified false discovery rate
    multiple-comparisons procedure for discrete data, Applied Statistics 54 (2005), 143-158.
    """
    most, fewest = min(total, runs), max(0, total - other_runs)
    extremes = (most, fewest)
    return min(mid_p(count, runs, total - count, other_runs) for count in extremes)


def _tail(count: int, runs: int, other_runs: int, total: int, step: int) -> float:
    """Half the probability of `count`, and that of all counts beyond it in direction `step`."""
    probability = exp(_log_probability(count, runs, other_runs, total))
    tail = probability / 2
    end = min(total, runs) if step > 0 else max(0, total - other_runs)
    for at in range(count, end, step):
        probability *= _ratio(at, runs, other_runs, total, step)
        tail += probability
        if probability < _NEGLIGIBLE * tail:
            break
    return tail


def _ratio(at: int, runs: int, other_runs: int, total: int, step: int) -> float:
    """The probability of `at + step` divided by that of `at`."""
    if step > 0:
        return (runs - at) * (total - at) / ((at + 1) * (other_runs - total + at + 1))
    return at * (other_runs - total + at) / ((runs - at + 1) * (total - at + 1))


def _log_probability(count: int, runs: int, other_runs: int, total: int) -> float:
    """The logarithm of the hypergeometric probability of `count`."""
    of_both = _log_choose(runs, count) + _log_choose(other_runs, total - count)
    return of_both - _log_choose(runs + other_runs, total)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

"""Whether a rate is below a target, decided while runs arrive: the look after each run is free.

A fixed test that is repeated after each run errs far more often than its level says. Here two
tests run beside each other, one for each answer:

- "the rate is at least the target" is rejected: the answer is BELOW;
- "the rate is at most the target" is rejected: the answer is ABOVE.

Both hypotheses follow from the target alone, so nobody has to name a second rate, and both answers
are true statements about the target. In exchange a rate close to the target stays undecided for
long: the caller limits the number of runs.

Each test rejects when the runs are 1 / (1 - level) times as likely under a mixture of rates on the
other side of the target as at the target. Under its hypothesis that ratio is a nonnegative
supermartingale, so it ever reaches the limit with probability 1 - level at most (Ville). The
mixture is Jeffreys' prior, restricted to its side. Sources: J. Ville, Étude critique de la notion
de collectif (1939); H. Robbins, Statistical methods related to the law of the iterated logarithm,
Annals of Mathematical Statistics 41 (1970), 1397-1409.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from math import inf, log, log1p

from ci_stat.statistics.beta import crossing, incomplete_beta, log_beta
from ci_stat.statistics.intervals import Interval
from ci_stat.statistics.proportions import LEVEL

_PRIOR = 0.5  # both parameters of Jeffreys' prior


class Answer(StrEnum):
    """Whether the rate is below the target."""

    BELOW = "below"
    ABOVE = "above"  # or equal to it
    UNDECIDED = "undecided"


def decide(count: int, runs: int, target: float, level: float = LEVEL) -> Answer:
    """The answer after so many runs. It may be asked after each run; the first answer stands.

    Each wrong answer has a probability of 1 - `level` at most, however often it is asked.
    `target`: above 0 and below 1.
    """
    limit = -log1p(-level)
    if log_evidence_below(count, runs, target) >= limit:
        return Answer.BELOW
    if log_evidence_below(runs - count, runs, 1 - target) >= limit:
        return Answer.ABOVE
    return Answer.UNDECIDED


def log_evidence_below(count: int, runs: int, target: float) -> float:
    """The logarithm of how much likelier the runs are at rates below the target than at it."""
    mass = incomplete_beta(_PRIOR, _PRIOR, target, 1 - target)
    after = incomplete_beta(count + _PRIOR, runs - count + _PRIOR, target, 1 - target)
    if after <= 0:
        return -inf
    mixed = log_beta(count + _PRIOR, runs - count + _PRIOR) - log_beta(_PRIOR, _PRIOR)
    at_target = count * log(target) + (runs - count) * log1p(-target)
    return mixed + log(after) - log(mass) - at_target


@cache
def always_upper(count: int, runs: int, level: float = LEVEL) -> float:
    """A one-sided upper bound of the rate that holds after all runs at once; 1.0 without runs.

    It is below a target exactly when `decide` answers BELOW.
    """
    if runs <= 0 or count >= runs:
        return 1.0
    limit = -log1p(-level)

    def is_rejected(rate: float) -> bool:
        return rate >= 1 or log_evidence_below(count, runs, rate) >= limit

    return crossing(is_rejected, count / runs, 1.0)


def always_lower(count: int, runs: int, level: float = LEVEL) -> float:
    """A one-sided lower bound of the rate that holds after all runs at once; 0.0 without runs."""
    return 1 - always_upper(runs - count, runs, level)


def always_interval(count: int, runs: int, level: float = LEVEL) -> Interval:
    """A two-sided interval that holds after all runs at once (a confidence sequence)."""
    of_side = (1 + level) / 2
    return Interval(always_lower(count, runs, of_side), always_upper(count, runs, of_side))


@cache
def fewest_runs(target: float, failures: int = 0, level: float = LEVEL) -> int:
    """The runs after which the answer is BELOW if only `failures` of them fail.

    `target`: above 0 and below 1.
    """
    low, high = failures, failures + 1
    while decide(failures, high, target, level) is not Answer.BELOW:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if decide(failures, middle, target, level) is Answer.BELOW:
            high = middle
        else:
            low = middle
    return high


def first_answer(
    failures: Iterable[bool], target: float, level: float = LEVEL
) -> tuple[Answer, int]:
    """The first answer, and after how many runs it came. `failures`: whether each run failed.

    The order must not depend on the outcomes: by begin of the runs, not by end, because failed runs
    often end sooner. Without an answer, UNDECIDED and the number of all runs.
    """
    count = runs = 0
    for failed in failures:
        count += failed
        runs += 1
        answer = decide(count, runs, target, level)
        if answer is not Answer.UNDECIDED:
            return answer, runs
    return Answer.UNDECIDED, runs

"""What is believed before the first run: by clues, by the history of the test, inside a merge."""

from collections.abc import Sequence

import numpy as np

from ci_stat.commit_tests.culprit.clues import Suspect
from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.model import CommitRange, RateHistory, Rules
from ci_stat.statistics.change_belief import ChangePrior, Counted
from ci_stat.statistics.rate_pairs import Direction, RatePrior

MOST_HISTORY = 100.0  # runs: older ones ran on other machines, with other tools
_NO_CULPRIT_INSIDE = 0.02  # the merge itself is a suspect


def prior_of(suspects: Sequence[Suspect], rules: Rules, history: RateHistory) -> ChangePrior:
    """The prior of a search."""
    return ChangePrior(
        weights=np.array([suspect.times for suspect in suspects], np.float64),
        no_culprit=rules.no_culprit,
        rates=RatePrior(Direction(rules.direction.value)),
        before=at_most(Counted(history.failed_before, history.passed_before)),
        after=at_most(Counted(history.failed_after, history.passed_after)),
    )


def prior_inside(
    suspects: Sequence[Suspect],
    rules: Rules,
    evidence: Evidence,
    merge_place: int,
    inside: CommitRange,
) -> ChangePrior:
    """The prior inside of a merge. `evidence`: of the commits around it.

    They give the rates before and after. Those that are commits of the inner range too are counted
    there.
    """
    inner = inside.places()
    outer = {place for sha, place in evidence.places.items() if sha not in inner}
    before = _sum(evidence, [place for place in outer if place < merge_place])
    after = _sum(evidence, [place for place in outer if place > merge_place])
    return ChangePrior(
        weights=np.array([suspect.times for suspect in suspects], np.float64),
        no_culprit=min(rules.no_culprit, _NO_CULPRIT_INSIDE),
        rates=RatePrior(Direction(rules.direction.value)),
        before=at_most(before),
        after=at_most(after),
    )


def at_most(counted: Counted, runs: float = MOST_HISTORY) -> Counted:
    """The same rate from no more runs than this."""
    share = min(1.0, runs / counted.runs) if counted.runs else 1.0
    return Counted(counted.failed * share, counted.passed * share)


def _sum(evidence: Evidence, places: Sequence[int]) -> Counted:
    counted = [evidence.counts.get(place, Counted()) for place in places]
    return Counted(
        sum(of_place.failed for of_place in counted), sum(of_place.passed for of_place in counted)
    )

"""What a run of each commit is expected to cost, and how likely the commit builds. Pure."""

from collections.abc import Iterable

import numpy as np

from ci_stat.commit_tests.culprit.evidence import Evidence
from ci_stat.commit_tests.culprit.model import Answer, Source
from ci_stat.statistics.next_runs import Costs
from ci_stat.statistics.rate_pairs import Floats

_FEW = 2  # durations that make an estimate
_LEAST_MINUTES = 1e-3


def expected_costs(evidence: Evidence, places: int) -> Costs:
    """Costs from the durations and the broken builds so far."""
    return Costs(_minutes(evidence, places), _usable(evidence, places))


def _minutes(evidence: Evidence, places: int) -> Floats:
    """A commit that has run before may have its setup kept, so further runs have their own mean."""
    first, again = _durations(evidence)
    minutes = np.full(places, _mean(first))
    if len(first) >= _FEW and len(again) >= _FEW:
        minutes[list(evidence.counts)] = _mean(again)
    costs: Floats = np.maximum(minutes, _LEAST_MINUTES)
    return costs


def _durations(evidence: Evidence) -> tuple[list[float], list[float]]:
    """Minutes of the first run of each commit, and of all further ones."""
    first: list[float] = []
    again: list[float] = []
    seen: set[str] = set()
    for observation in evidence.observations:
        if observation.source is not Source.RUN or observation.answer is Answer.ERROR:
            continue
        minutes = observation.seconds / 60
        (again if observation.commit in seen else first).append(minutes)
        seen.add(observation.commit)
    return first, again


def _mean(minutes: Iterable[float]) -> float:
    known = list(minutes)
    return sum(known) / len(known) if known else 1.0


def _usable(evidence: Evidence, places: int) -> Floats:
    """The probability that each commit can be run.

    Builds break for a while, so the neighbours of a broken one are doubtful: at a distance of d
    commits, 1 / (1 + d) of them are expected to be broken too. A commit that has run can run.
    """
    broken = sorted(evidence.unusable)
    if not broken:
        return np.ones(places)
    distance = _distances(broken, places)
    usable = 1 - 1 / (1 + distance)
    usable[list(evidence.counts)] = 1.0
    usable[broken] = 0.0
    return usable


def _distances(broken: list[int], places: int) -> Floats:
    """How far each place is from the nearest broken one."""
    at = np.arange(places)
    edges = np.array([-places, *broken, 2 * places], np.float64)
    right = np.searchsorted(edges, at)
    nearest: Floats = np.minimum(edges[right] - at, at - edges[right - 1])
    return nearest

"""Incidents: finds runs in which many tests failed together, and merges runs of one incident."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from statistics import median

from ci_stat.issues.evidence import (
    INCIDENT,
    Cause,
    Evidence,
    FailureHistory,
    Occurrence,
    RunRef,
)
from ci_stat.records import CaseFailure

LEAST_TOGETHER = 5  # tests in one run; fewer fail together by chance, also in a small job
ENOUGH_RUNS = 20  # runs of a job, before its median is trusted
ALIKE = 0.5  # shared part of the smaller of two sets of tests that belong to one incident
Tests = Mapping[RunRef, frozenset[str]]  # keys of the failing tests of each run


def broken_runs(tests: Tests, runs: Sequence[RunRef], together: int, share: float) -> Tests:
    """Return the runs in which too many tests failed together.

    - `tests`: the failing tests of runs. `runs`: all finished runs.
    - `together`, `share`: more tests than that, or that share of the job's tests, are too many.
    """
    known: dict[str, set[str]] = defaultdict(set)
    for ref, keys in tests.items():
        known[ref.job] |= keys
    usual = {job: _usual_count(job, tests, runs) for job in known}

    def is_broken(ref: RunRef, failed: int) -> bool:
        is_large_share = failed >= LEAST_TOGETHER and failed >= share * len(known[ref.job])
        # If many tests fail in every run, many in this one are not an incident.
        is_unusual = failed >= 2 * usual[ref.job]
        return is_unusual and (failed > together or is_large_share)

    return {ref: keys for ref, keys in tests.items() if is_broken(ref, len(keys))}


def _usual_count(job: str, tests: Tests, runs: Iterable[RunRef]) -> float:
    """The median number of failing tests in the job's runs; 0 for too few runs."""
    counts = [len(tests.get(ref, ())) for ref in runs if ref.job == job]
    return median(counts) if len(counts) >= ENOUGH_RUNS else 0.0


def incidents(
    failures: Mapping[RunRef, Mapping[str, CaseFailure]],
    broken: Tests,
    histories: Mapping[str, FailureHistory],
) -> Iterator[FailureHistory]:
    """Merge broken runs with similar tests into incidents.

    `failures`: the failures of each run, by key.
    """
    for runs in _groups(broken):
        members = frozenset().union(*(broken[ref] for ref in runs))
        most_failures_first = sorted(
            members, key=lambda key: (-len(histories[key].occurrences), key)
        )
        loudest = most_failures_first[0]
        occurrences = [
            Occurrence(ref, failures[ref].get(loudest) or failures[ref][min(broken[ref])])
            for ref in runs
        ]
        yield FailureHistory(
            key=_incident_key(runs[0]),
            kind=INCIDENT,
            name=_incident_name(runs[0].job, len(members)),
            occurrences=tuple(occurrences),
            members={key: histories[key].name for key in most_failures_first},
        )


def _groups(broken: Tests) -> list[list[RunRef]]:
    """Group each run with the first similar one.

    Runs are compared with the first run of a group only: over time the tests of an incident drift,
    and a group that drifts with them would absorb unrelated runs.
    """
    groups: list[list[RunRef]] = []
    for ref, keys in broken.items():
        similar = (
            group for group in groups if group[0].job == ref.job and alike(broken[group[0]], keys)
        )
        group = next(similar, None)
        if group is None:
            groups.append([ref])
        else:
            group.append(ref)
    return groups


def alike(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two sets of tests belong to one incident."""
    first, second = set(one), set(other)
    if not first or not second:
        return False
    return len(first & second) >= ALIKE * min(len(first), len(second))


def freed(evidence: Evidence, keys: Iterable[str]) -> Evidence:
    """Take tests that also fail on their own out of incidents, so that all their runs count.

    An incident of which fewer than LEAST_TOGETHER tests remain is dropped; its tests wait until
    they fail on their own.
    """
    own = set(keys)
    histories = {
        key: _without_incidents(history) if key in own else history
        for key, history in evidence.histories.items()
    }
    remaining = (_without_members(incident, own) for incident in evidence.incidents)
    incidents = (incident for incident in remaining if len(incident.members) >= LEAST_TOGETHER)

    return replace(evidence, histories=histories, incidents=tuple(incidents))


def _without_members(incident: FailureHistory, keys: set[str]) -> FailureHistory:
    members = {key: name for key, name in incident.members.items() if key not in keys}
    job = incident.occurrences[0].run.job
    return replace(incident, members=members, name=_incident_name(job, len(members)))


def _without_incidents(history: FailureHistory) -> FailureHistory:
    occurrences = (
        replace(occurrence, cause=None) if occurrence.cause is Cause.INCIDENT else occurrence
        for occurrence in history.occurrences
    )
    return replace(history, occurrences=tuple(occurrences))


def _incident_name(job: str, tests: int) -> str:
    return f"{job}: {tests} tests fail together"


def _incident_key(first: RunRef) -> str:
    run = f"{first.job}#{first.number}".encode("utf-8", "surrogatepass")
    return f"{INCIDENT}:{sha256(run).hexdigest()[:16]}"

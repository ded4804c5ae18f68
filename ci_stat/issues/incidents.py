"""Runs in which many tests failed together: which they are, and which of them are one incident."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from statistics import median

from ci_stat.issues.evidence import INCIDENT, Cause, Evidence, Failing, Hit, RunRef
from ci_stat.records import CaseFailure

LEAST_TOGETHER = 5  # tests in one run; fewer fail together by chance, however few the job has
ENOUGH_RUNS = 20  # from which one may say what is usual
ALIKE = 0.5  # of the smaller of two sets of tests: from here on they are one incident
Tests = Mapping[RunRef, frozenset[str]]


def _usual(tests: Sequence[int]) -> float:
    """How many tests fail in the middle one of the runs; 0 where they are too few to tell."""
    return median(tests) if len(tests) >= ENOUGH_RUNS else 0.0


def broken_runs(tests: Tests, runs: Sequence[RunRef], together: int, share: float) -> Tests:
    """The runs in which too many tests failed together. `tests`: those that failed; `runs`: all finished ones."""
    known: dict[str, set[str]] = defaultdict(set)
    for ref, keys in tests.items():
        known[ref.job] |= keys
    usual = {
        job: _usual([len(tests.get(ref, ())) for ref in runs if ref.job == job]) for job in known
    }

    def is_broken(ref: RunRef, failed: int) -> bool:
        many = failed > together or (
            failed >= LEAST_TOGETHER and failed >= share * len(known[ref.job])
        )
        return (
            many and failed >= 2 * usual[ref.job]
        )  # where many fail in every run, many in one are no incident

    return {ref: keys for ref, keys in tests.items() if is_broken(ref, len(keys))}


def incidents(
    said: Mapping[RunRef, Mapping[str, CaseFailure]], broken: Tests, failing: Mapping[str, Failing]
) -> Iterator[Failing]:
    """Broken runs whose tests are alike, as one failure each. The test that fails most stands for all.

    `said`: what failed in each run, by key.
    """
    for runs in _alike(broken):
        members = frozenset().union(*(broken[ref] for ref in runs))
        names = {
            key: failing[key].name
            for key in sorted(members, key=lambda key: (-len(failing[key].hits), key))
        }
        loudest = next(iter(names))
        hits = tuple(
            Hit(ref, said[ref].get(loudest) or said[ref][min(broken[ref])]) for ref in runs
        )
        first = runs[0]
        yield Failing(
            _incident_key(first),
            INCIDENT,
            f"{first.job}: {len(names)} tests fail together",
            hits,
            names,
        )


def _alike(broken: Tests) -> list[list[RunRef]]:
    """Each run beside the first one that is like it: compared with all together, in time anything would be."""
    groups: list[list[RunRef]] = []
    for ref, keys in broken.items():
        like = (runs for runs in groups if runs[0].job == ref.job and alike(broken[runs[0]], keys))
        group = next(like, None)
        if group is None:
            groups.append([ref])
        else:
            group.append(ref)
    return groups


def alike(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two sets of tests are of one incident."""
    first, second = set(one), set(other)
    return bool(first and second) and len(first & second) >= ALIKE * min(len(first), len(second))


def freed(evidence: Evidence, keys: Iterable[str]) -> Evidence:
    """The evidence with these tests taken out of incidents: they fail by themselves too, so all their runs count.

    The few that are left of an incident wait until they fail by themselves: for them alone it is none any more.
    """
    own = set(keys)
    incidents = []
    for each in evidence.incidents:
        left = {key: name for key, name in each.members.items() if key not in own}
        if len(left) >= LEAST_TOGETHER:
            name = f"{each.hits[0].run.job}: {len(left)} tests fail together"
            incidents.append(replace(each, members=left, name=name))
    failing = {
        key: replace(each, hits=tuple(map(_without_incident, each.hits))) if key in own else each
        for key, each in evidence.failing.items()
    }
    return replace(evidence, failing=failing, incidents=tuple(incidents))


def _without_incident(hit: Hit) -> Hit:
    return replace(hit, cause=None) if hit.cause is Cause.INCIDENT else hit


def _incident_key(first: RunRef) -> str:
    return f"{INCIDENT}:{sha256(f'{first.job}#{first.number}'.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"

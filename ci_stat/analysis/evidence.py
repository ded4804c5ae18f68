"""What speaks for an issue: the failures of a window with their history, and the runs beside them. Pure values.

A run that the machines broke speaks for no test. A run in which many tests failed together is one incident, not many
failing tests.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from statistics import median
from zoneinfo import ZoneInfo

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKind, Run, Status
from ci_stat.result import failure_key

INCIDENT = "incident"
MOST_KEY = 300  # characters
LEAST_TOGETHER = 5  # tests in one run; fewer fail together by chance, however few the job has
ENOUGH_RUNS = 20  # from which one may say what is usual
ALIKE = 0.5  # of the smaller of two sets of tests: from here on they are one incident
MACHINES = frozenset({FailureKind.ENV, FailureKind.SETUP})
# What the code of a test, or what it tests, did. The others belong to a whole run.
TESTS = frozenset({FailureKind.CASE, FailureKind.PANIC, FailureKind.RACE, FailureKind.LEAK})
_SUBTEST = re.compile(r"^([\w.*()]*\bTest\w*)/.+")
_FINISHED = frozenset({Status.SUCCESS, Status.FAILURE})


class Cause(StrEnum):
    """Why a failure in one run says nothing about the test by itself."""

    MACHINES = "machines"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class RunRef:
    """A finished run. `started`: aware, UTC. `shows`: its tests ran, so that one which fails would be seen."""

    job: str
    number: int
    started: datetime
    link: str
    branch: str
    commit: str
    succeeded: bool
    shows: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One failure in one run, and what it said there."""

    run: RunRef
    said: CaseFailure
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The same failure in other jobs of the window, or on other branches."""

    job: str
    branch: str
    runs: int
    link: str


@dataclass(frozen=True)
class Failing:
    """A failing test, or an incident, with its runs, oldest first.

    `members`: the keys of an incident's tests, and their names. `elsewhere`: by other jobs.
    """

    key: str
    kind: str
    name: str
    hits: tuple[Hit, ...]
    members: Mapping[str, str] = field(default_factory=dict)
    elsewhere: tuple[Elsewhere, ...] = ()

    @property
    def own(self) -> tuple[Hit, ...]:
        """The failures that speak about it: not those of machines or of incidents."""
        return tuple(hit for hit in self.hits if hit.cause is None)

    @property
    def newest(self) -> CaseFailure:
        return self.hits[-1].said


@dataclass(frozen=True)
class Evidence:
    """The failures of the window [begin, end), with all that is known from `since` to `until`; all aware, UTC.

    - `failing`: everything that failed in that time. `incidents`: what failed together.
    - `runs`: all finished runs from `since` to `until`, oldest first.
    - `unread`: failed runs of the window of which no failure is known, by what became of their logs.
    - `zone`: whose days are counted.
    """

    begin: datetime
    end: datetime
    since: datetime
    zone: ZoneInfo
    jobs: tuple[str, ...]
    failing: Mapping[str, Failing]
    incidents: tuple[Failing, ...]
    runs: tuple[RunRef, ...]
    unread: tuple[tuple[str, int], ...] = ()
    later: datetime | None = None

    @property
    def until(self) -> datetime:
        """Up to when failures are known: a window of the past is not the end of the story."""
        return max(self.end, self.later or self.end)

    def before_end(self, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        return tuple(hit for hit in hits if hit.run.started < self.end)

    @property
    def at_end(self) -> "Evidence":
        """As it was known at the window's end: what issues say, so that a second run of the day says nothing else."""
        if self.until == self.end:
            return self
        cut = ((key, replace(each, hits=self.before_end(each.hits))) for key, each in self.failing.items())
        groups = (replace(each, hits=self.before_end(each.hits)) for each in self.incidents)
        return replace(
            self, failing={key: each for key, each in cut if each.hits}, later=None,
            incidents=tuple(each for each in groups if each.hits),
            runs=tuple(run for run in self.runs if run.started < self.end),
        )  # fmt: skip

    def in_window(self, hits: Iterable[Hit]) -> tuple[Hit, ...]:
        return tuple(hit for hit in hits if self.begin <= hit.run.started < self.end)

    def runs_between(self, first: datetime, last: datetime | None = None) -> int:
        """Finished runs that started in [first, last)."""
        end = len(self.runs) if last is None else bisect_left(self.runs, last, key=_started)
        return max(0, end - bisect_left(self.runs, first, key=_started))

    def day(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).date().isoformat()


def issue_key(failure: CaseFailure) -> tuple[str, str]:
    """What one issue is about: key and name. Subtests go to their test; what has no name goes by its fingerprint."""
    kind, name = failure_key(failure)
    name = name.encode("utf-8", "backslashreplace").decode()  # half a pair has no place in any text of ours
    if kind == FailureKind.CASE and not failure.guess:
        test = _SUBTEST.sub(r"\1", name)
        return _bounded(f"case:{test}"), test
    return _bounded(f"{kind}:{name}"), case_key(failure.name).encode("utf-8", "backslashreplace").decode()


def _bounded(key: str) -> str:
    """Names have no limit, and a key stands in every issue's text: a long one ends with a hash of the whole."""
    if len(key) <= MOST_KEY:
        return key
    return f"{key[: MOST_KEY - 17]}~{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


class History:
    """All finished runs of some jobs with their failures, in order, from which the evidence of any window is cut."""

    def __init__(self, runs: Iterable[Run], jobs: Sequence[str], zone: ZoneInfo, together: int, share: float) -> None:
        """`together`, `share`: how many tests, or which part of a job's tests, make an incident of a run."""
        self._jobs, self._zone = tuple(jobs), zone
        found = sorted((run for run in runs if run.time and run.status in _FINISHED), key=_moment)
        self._refs = [_ref(run) for run in found]
        self._failed = [
            (ref, _by_key(run.failures), run.log)
            for ref, run in zip(self._refs, found, strict=True)
            if run.status == Status.FAILURE
        ]
        self._together, self._share = together, share

    def evidence(
        self,
        begin: datetime,
        end: datetime,
        since: datetime,
        others: Mapping[str, tuple[Elsewhere, ...]] | None = None,
        until: datetime | None = None,
    ) -> Evidence:
        """Of the window, as it was known at `until`, or at its end. `others`: what failed in other jobs, by key."""
        known = max(end, until or end)
        failed = [each for each in self._failed if since <= each[0].started < known]
        runs = [ref for ref in self._refs if since <= ref.started < known]
        broken = self._broken(failed, runs)
        hits: dict[str, list[Hit]] = defaultdict(list)
        for ref, failures, _ in failed:
            cause = _cause(ref, failures, broken)
            for key, said in failures.items():
                hits[key].append(Hit(ref, said, cause))
        failing = {key: _failing(key, its, (others or {}).get(key, ())) for key, its in hits.items()}
        unread = Counter(log for ref, failures, log in failed if not failures and begin <= ref.started < end)
        return Evidence(
            begin, end, since, self._zone, self._jobs, failing, tuple(_incidents(failed, broken, failing)),
            tuple(runs), tuple(sorted(unread.items())), known,
        )  # fmt: skip

    def _broken(self, failed: Sequence["_Failed"], runs: Sequence[RunRef]) -> dict[RunRef, frozenset[str]]:
        """The runs in which too many tests failed together, and which."""
        tests = {ref: _tests(failures) for ref, failures, _ in failed if not _of_machines(failures)}
        known: dict[str, set[str]] = defaultdict(set)
        for ref, keys in tests.items():
            known[ref.job] |= keys
        usual = {job: _usual([len(tests.get(ref, ())) for ref in runs if ref.job == job]) for job in known}
        return {
            ref: keys for ref, keys in tests.items() if self._is_broken(len(keys), len(known[ref.job]), usual[ref.job])
        }

    def _is_broken(self, tests: int, known: int, usual: float) -> bool:
        """Where many tests fail in every run, many in one run are no incident."""
        many = tests > self._together or (tests >= LEAST_TOGETHER and tests >= self._share * known)
        return many and tests >= 2 * usual


def _usual(tests: Sequence[int]) -> float:
    """How many tests fail in the middle one of the runs; 0 where they are too few to tell."""
    return median(tests) if len(tests) >= ENOUGH_RUNS else 0.0


_Failures = Mapping[str, CaseFailure]
_Failed = tuple[RunRef, _Failures, str]


def elsewhere(runs: Iterable[Run], jobs: Iterable[str]) -> dict[str, tuple[Elsewhere, ...]]:
    """Where else failures were seen, by key: in the failed runs of other jobs, most runs first."""
    own = set(jobs)
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    links: dict[tuple[str, tuple[str, str]], str] = {}
    for run in runs:
        if run.job_name in own or run.status != Status.FAILURE or _of_machines(failures := _by_key(run.failures)):
            continue
        place = (run.job_name, run.branch or "")
        for key in failures:
            found[key][place] += 1
            links[key, place] = run.link
    return {
        key: tuple(Elsewhere(job, branch, n, links[key, (job, branch)]) for (job, branch), n in places.most_common())
        for key, places in found.items()
    }


def _incidents(
    failed: Sequence[_Failed], broken: Mapping[RunRef, frozenset[str]], failing: Mapping[str, Failing]
) -> Iterator[Failing]:
    """Broken runs whose tests are alike, as one failure each. The test that fails most stands for all."""
    said = {ref: failures for ref, failures, _ in failed if ref in broken}
    for runs in _alike(broken):
        members = frozenset().union(*(broken[ref] for ref in runs))
        names = {key: failing[key].name for key in sorted(members, key=lambda key: (-len(failing[key].hits), key))}
        loudest = next(iter(names))
        hits = tuple(Hit(ref, said[ref].get(loudest) or said[ref][min(broken[ref])]) for ref in runs)
        first = runs[0]
        yield Failing(_incident_key(first), INCIDENT, f"{first.job}: {len(names)} tests fail together", hits, names)


def _alike(broken: Mapping[RunRef, frozenset[str]]) -> list[list[RunRef]]:
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


def _failing(key: str, hits: Sequence[Hit], others: tuple[Elsewhere, ...]) -> Failing:
    said = hits[-1].said
    return Failing(key, said.kind, issue_key(said)[1], tuple(hits), elsewhere=others)


def _by_key(failures: Sequence[CaseFailure]) -> dict[str, CaseFailure]:
    """Each failure of a run once, in order; of a test and its subtests the one that says most."""
    found: dict[str, CaseFailure] = {}
    for failure in failures:
        key, _ = issue_key(failure)
        if key not in found or (failure.message and not found[key].message):
            found[key] = failure
    return found


def _of_machines(failures: _Failures) -> bool:
    """Whether the machines broke the run: causes stand first."""
    return next((said.kind in MACHINES for said in failures.values()), False)


def _tests(failures: _Failures) -> frozenset[str]:
    return frozenset(key for key, said in failures.items() if said.kind in TESTS and not said.guess)


def _cause(ref: RunRef, failures: _Failures, broken: Mapping[RunRef, frozenset[str]]) -> Cause | None:
    if _of_machines(failures):
        return Cause.MACHINES
    return Cause.INCIDENT if ref in broken else None


def _ref(run: Run) -> RunRef:
    succeeded = run.status == Status.SUCCESS
    failures = _by_key(run.failures)
    shows = succeeded or (bool(_tests(failures)) and not _of_machines(failures))
    return RunRef(
        run.job_name, run.job_id, _moment(run), run.link, run.branch or "", run.commit or "", succeeded, shows
    )


def _moment(run: Run) -> datetime:
    assert run.started is not None
    return run.started.astimezone(UTC)


def _started(ref: RunRef) -> datetime:
    return ref.started


def key_of_case(case: str) -> str:
    """The key of a case as a person types it, in whichever spelling; a key itself stays as it is."""
    kind = case.partition(":")[0]
    if kind in (INCIDENT, FailureKind.CASE) or (kind in set(FailureKind) and ":v1:" in case):
        return case
    return issue_key(CaseFailure(FailureKind.CASE.value, case))[0]

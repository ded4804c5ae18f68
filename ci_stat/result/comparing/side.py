"""One side of a comparison: what a window of runs adds up to, in memory for any number of runs."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKey, Names, Provenance, Tally
from ci_stat.records.attempts import shown_id
from ci_stat.result.fail_key import failure_key, is_case
from ci_stat.result.packages import key_in, named_in, package_of
from ci_stat.statistics.clusters import Clusters, affected_effect


@dataclass(frozen=True, slots=True)
class SeenRun:
    """A run in which something was seen."""

    job: str
    number: int
    time: datetime | None

    @property
    def build(self) -> str:
        """The number for people: `7`, or `7.2` for a second attempt."""
        return shown_id(self.number)


@dataclass(frozen=True, slots=True)
class JobSide:
    """One job. `durations`: of its successful runs, rounded ms (`rounded`) to number of runs."""

    tally: Tally = field(default_factory=Tally)
    clusters: Clusters = field(default_factory=Clusters)
    durations: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailureSide:
    """One failure: the `runs` that it broke, in `prs` pull requests and `nightly` nightly runs.

    - `jobs`: these runs by job; `effect`: their design effect, see `statistics.clusters`.
    - `newest`: the newest of them.
    """

    kind: str
    name: str
    runs: int
    prs: int
    nightly: int
    effect: float
    jobs: Mapping[str, int]
    newest: SeenRun


@dataclass(frozen=True, slots=True)
class KnownFailures:
    """The failures of a window from one source. `named`: failed runs of which one is known.

    `in_packages`: the same of test cases, for each package; "" if it is unknown.
    """

    named: int
    failures: Mapping[FailureKey, FailureSide]
    in_packages: Mapping[FailureKey, Mapping[str, FailureSide]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One window.

    - `names`: it is limited to them.
    - `pr`, `nightly`: runs of pull requests, and nightly runs.
    - `from_table`: failures of the table alone; `with_logs`: those of the logs where `logs` of the
      failed runs were read, else of the table.
    """

    provenance: Provenance
    names: Names
    pr: JobSide
    nightly: JobSide
    jobs: Mapping[str, JobSide]
    from_table: KnownFailures
    with_logs: KnownFailures
    logs: int

    @property
    def tally(self) -> Tally:
        return self.pr.tally + self.nightly.tally


# Values per step: a step is at most 1 % of a duration, and a job has some thousand different ones.
STEPS = ((10_000, 100), (1_000_000, 1_000), (10_000_000, 10_000))
LONGEST_STEP = 100_000


def rounded(duration: int) -> int:
    """A duration in ms, rounded down to a step. `store.ci_data.sides` does the same in SQL."""
    step = next((step for below, step in STEPS if duration < below), LONGEST_STEP)
    return duration - duration % step


_KEPT = 10_000  # tuples of failures whose keys are kept


class FailureCounts:
    """Adds up failures, run by run, in any order."""

    def __init__(self) -> None:
        self.named = 0
        self._first: dict[FailureKey, CaseFailure] = {}
        self._clusters: dict[FailureKey, Counter[Hashable]] = defaultdict(Counter)
        self._jobs: dict[FailureKey, Counter[str]] = defaultdict(Counter)
        self._newest: dict[FailureKey, SeenRun] = {}
        self._packages: dict[FailureKey, set[str]] = defaultdict(set)
        self._kept: dict[int, tuple[tuple[CaseFailure, ...], dict[FailureKey, CaseFailure]]] = {}

    def add(
        self, run: SeenRun, pr: tuple[str, int] | None, failures: tuple[CaseFailure, ...]
    ) -> None:
        """Count the failures of one failed run. `pr`: None for a nightly run."""
        keys = self._keys(failures)
        self.named += bool(keys)
        for key, failure in keys.items():
            self._first.setdefault(key, failure)
            self._clusters[key][pr] += 1
            self._jobs[key][run.job] += 1
            newest = self._newest.get(key)
            if newest is None or _order(run) > _order(newest):
                self._newest[key] = run

    def _keys(self, failures: tuple[CaseFailure, ...]) -> dict[FailureKey, CaseFailure]:
        """The failures by key. Many runs share one tuple, which is kept with its keys."""
        kept = self._kept.get(id(failures))
        if kept is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            kept = (failures, self._new_keys(failures))
            self._kept[id(failures)] = kept
        return kept[1]

    def _new_keys(self, failures: tuple[CaseFailure, ...]) -> dict[FailureKey, CaseFailure]:
        """Each failure by its key; a test case also by the key that has its package."""
        keys: dict[FailureKey, CaseFailure] = {}
        for failure in failures:
            key = failure_key(failure)
            keys[key] = failure
            if is_case(failure):
                package = package_of(failure)
                self._packages[key].add(package)
                keys[key_in(key, package)] = failure
        return keys

    def known(self) -> KnownFailures:
        in_packages = {
            key: {package: self._side(key_in(key, package), package) for package in packages}
            for key, packages in self._packages.items()
        }
        packaged = {key_in(key, package) for key in in_packages for package in in_packages[key]}
        failures = {key: self._side(key) for key in self._first if key not in packaged}
        return KnownFailures(self.named, failures, in_packages)

    def _side(self, key: FailureKey, package: str = "") -> FailureSide:
        first, clusters, jobs = self._first[key], self._clusters[key], self._jobs[key]
        nightly = clusters.get(None, 0)
        of_prs = [runs for pr, runs in clusters.items() if pr is not None]
        return FailureSide(
            kind=first.kind,
            name=named_in(case_key(first.name), package),
            runs=sum(clusters.values()),
            prs=len(of_prs),
            nightly=nightly,
            effect=affected_effect([*of_prs, *[1] * nightly]),
            jobs=dict(jobs),
            newest=self._newest[key],
        )


def by_package(*sides: KnownFailures) -> list[dict[FailureKey, FailureSide]]:
    """The failures of each side; tests with one name in several packages are separate."""
    packages: dict[FailureKey, set[str]] = defaultdict(set)
    for side in sides:
        for key, in_packages in side.in_packages.items():
            packages[key] |= in_packages.keys() - {""}
    ambiguous = {key for key, names in packages.items() if len(names) > 1}
    return [_apart(side, ambiguous) for side in sides]


def _apart(side: KnownFailures, ambiguous: set[FailureKey]) -> dict[FailureKey, FailureSide]:
    failures = {key: own for key, own in side.failures.items() if key not in ambiguous}
    for key in ambiguous:
        for package, own in side.in_packages.get(key, {}).items():
            failures[key_in(key, package) if package else key] = own
    return failures


def _order(run: SeenRun) -> tuple[datetime, str, int]:
    return (run.time or datetime.min, run.job, run.number)  # noqa: DTZ901 - naive, as in the table

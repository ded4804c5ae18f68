"""One side of a comparison: what a window of runs adds up to, in memory for any number of runs."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.failures import case_key
from ci_stat.records import CaseFailure, FailureKey, Names, Provenance, Tally
from ci_stat.records.attempts import shown_id
from ci_stat.result.fail_info import failure_key
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
    """The failures of a window from one source. `named`: failed runs of which one is known."""

    named: int
    failures: Mapping[FailureKey, FailureSide]


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
            kept = (failures, {failure_key(failure): failure for failure in failures})
            self._kept[id(failures)] = kept
        return kept[1]

    def known(self) -> KnownFailures:
        return KnownFailures(self.named, {key: self._side(key) for key in self._first})

    def _side(self, key: FailureKey) -> FailureSide:
        first, clusters, jobs = self._first[key], self._clusters[key], self._jobs[key]
        nightly = clusters.get(None, 0)
        of_prs = [runs for pr, runs in clusters.items() if pr is not None]
        return FailureSide(
            kind=first.kind,
            name=case_key(first.name),
            runs=sum(clusters.values()),
            prs=len(of_prs),
            nightly=nightly,
            effect=affected_effect([*of_prs, *[1] * nightly]),
            jobs=dict(jobs),
            newest=self._newest[key],
        )


def _order(run: SeenRun) -> tuple[datetime, str, int]:
    return (run.time or datetime.min, run.job, run.number)  # noqa: DTZ901 - naive, as in the table

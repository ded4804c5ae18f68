"""Values of publishing: a run of tests, and its failures as history judges them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ci_stat.records.case_results import Outcome
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredRun
from ci_stat.test_results.gates.model import Decision, Verdict
from ci_stat.test_results.model import Counts, FileReport

MAX_TIMED = 5_000
"""So many tests of a run are compared by their duration, the longest."""


class Standing(StrEnum):
    """What history says about a failure."""

    BROKEN = "broken"  # it passes on the base branch, or is a new test
    BEFORE = "before"  # it failed on the base branch already
    FLAKY = "flaky"  # it passed and failed on one commit
    UNKNOWN = "unknown"  # there is no history


@dataclass(frozen=True, slots=True)
class Case:
    """A test that failed, or that passed at last after a failure.

    `key`: its `identity_key`. `outcome`: of the last attempt. `file`, `line`: "" and None if the
    results name no place. `labels`: of its matrix entry; None for those of the run.
    """

    key: str
    name: str
    outcome: Outcome
    message: str = ""
    file: str = ""
    line: int | None = None
    attempts: int = 1
    labels: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """A run as its results tell it.

    `flaky`: passed at last, after a failure. `seconds`: by key, of the tests that passed at once
    and may be slower than before. `entries`: the labels of each matrix entry in it.
    """

    run: RunInfo
    counts: Counts
    failed: tuple[Case, ...] = ()
    flaky: tuple[Case, ...] = ()
    files: tuple[FileReport, ...] = ()
    run_id: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    entries: tuple[Mapping[str, str], ...] = ()

    @property
    def all_labels(self) -> tuple[Mapping[str, str], ...]:
        """The label sets of the runs that it is compared with."""
        return self.entries or (self.run.labels,)

    @property
    def problems(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if not file.is_whole)

    @property
    def is_known(self) -> bool:
        """Whether the results are whole, and there are any."""
        return not self.problems and self.counts.tests > 0


@dataclass(frozen=True, slots=True)
class CaseHistory:
    """What earlier runs say about a test.

    - `base_runs`: how many runs of the base branch had it.
    - `failed_runs`: failed ones in a row up to the newest of them; `since` is their first.
    - `last_passed`: the newest run of the base branch in which it passed.
    - `mixed`, `commits`: commits on which it passed and failed, of those that ran it.
    """

    base_runs: int = 0
    failed_runs: int = 0
    since: StoredRun | None = None
    last_passed: StoredRun | None = None
    mixed: int = 0
    commits: int = 0


@dataclass(frozen=True, slots=True)
class Baseline:
    """The earlier runs that a run is compared with.

    - `branch`: the base branch. `runs`: how many of its runs were looked at.
    - `others`: runs of other branches, which count for flakiness only.
    - `seconds`: the median duration of the base branch's runs; None if unknown.
    """

    branch: str
    runs: int = 0
    others: int = 0
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed test with what history says about it."""

    case: Case
    standing: Standing
    history: CaseHistory = field(default_factory=CaseHistory)


@dataclass(frozen=True, slots=True)
class Slower:
    """A test that takes longer. Seconds: `before` is the median of `runs` runs."""

    name: str
    before: float
    now: float
    runs: int


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that a text links to, "" for none."""

    report: str = ""
    artifacts: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """A run of tests, ready to be worded.

    - `slower`: tests that take longer than on the base branch; they make nothing red.
    - `may_fail`: no failure counts. `only_new`: only those that are not known count.
    - `verdict`: of a gate; None without a policy. It decides instead.
    """

    collected: Collected
    failures: tuple[Failure, ...]
    baseline: Baseline | None = None
    links: Links = Links()
    may_fail: bool = False
    only_new: bool = False
    verdict: Verdict | None = None
    slower: tuple[Slower, ...] = ()

    @property
    def is_red(self) -> bool:
        """Whether a status or a check run fails because of a failure."""
        if self.may_fail:
            return False
        if self.verdict is not None:
            return self.verdict.decision is Decision.FAIL
        excused = (Standing.BEFORE, Standing.FLAKY) if self.only_new else ()
        return any(failure.standing not in excused for failure in self.failures)

    @property
    def is_open(self) -> bool:
        """Whether it is not known if all tests passed that were to pass."""
        if self.verdict is not None and self.verdict.decision is Decision.CANNOT_TELL:
            return True
        return not self.collected.is_known

    @property
    def run(self) -> RunInfo:
        return self.collected.run

    @property
    def counts(self) -> Counts:
        return self.collected.counts

    def of(self, standing: Standing) -> tuple[Failure, ...]:
        return tuple(failure for failure in self.failures if failure.standing is standing)

    @property
    def state(self) -> str:
        """`failed`, `unknown` or `passed`."""
        if self.failures:
            return "failed"
        return "passed" if self.collected.is_known else "unknown"

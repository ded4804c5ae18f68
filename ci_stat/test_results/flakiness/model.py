"""What is flaky: the proof, the rate, and where both come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ci_stat.statistics.intervals import Interval, wilson
from ci_stat.store.results.read import RunFilter, StoredCase, StoredRun
from ci_stat.test_results.flakiness.exclusions import LeftOut

LEAST_RUNS, LEAST_FAILED = 10, 2
"""A rate is listed from so many finished and failed runs on."""


class Basis(StrEnum):
    """How the default branch is known."""

    OPTION = "option"
    SETTING = "setting"
    MOST_RUNS = "most runs outside of pull requests"
    NO_BRANCH = "no run names a branch"


@dataclass(frozen=True, slots=True)
class DefaultBranch:
    """The branches whose runs count for rates. `names`: by repository."""

    names: Mapping[str, tuple[str, ...]]
    basis: Basis

    def has(self, run: StoredRun) -> bool:
        """Whether the run counts for rates.

        It is on the default branch, of no pull request, and the first attempt: others run because
        something failed.
        """
        info = run.info
        is_first = info.pull is None and info.attempt == 1
        return is_first and info.branch in self.names.get(info.repo, ())

    @property
    def words(self) -> tuple[str, ...]:
        """All names, sorted."""
        return tuple(sorted({name for names in self.names.values() for name in names}))


@dataclass(frozen=True, slots=True)
class Counts:
    """`count` of `total`, with the 95 % interval of the share (Wilson)."""

    count: int = 0
    total: int = 0

    @property
    def share(self) -> float | None:
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> Interval:
        return wilson(self.count, self.total)


@dataclass(frozen=True, slots=True)
class FlakyPlace:
    """The counts of one test in one repository, job and label set."""

    repo: str
    job: str
    labels: str
    proof: Counts
    rate: Counts


@dataclass(frozen=True, slots=True)
class FlakyTest:
    """A test that failed in the window.

    - `proof`: commits on which it passed and failed, of the commits on which it finished. A commit
      counts once in each job and label set; each run without a commit counts as one.
    - `within_run`: those of the commits on which a retry within one run proves it.
    - `rate`: failed of finished runs on the default branch.
    - `places`: by job and label set, the surest first.
    - `newest`: the last run on a commit that proves it; None without one. `newest_failed`: the
      last run in which an attempt failed.
    """

    case: StoredCase
    key: str
    proof: Counts
    within_run: int
    rate: Counts
    places: tuple[FlakyPlace, ...]
    newest: StoredRun | None
    newest_failed: StoredRun

    @property
    def is_proven(self) -> bool:
        return self.proof.count > 0

    @property
    def has_rate(self) -> bool:
        """Whether there are enough runs and failures to list its rate."""
        return self.rate.total >= LEAST_RUNS and self.rate.count >= LEAST_FAILED


@dataclass(frozen=True, slots=True)
class TestWindow:
    """The runs that an answer is about. `begin`, `end`: aware, half-open."""

    __test__ = False  # pytest collects classes of this name

    begin: datetime
    end: datetime
    filter: RunFilter
    newest: datetime | None
    jobs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlakyTests:
    """What is flaky in a window.

    - `tests`: every test that failed in a run that counts, in no order.
    - `all_tests`: tests with results in the window. `commits`: commits with a result that counts,
      once in each job and label set; `repeated` of them ran more than once, also by retries.
    - `without_commit`: runs that name no commit. `rate_runs`: those on the default branch.
    """

    window: TestWindow
    tests: tuple[FlakyTest, ...]
    all_tests: int
    commits: int
    repeated: int
    without_commit: int
    rate_runs: int
    branch: DefaultBranch
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def proven(self) -> list[FlakyTest]:
        """Tests with a proof, the surest first."""
        tests = [test for test in self.tests if test.is_proven]
        return sorted(tests, key=lambda test: _surest_first(test.proof, test))

    @property
    def rated(self) -> list[FlakyTest]:
        """Tests with enough runs and failures for a rate, the highest lower bound first."""
        tests = [test for test in self.tests if test.has_rate]
        return sorted(tests, key=lambda test: _surest_first(test.rate, test))

    @property
    def is_unknown(self) -> bool:
        """Whether no commit ran twice, and there are too few runs for rates."""
        return not self.repeated and self.rate_runs < LEAST_RUNS


def _surest_first(counts: Counts, test: FlakyTest) -> tuple[float, int, str, str]:
    return (-counts.interval.low, -counts.count, test.case.full_name, test.key)

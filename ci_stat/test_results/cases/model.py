"""The history of one test case as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ci_stat.escape import visible
from ci_stat.records.case_results import Outcome
from ci_stat.result.answers.history_model import Day, Share
from ci_stat.store.results.case_history import CaseAttempt
from ci_stat.store.results.read import StoredCase, StoredRun

if TYPE_CHECKING:
    from pandas import DataFrame

FAILED = (Outcome.FAILED, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A run that has the case. `fingerprint`: of its last failed attempt; "" without one."""

    run: StoredRun
    attempts: tuple[CaseAttempt, ...]
    fingerprint: str = ""

    @property
    def outcome(self) -> Outcome:
        """How the last attempt ended."""
        return self.attempts[-1].outcome

    @property
    def seconds(self) -> float | None:
        """The duration of the last attempt."""
        return self.attempts[-1].seconds

    @property
    def is_failed(self) -> bool:
        return self.outcome in FAILED

    @property
    def is_finished(self) -> bool:
        """Whether it passed, failed or had an error: it was not skipped."""
        return self.outcome is not Outcome.SKIPPED

    @property
    def has_passed(self) -> bool:
        """Whether any attempt passed."""
        return any(attempt.outcome is Outcome.PASSED for attempt in self.attempts)

    @property
    def has_failed(self) -> bool:
        """Whether any attempt failed or had an error."""
        return any(attempt.outcome in FAILED for attempt in self.attempts)

    @property
    def commit(self) -> str:
        """The commit; without one, a name of this run alone."""
        return self.run.info.commit or f"run {self.run.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case runs: job, labels and branch. Runs of pull requests are one place of a job."""

    job: str
    labels: str
    branch: str
    is_pull: bool


@dataclass(frozen=True, slots=True)
class PlaceState:
    """How the case ended at last in one place, and since when.

    - `runs`: failed runs in a row, the newest included; 0 if the newest run passed.
    - `since`: the first of them; `last_passed`: the run that passed before them.
    - `last_failed`: the newest failed run, if the newest run passed.
    """

    place: Place
    newest: CaseRun
    runs: int
    since: CaseRun | None
    last_passed: CaseRun | None
    last_failed: CaseRun | None


@dataclass(frozen=True, slots=True)
class MessageGroup:
    """Failed runs with one fingerprint. `message`, `excerpt`: of the newest of them."""

    fingerprint: str
    message: str
    excerpt: tuple[str, ...]
    runs: int
    first: CaseRun
    last: CaseRun


@dataclass(frozen=True, slots=True)
class Durations:
    """Seconds of the passed runs of one job with one set of labels.

    `change`: the median of the newer half relative to that of the older half, minus 1;
    `is_trend`: this is more than chance, and large enough to matter.
    """

    job: str
    labels: str
    runs: int
    p50: float
    p95: float
    change: float | None
    is_trend: bool


@dataclass(frozen=True, repr=False)
class CaseHistory:
    """All runs of one case in [begin, end), oldest first.

    - `zone`: of the days. `database`: where the results are, without password.
    - `messages`: most runs first.
    """

    case: StoredCase
    key: str
    runs: tuple[CaseRun, ...]
    messages: tuple[MessageGroup, ...]
    begin: datetime
    end: datetime
    zone: ZoneInfo
    database: str

    def __repr__(self) -> str:
        share = f"{self.total.failed:,} of {self.total.runs:,} runs"
        return f"<CaseHistory {visible(self.case.full_name, 200)}: failed in {share}>"

    def _repr_html_(self) -> str:
        from ci_stat.test_results.views.notebook import case_html

        return case_html(self)

    def to_frame(self) -> "DataFrame":
        """One row for each run; docs/api.md lists the columns."""
        from ci_stat.test_results.views.frames import case_frame

        return case_frame(self)

    @property
    def name(self) -> str:
        """Class and name, with parameters."""
        return self.case.full_name

    @cached_property
    def total(self) -> Share:
        """Failed runs among those that passed or failed, with rate and interval."""
        finished = [run for run in self.runs if run.is_finished]
        return Share(self.name, len(self.failed), len(finished))

    @property
    def rate(self) -> float | None:
        """The share of failed runs; None without a run that passed or failed."""
        return self.total.rate

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate (Wilson)."""
        interval = self.total.interval
        return interval.low, interval.high

    @property
    def failed(self) -> tuple[CaseRun, ...]:
        """The failed runs, oldest first."""
        return tuple(run for run in self.runs if run.is_failed)

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """Each day from the first to the last run, with its runs."""
        from ci_stat.test_results.cases.history import days

        return days(self)

    @cached_property
    def states(self) -> tuple[PlaceState, ...]:
        """How it ended at last in each place, failing ones first."""
        from ci_stat.test_results.cases.history import states

        return states(self)

    @cached_property
    def flaky_commits(self) -> tuple[str, ...]:
        """Commits on which it both passed and failed, in one job with one set of labels."""
        from ci_stat.test_results.cases.history import flaky_commits

        return flaky_commits(self)

    @cached_property
    def durations(self) -> tuple[Durations, ...]:
        """Durations of each job and set of labels, most runs first."""
        from ci_stat.test_results.cases.durations import durations

        return durations(self)

    @property
    def length(self) -> timedelta:
        """The length of the window."""
        return self.end - self.begin

"""Values of the feature: what an import did, and what is known of a run's tests."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_stat.escape import visible
from ci_stat.records.case_results import ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.results.read import StoredCase, StoredRun

if TYPE_CHECKING:
    from pandas import DataFrame

NOTEBOOK_ROWS = 20  # entries of each list that a notebook shows


@dataclass(frozen=True, slots=True)
class RunId:
    """A stored run by its id in the results database; `id:7` for people."""

    id: int

    def __str__(self) -> str:
        return f"id:{self.id}"


RunName = int | RunId
"""A run of a job: its number in the CI, or its id in the results database."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """One result file of an import. `is_new`: False if the run had it already."""

    name: str
    state: ReadState
    detail: str = ""
    format: str = ""
    attempts: int = 0
    is_new: bool = True

    @property
    def is_whole(self) -> bool:
        return self.state is ReadState.COMPLETE


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests by their last outcome; `flaky` ones passed at last, after a failure.

    `tests`: different cases. `runs`: attempts of them.
    """

    tests: int = 0
    runs: int = 0
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    flaky: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `left_out`: files in folders that are no results."""

    run: RunInfo
    files: tuple[FileReport, ...]
    left_out: tuple[FileReport, ...]
    counts: Counts

    @property
    def problems(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if not file.is_whole)


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A test that failed at last in a run.

    - `runs`: failed runs in a row of this job, this one included; `since` is the first of them.
    - `last_passed`: the newest run in which it passed, before them.
    - `is_open_ended`: the row reaches the oldest run that was looked at.
    - `is_new_test`: no earlier run of the job had it. Nothing is new in the first run of a job and
      its labels.
    - `flaky_commits`: commits on which it both failed and passed, of `commits` looked at.
    """

    case: StoredCase
    outcome: str
    message: str
    fingerprint: str
    attempts: int
    runs: int
    since: StoredRun
    last_passed: StoredRun | None
    is_open_ended: bool
    is_new_test: bool
    flaky_commits: int
    commits: int


@dataclass(frozen=True, slots=True, repr=False)
class RunReport:
    """The tests of one run, and since when those fail that fail. `now`: aware.

    `package`: the only one whose tests are listed; "" for all. The counts are of all tests.
    """

    run: StoredRun
    counts: Counts
    failed: tuple[FailedTest, ...]
    flaky: tuple[StoredCase, ...]
    files: tuple[FileReport, ...]
    jobs: tuple[str, ...]
    looked_at: int
    now: datetime
    package: str = ""

    @property
    def problems(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if not file.is_whole)

    def __repr__(self) -> str:
        failed = self.counts.failed + self.counts.errors
        return f"<RunReport of {visible(self.run.info.job, 100)}: {failed:,} tests failed>"

    def _repr_html_(self) -> str:
        from ci_stat.test_results.views.notebook import run_html

        return run_html(self)

    def to_frame(self) -> "DataFrame":
        """One row for each failed test; docs/api.md lists the columns."""
        from ci_stat.test_results.views.frames import failed_frame

        return failed_frame(self)

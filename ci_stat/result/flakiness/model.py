"""What is proven to be flaky, with counts and intervals."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ci_stat.records import Provenance
from ci_stat.result.comparing import frames, html
from ci_stat.result.comparing.side import SeenRun
from ci_stat.statistics.intervals import Interval
from ci_stat.statistics.repeats import Repeats

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class LostRuns:
    """Failed runs on commits on which the same job passed, by what broke them.

    - `cases`: tests, builds and checks; `machines`: only machines, services and their setup.
    - `outages`: one cause in many pull requests within two hours, so no flaky test.
    - `unknown`: no failure is known.
    """

    cases: int = 0
    machines: int = 0
    outages: int = 0
    unknown: int = 0

    @property
    def total(self) -> int:
        return self.cases + self.machines + self.outages + self.unknown


@dataclass(frozen=True, slots=True)
class FlakyJob:
    """A job that passed and failed on one commit. `without_commit`: runs that prove nothing."""

    name: str
    commits: Repeats
    without_commit: int
    lost: LostRuns


@dataclass(frozen=True, slots=True)
class FlakyCase:
    """A failure that broke a run of a job, which passed on the same commit.

    - `commits`: of so many `of` all commits of its jobs; `interval`: of that share.
    - `runs`: the runs that it broke there; `prs`: their pull requests; `in_outages`: further runs.
    - `first_seen`, `newest`: its first and last such run in the window.
    """

    kind: str
    name: str
    jobs: tuple[str, ...]
    commits: int
    of: int
    interval: Interval
    runs: int
    prs: int
    in_outages: int
    first_seen: datetime | None
    newest: SeenRun


@dataclass(frozen=True, slots=True, repr=False)
class Flakiness:
    """What passed and failed on one commit, the surest first (by the low end of the interval).

    - `commits`: pairs of a job and a commit, of all jobs.
    - `machines`: failures of machines and services; they say nothing about the tests.
    - `without_commit`: passed and failed runs without a commit; `jobs_without_commits`: the jobs
      that have no others, such as nightly ones.
    - `logs`: flaky runs whose failures come from their logs.
    """

    provenance: Provenance
    commits: Repeats
    lost: LostRuns
    jobs: tuple[FlakyJob, ...]
    cases: tuple[FlakyCase, ...]
    machines: tuple[FlakyCase, ...]
    without_commit: int
    jobs_without_commits: tuple[str, ...]
    logs: int

    @property
    def is_unknown(self) -> bool:
        """Whether no job ran twice on a commit, so that flakiness is unknown."""
        return not self.commits.repeated

    def cases_frame(self) -> "DataFrame":
        """One row per flaky failure, machines last; see `ci_stat.result.comparing.frames`."""
        return frames.flaky_cases_frame((*self.cases, *self.machines))

    def jobs_frame(self) -> "DataFrame":
        """One row per flaky job."""
        return frames.flaky_jobs_frame(self.jobs)

    def __repr__(self) -> str:
        commits = f"{self.commits.mixed} of {self.commits.keys} pairs of job and commit"
        return f"<Flakiness {self.provenance.window}: {commits}, {len(self.cases)} failures>"

    def _repr_html_(self) -> str:
        return html.flakiness_html(self)

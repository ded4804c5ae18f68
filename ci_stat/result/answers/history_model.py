"""The values of the answers about a case, a job and a run."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ci_stat.escape import visible
from ci_stat.records import CaseFailure, PlaceDay, Provenance, Run, Tally
from ci_stat.result.answers.frames import days_frame
from ci_stat.statistics.intervals import Interval, wilson

if TYPE_CHECKING:
    from pandas import DataFrame


class Subject(StrEnum):
    """What a history is about."""

    CASE = "case"
    JOB = "job"


class Origin(StrEnum):
    """What the first failure of the window means.

    - `BEGAN`: so many runs before did not have it that this is no chance.
    - `OLDER`: some runs before did not have it, but it may be older and absent by chance.
    - `DATA`, `WINDOW`: no pass before it is known, as the data or the window has none.
    """

    BEGAN = "it began"
    OLDER = "it may be older"
    DATA = "no pass before it in the data"
    WINDOW = "no pass before it in the window"


@dataclass(frozen=True, slots=True)
class Day:
    """The runs of one day, `YYYY-MM-DD`, and how many have the failure. `runs`: as in `Share`."""

    date: str
    failed: int
    runs: int


@dataclass(frozen=True, slots=True)
class Share:
    """A job, branch, ... with the runs that have the failure, and the `runs` of its rate.

    `runs`: of a case those that passed or failed, as an aborted run does not show whether the case
    fails; of a job all finished ones, with the aborted.
    """

    name: str
    failed: int
    runs: int

    @property
    def rate(self) -> float | None:
        return self.failed / self.runs if self.runs else None

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the rate (Wilson)."""
        return wilson(self.failed, self.runs)


@dataclass(frozen=True, slots=True)
class Seen:
    """Runs with one message (of a case) or one failure (of a job), and its newest form."""

    failure: CaseFailure
    runs: int
    first: Run
    last: Run


@dataclass(frozen=True, slots=True)
class Since:
    """When a failure began, and whether it ended.

    - `first`, `last`: its first and last failed run in the window.
    - `origin`: whether the runs before the first one show that it began there.
    - `runs_before`: runs that passed or failed, of the same jobs and branches on the days before
      the first one.
    - `passed_before`: the last success of the job and branch before `first`; `passed_after`: the
      first one after `last`. None without one.
    """

    first: Run
    last: Run
    origin: Origin
    runs_before: int
    passed_before: Run | None
    passed_after: Run | None


@dataclass(frozen=True, slots=True, repr=False)
class History:
    """The answer about a case or a job.

    - `total`: runs with the failure among the runs of its jobs on its branches, see `Share`.
    - `prs`: pull requests as `repo#number`, most runs first; `seen`: most runs first.
    - `failed`: the failed runs, oldest first.
    - `tally`, `median`: of a job: its runs by outcome, and the median duration of its successes in
      milliseconds, None if unknown.
    - `counts`: of a case: the runs of its jobs on its branches, by day.
    """

    subject: Subject
    name: str
    kind: str
    total: Share
    days: tuple[Day, ...]
    jobs: tuple[Share, ...]
    branches: tuple[Share, ...]
    prs: tuple[Share, ...]
    nightly: int
    seen: tuple[Seen, ...]
    failed: tuple[Run, ...]
    since: Since | None
    source: Provenance
    tally: Tally = Tally()  # noqa: RUF009 - frozen
    median: int | None = None
    notes: tuple[str, ...] = ()
    issue: str = ""
    muted: str = ""
    reproduce: tuple[str, str] = ("", "")
    counts: tuple[PlaceDay, ...] = ()

    def __repr__(self) -> str:
        share = f"{self.total.failed:,} of {self.total.runs:,} runs"
        return f"<History of the {self.subject} {visible(self.name, 200)}: failed in {share}>"

    def _repr_html_(self) -> str:
        from ci_stat.result.answers.answer_html import history_html

        return history_html(self)

    def to_frame(self) -> "DataFrame":
        """One row for each day: `date runs failed rate low high`."""
        return days_frame(self)


@dataclass(frozen=True, slots=True)
class RunAnswer:
    """One run, the runs around it, and the other runs on its commit, oldest first."""

    run: Run
    previous: Run | None
    next: Run | None
    same_commit: tuple[Run, ...]
    source: Provenance

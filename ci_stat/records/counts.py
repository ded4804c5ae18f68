"""Counts of runs. The database and a Result fill the same values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import msgspec

from ci_stat.records.run import Status
from ci_stat.records.window import Window

_LONGEST = timedelta(days=366 * 20)  # a window "since 1970" must not print 600 empty months


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs by outcome. `other`: runs with any other status."""

    success: int = 0
    failure: int = 0
    aborted: int = 0
    other: int = 0

    @classmethod
    def of(cls, statuses: Mapping[str, int]) -> Self:
        """A tally from the number of runs by status."""
        named = (
            statuses.get(Status.SUCCESS, 0),
            statuses.get(Status.FAILURE, 0),
            statuses.get(Status.ABORTED, 0),
        )
        return cls(*named, other=sum(statuses.values()) - sum(named))

    @property
    def total(self) -> int:
        return self.success + self.failure + self.aborted + self.other

    @property
    def finished(self) -> int:
        """Runs with one of the three outcomes: the denominator of all rates."""
        return self.success + self.failure + self.aborted

    @property
    def success_rate(self) -> float | None:
        return self.success / self.finished if self.finished else None

    @property
    def fail_rate(self) -> float | None:
        """Failures among finished runs; None if no run finished."""
        return self.failure / self.finished if self.finished else None

    @property
    def abort_rate(self) -> float | None:
        return self.aborted / self.finished if self.finished else None

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.success + other.success,
            self.failure + other.failure,
            self.aborted + other.aborted,
            self.other + other.other,
        )


@dataclass(frozen=True, slots=True)
class JobCount:
    """One job in a window. Times are naive, in the database's zone.

    `rerun_cnt`: runs beyond the first of this job in the same pull request; `special_cnt`: nightly
    runs.
    """

    job_name: str
    tally: Tally
    prs: int
    failing_prs: int
    rerun_cnt: int
    special_cnt: int
    last_run: datetime | None
    last_failure: datetime | None

    @property
    def rank(self) -> tuple[int, int, str]:
        """Sort key: most failures first; among equals more runs, then the name."""
        return (-self.tally.failure, -self.tally.total, self.job_name)


@dataclass(frozen=True, slots=True)
class PRFacts:
    """What the newest run of the window says about its pull request."""

    title: str | None = None
    author: str | None = None
    branch: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PRCount:
    """One pull request in a window, identified by (repo, number)."""

    repo: str
    number: int
    tally: Tally
    jobs: int
    failing_jobs: int
    rerun_cnt: int
    last_run: datetime | None
    facts: PRFacts = field(default_factory=PRFacts)

    @property
    def rank(self) -> tuple[int, int, str, int]:
        """Sort key: most failures first; among equals more runs, then repository and number."""
        return (-self.tally.failure, -self.tally.total, self.repo, self.number)


@dataclass(frozen=True, slots=True)
class PlaceDay:
    """The runs of one job, repository and branch ("" if unknown) that started on one day.

    `day`: `YYYY-MM-DD`, in the database's zone.
    """

    job: str
    repo: str
    branch: str
    day: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class PeriodCount:
    """All runs, nightly ones included, that started in one hour, day or month.

    `label`: its begin, in the database's zone.
    """

    label: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class WindowCount:
    """A whole window. `pr`: runs of pull requests; `special`: nightly runs.

    `miss_cnt`: failed runs of both kinds without a known failure; `other_statuses`: runs by each
    other status.
    """

    pr: Tally
    special: Tally
    prs: int
    failing_prs: int
    rerun_cnt: int
    jobs: int
    failing_jobs: int
    miss_cnt: int
    other_statuses: tuple[tuple[str, int], ...] = ()
    periods: tuple[PeriodCount, ...] = ()

    @property
    def tally(self) -> Tally:
        return self.pr + self.special


class WindowFacts(msgspec.Struct, frozen=True, gc=False):
    """What reports of later windows need from this one. `count` has no periods.

    - `durations`: milliseconds of the successful runs, by job.
    - `ended_after`: the runs that ended after the window's end, in seconds after it.
    """

    count: WindowCount
    durations: dict[str, list[int]]
    ended_after: list[int]


def seconds_after(end: datetime, began: datetime | None, milliseconds: int | None) -> int:
    """Whole seconds from `end` to the end of a run; 0 or less if it ended before, or is unknown."""
    if began is None or milliseconds is None:
        return 0
    return int((began - end).total_seconds() + milliseconds / 1000)


def period_format(days: float) -> str:
    """The periods that suit a window of `days` days, as a prefix of `YYYY-MM-DD HH`."""
    if days <= 2:
        return "YYYY-MM-DD HH"
    return "YYYY-MM-DD" if days <= 120 else "YYYY-MM"


def period_length(window: Window) -> int:
    """The length of a period's label, a prefix of `YYYY-MM-DD HH:MM:SS`."""
    return len(period_format(window.length.total_seconds() / 86_400))


def every_period(
    window: Window, counted: Mapping[str, Mapping[str, int]]
) -> tuple[PeriodCount, ...]:
    """Each period of the window, including those without runs, so that gaps are visible.

    `counted`: runs by status, by label.
    """
    length = period_length(window)
    first, end = window.wall()
    last = end - timedelta(seconds=1)
    labels = {str(first)[:length], str(last)[:length], *counted}
    if end - first < _LONGEST:
        # Steps may be shorter than a period: a repeated label is one entry.
        step = timedelta(hours=1) if length > len("YYYY-MM-DD") else timedelta(days=1)
        steps = math.ceil((end - first) / step)
        labels |= {str(first + step * n)[:length] for n in range(steps)}
    return tuple(PeriodCount(label, Tally.of(counted.get(label, {}))) for label in sorted(labels))

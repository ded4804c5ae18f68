"""Numbers over runs: what the database counted, or what a Result adds up to. Both ways fill the same values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import msgspec

from ci_stat.records.run import Status
from ci_stat.records.window import Window


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs by outcome. `other` holds every status that is none of the three."""

    success: int = 0
    failure: int = 0
    aborted: int = 0
    other: int = 0

    @classmethod
    def of(cls, statuses: Mapping[str, int]) -> Self:
        """From the number of runs by raw status."""
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
        """Runs with one of the three outcomes: what every rate is a share of."""
        return self.success + self.failure + self.aborted

    @property
    def success_rate(self) -> float | None:
        return self.success / self.finished if self.finished else None

    @property
    def fail_rate(self) -> float | None:
        """Share of failures among finished runs, None where nothing finished."""
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
    """One job in a window. `rerun_cnt`: runs beyond the first of this job in the same PR; `special_cnt`: runs
    that belong to no PR. Times are naive, in the database's zone."""

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
    """What a pull request calls itself, by its newest run of the window."""

    title: str | None = None
    author: str | None = None
    branch: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class PRCount:
    """One pull request in a window: (repo, number) is its identity."""

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
class PeriodCount:
    """All runs, PR and nightly, that started in one hour, day or month (`label`, in the database's zone)."""

    label: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class WindowCount:
    """A whole window: `pr` the runs of pull requests, `special` the nightly ones, apart.

    `miss_cnt`: failed runs of either kind for which no failure is known; `other_statuses`: runs by each raw status
    that is none of the three.
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
    """What reports of later windows need to know of this one. `count` is without periods.

    - `durations`: milliseconds of the successful runs, by job.
    - `ended_after`: of the runs that ended after the window's end, how many seconds after it.
    """

    count: WindowCount
    durations: dict[str, list[int]]
    ended_after: list[int]


def seconds_after(end: datetime, began: datetime | None, milliseconds: int | None) -> int:
    """How long after `end` a run ended, in whole seconds; 0 or less for one that did not, or of which it is unknown."""
    if began is None or milliseconds is None:
        return 0
    return int((began - end).total_seconds() + milliseconds / 1000)


def period_format(days: float) -> str:
    """The step that makes a window of `days` days readable, as a prefix of `YYYY-MM-DD HH`."""
    if days <= 2:
        return "YYYY-MM-DD HH"
    return "YYYY-MM-DD" if days <= 120 else "YYYY-MM"


def period_length(window: Window) -> int:
    """Characters of a period's label, cut from `YYYY-MM-DD HH:MM:SS`."""
    return len(period_format(window.length.total_seconds() / 86_400))


def every_period(
    window: Window, counted: Mapping[str, Mapping[str, int]]
) -> tuple[PeriodCount, ...]:
    """Runs by status for each period of the window, those without any run too: a gap must look like one.

    `counted`: runs by status, by label.
    """
    length = period_length(window)
    first, end = window.wall()
    # Steps no longer than a period: a label met twice is one entry.
    step = timedelta(hours=1) if length > len("YYYY-MM-DD") else timedelta(days=1)
    labels = {str(first)[:length], str(end - timedelta(seconds=1))[:length], *counted}
    if end - first < _LONGEST:
        labels |= {str(first + step * n)[:length] for n in range(math.ceil((end - first) / step))}
    return tuple(PeriodCount(label, Tally.of(counted.get(label, {}))) for label in sorted(labels))


_LONGEST = timedelta(days=366 * 20)  # a window "since 1970" must not print 600 empty months

"""Trends: points of a job over time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import groupby

from ci_stat.test_results.flakiness.model import DefaultBranch
from ci_stat.test_results.trends.daily import DayCount

_DAY = timedelta(days=1)


class Period(StrEnum):
    """What a point stands for. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"

    def begin(self, day: date) -> date:
        """The first day of the period of a day."""
        return day if self is Period.DAY else day - _DAY * day.weekday()

    @property
    def length(self) -> timedelta:
        return _DAY if self is Period.DAY else 7 * _DAY


@dataclass(frozen=True, slots=True)
class Point:
    """A day or week. `tests`: different ones, of a week those of its largest day.

    Shares and seconds are None where nothing finished, or nothing has a duration.
    """

    begin: date
    runs: int
    tests: int
    passed: int
    failed: int
    skipped: int
    flaky: int
    seconds: float
    timed_runs: int

    @property
    def finished(self) -> int:
        return self.passed + self.failed

    @property
    def pass_rate(self) -> float | None:
        return self.passed / self.finished if self.finished else None

    @property
    def flaky_rate(self) -> float | None:
        return self.flaky / self.finished if self.finished else None

    @property
    def seconds_per_run(self) -> float | None:
        return self.seconds / self.timed_runs if self.timed_runs else None


@dataclass(frozen=True, slots=True)
class Trend:
    """The points of a job, one for each period from its first to its last one."""

    repo: str
    job: str
    points: tuple[Point, ...]

    @property
    def runs(self) -> int:
        return sum(point.runs for point in self.points)


@dataclass(frozen=True, slots=True)
class TrendReport:
    """All trends, most runs first. `branch`: the default branch, whose runs count.

    `other_branches`: runs that are left out.
    """

    begin: datetime
    end: datetime
    period: Period
    branch: DefaultBranch
    trends: tuple[Trend, ...]
    other_branches: int


def trends_of(counts: Sequence[DayCount], period: Period) -> tuple[Trend, ...]:
    """Join days to points. `counts`: ordered by repository, job and day."""
    trends = []
    for (repo, job), group in groupby(counts, key=lambda count: (count.repo, count.job)):
        by_begin = {
            begin: _point(begin, list(days))
            for begin, days in groupby(group, key=lambda count: period.begin(count.day))
        }
        trends.append(Trend(repo, job, tuple(_filled(by_begin, period))))
    return tuple(sorted(trends, key=lambda trend: (-trend.runs, trend.repo, trend.job)))


def _point(begin: date, days: Sequence[DayCount]) -> Point:
    return Point(
        begin=begin,
        runs=sum(day.runs for day in days),
        tests=max((day.tests for day in days), default=0),
        passed=sum(day.passed for day in days),
        failed=sum(day.failed for day in days),
        skipped=sum(day.skipped for day in days),
        flaky=sum(day.flaky for day in days),
        seconds=sum(day.seconds for day in days),
        timed_runs=sum(day.timed_runs for day in days),
    )


def _filled(by_begin: dict[date, Point], period: Period) -> list[Point]:
    """The points, with empty ones for periods in which nothing ran."""
    first, last = min(by_begin), max(by_begin)
    number = (last - first) // period.length + 1
    begins = [first + period.length * place for place in range(number)]
    return [by_begin.get(begin) or _point(begin, []) for begin in begins]

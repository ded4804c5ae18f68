"""What ran on each day of a server's table, and a check of each day.

The check is read from the index on `time`, which has the keys of the rows too, and no row.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, func, select

from ci_stat.records import RunFilter, pull_number
from ci_stat.store.ci_data.cells import text_of
from ci_stat.store.ci_data.runs import conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, pull_text
from ci_stat.store.ci_data.streaming import stream

_FIRST_ORDINAL = 365  # TO_DAYS of the day before Python's first day

StoredKey = tuple[str, int]  # job, as stored, and number of a run
PlaceStatus = tuple[str, str, str, str]  # job, as stored, repository, branch, status


@dataclass(frozen=True, slots=True)
class RunsOfDay:
    """The runs of pull requests, by number, and all runs counted by place and status."""

    pulls: dict[int, list[StoredKey]] = field(default_factory=dict)
    places: Counter[PlaceStatus] = field(default_factory=Counter)


def day_checks(connection: Connection, run_filter: RunFilter) -> dict[date, str] | None:
    """A text for each day with rows, which changes if rows are added, deleted or moved.

    None if the time of a row is no day of the calendar, such as 2021-06-00.
    """
    c = ci_data.c
    key = func.concat(c.job, "/", c.job_id)
    check = (func.count(), func.sum(func.crc32(key)))
    statement = select(func.to_days(c.time).label("d"), *check).where(*conditions(run_filter))
    checks: dict[date, str] = {}
    for rows in stream(connection, statement.group_by("d")):
        for day, count, keys in rows:
            if day is None or int(day) <= _FIRST_ORDINAL:
                return None
            checks[_date(day)] = f"{int(count)}/{int(keys)}"
    return checks


def runs_by_day(connection: Connection, run_filter: RunFilter) -> dict[date, RunsOfDay]:
    """The runs of each day of the window."""
    c = ci_data.c
    columns = [exact(c[name]) for name in ("job", "repo", "branch", "status")]
    day_and_pull = (func.to_days(c.time), pull_text(c.description), c.job_id)
    statement = select(*day_and_pull, *columns).where(*conditions(run_filter))
    days: dict[date, RunsOfDay] = {}
    for rows in stream(connection, statement):
        for day, pull, run, *names in rows:
            of_day = days.setdefault(_date(day), RunsOfDay())
            job, repo, branch, status = map(text_of, names)
            of_day.places[job, repo, branch, status] += 1
            number = pull_number(text_of(pull)) if names[1] is not None else 0
            if number:
                of_day.pulls.setdefault(number, []).append((job, int(run)))
    return days


def _date(days: int) -> date:
    return date.fromordinal(int(days) - _FIRST_ORDINAL)

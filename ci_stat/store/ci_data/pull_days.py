"""Which pull requests have runs on which day of a server's table, and a check of each day.

The check is read from the index on `time`, which has the keys of the rows too, and no row.
"""

from collections import defaultdict
from datetime import date

from sqlalchemy import Connection, func, select

from ci_stat.records import RunFilter, pull_number
from ci_stat.store.ci_data.cells import text_of
from ci_stat.store.ci_data.runs import conditions
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import pull_text
from ci_stat.store.ci_data.streaming import stream

_FIRST_ORDINAL = 365  # TO_DAYS of the day before Python's first day


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


def pulls_by_day(connection: Connection, run_filter: RunFilter) -> dict[date, set[int]]:
    """The numbers of the pull requests of each day of the window."""
    c = ci_data.c
    columns = (func.to_days(c.time), pull_text(c.description))
    statement = select(*columns).where(*conditions(run_filter), c.repo.is_not(None))
    numbers: dict[date, set[int]] = defaultdict(set)
    for rows in stream(connection, statement.distinct()):
        for day, text in rows:
            number = pull_number(text_of(text))
            if number:
                numbers[_date(day)].add(number)
    return numbers


def _date(days: int) -> date:
    return date.fromordinal(int(days) - _FIRST_ORDINAL)

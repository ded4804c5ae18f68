"""Rows of a job that was deleted and created again: kept under a name of their own."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, count

from sqlalchemy import Connection, Engine, and_, func, or_, select, update
from sqlalchemy.types import String

from ci_stat.records import Stretch
from ci_stat.store.ci_data.cells import time_of
from ci_stat.store.ci_data.runs import name_conditions_of_job, wall_text
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, wall
from ci_stat.store.ci_data.write import name_limit
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors


class FormerJob:
    """The rows of `job` that began before `first`, the first build of the new job (naive)."""

    def __init__(self, engine: Engine, job: str, first: datetime) -> None:
        self.engine, self.job = engine, job
        began_before = or_(ci_data.c.time.is_(None), wall(ci_data.c.time) < wall_text(first))
        self._rows = and_(*name_conditions_of_job(job), began_before)

    def numbers(self) -> list[int]:
        """The stored numbers of the former job."""
        with connected(self.engine) as connection:
            rows = connection.execute(select(ci_data.c.job_id).where(self._rows))
            return [int(number) for (number,) in rows]

    def name(self) -> str:
        """The name to keep them under: `unit (until 2026-11-01)`, the day of the last row.

        The same again after an interruption, because it depends on the rows only.
        """
        with connected(self.engine) as connection:
            last = self._last(connection)
            day = last.date().isoformat() if last else "unknown"
            names = _names(self.job, day, name_limit(connection))
            return next(name for name in names if not _is_used(connection, name))

    def _last(self, connection: Connection) -> datetime | None:
        newest = select(func.max(wall(ci_data.c.time)).cast(String(32))).where(self._rows)
        return time_of(connection.execute(newest).scalar())

    def keep_as(self, name: str) -> Stretch:
        """Rename the rows in one statement, all of them or none.

        Returns their first and last time.
        """
        times = Stretch()
        with database_errors(self.engine), self.engine.begin() as connection:
            span = select(
                func.min(wall(ci_data.c.time)).cast(String(32)),
                func.max(wall(ci_data.c.time)).cast(String(32)),
            ).where(self._rows)
            times.add_times(map(time_of, connection.execute(span).one()))
            connection.execute(update(ci_data).where(self._rows).values(job=name))
        return times


def _names(job: str, day: str, limit: int | None) -> Iterator[str]:
    """The possible names, each cut in front of its day where the column is short."""
    endings = chain([f" (until {day})"], (f" (until {day}, {number})" for number in count(2)))
    for ending in endings:
        yield (job if limit is None else job[: limit - len(ending)]) + ending


def _is_used(connection: Connection, name: str) -> bool:
    statement = select(ci_data.c.job).where(exact(ci_data.c.job) == name).limit(1)
    return connection.execute(statement).first() is not None

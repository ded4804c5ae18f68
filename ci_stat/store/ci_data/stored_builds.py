"""Which builds `ci_data` has already, and which statuses its column accepts."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, String, func, inspect, select

from ci_stat.errors import ServerUnreachable
from ci_stat.records import ATTEMPT_UNIT
from ci_stat.store.ci_data.cells import time_of
from ci_stat.store.ci_data.runs import name_conditions_of_job, wall_text
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import wall
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, retry_read

T = TypeVar("T")

_IS_FIRST_ATTEMPT = ci_data.c.job_id < ATTEMPT_UNIT


def has_table(engine: Engine) -> bool:
    """Whether `ci_data` exists. False if the SQLite file does not exist."""
    try:
        with connected(engine) as connection:
            return bool(inspect(connection).has_table(ci_data.name))
    except ServerUnreachable:
        is_sqlite = engine.url.get_backend_name() == "sqlite"
        if not is_sqlite or Path(engine.url.database or "").exists():
            raise
        return False


def statuses_of(engine: Engine) -> frozenset[str] | None:
    """The statuses that the column accepts, if it is an enum as in the original table.

    None if it accepts any text.
    """
    with database_errors(engine):
        columns = inspect(engine).get_columns(ci_data.name)
    types = {column["name"]: column["type"] for column in columns}
    statuses = getattr(types.get("status"), "enums", None)
    return frozenset(statuses) if statuses else None


class JobRows:
    """The rows of one job; empty if the table does not exist (`there`).

    Each query opens its own connection.
    """

    def __init__(
        self, engine: Engine, job: str, there: bool, statuses: frozenset[str] | None
    ) -> None:
        self.engine, self.job, self._there, self._statuses = engine, job, there, statuses
        self._of_job = name_conditions_of_job(job)

    def since(self, first: datetime) -> "JobRows":
        """Those rows of the job that did not begin before `first` (naive)."""
        later = JobRows(self.engine, self.job, self._there, self._statuses)
        later._of_job.append(wall(ci_data.c.time) >= wall_text(first))
        return later

    def holds(self, status: str) -> bool:
        """Whether the table accepts a status."""
        return self._statuses is None or status in self._statuses

    def known(self, numbers: Sequence[int]) -> set[int]:
        """Those of `numbers` that are stored."""
        if not numbers:
            return set()
        in_span = ci_data.c.job_id.between(min(numbers), max(numbers))
        stored = self._read(lambda connection: set(self._numbers(connection, in_span)))
        return (stored or set()) & set(numbers)

    def starts(self, numbers: Sequence[int]) -> dict[int, datetime]:
        """The start of each of `numbers` that is stored with a time (naive)."""
        if not numbers:
            return {}
        in_span = ci_data.c.job_id.between(min(numbers), max(numbers))
        starts = self._read(lambda connection: dict(self._starts(connection, in_span))) or {}
        return {number: starts[number] for number in numbers if number in starts}

    def newest(self) -> tuple[int, datetime] | None:
        """The largest stored number of a first attempt, and its start; None without a time."""

        def last(connection: Connection) -> tuple[int, datetime] | None:
            number = self._one(connection, func.max(ci_data.c.job_id), _IS_FIRST_ATTEMPT)
            return next(self._starts(connection, ci_data.c.job_id == number), None)

        return self._read(last)

    def oldest(self) -> int | None:
        """The smallest stored number."""
        return self._read(lambda connection: self._one(connection, func.min(ci_data.c.job_id)))

    def gap(self, after: datetime) -> int | None:
        """The smallest missing number among the builds that started after `after` (naive)."""
        is_recent = wall(ci_data.c.time) >= wall_text(after)
        number = ci_data.c.job_id

        def first_gap(connection: Connection) -> int | None:
            first = self._one(connection, func.min(number), is_recent)
            if first is None:
                return None
            before = self._one(connection, func.max(number), number < first)
            expected = first if before is None else before + 1
            return _first_missing(self._numbers(connection, number >= first), expected)

        return self._read(first_gap)

    def _read(self, query: Callable[[Connection], T]) -> T | None:
        def once() -> T:
            with connected(self.engine) as connection:
                return query(connection)

        return retry_read(once) if self._there else None

    def _one(
        self, connection: Connection, what: ColumnElement[int], *where: ColumnElement[bool]
    ) -> int | None:
        value = connection.execute(select(what).where(*self._of_job, *where)).scalar()
        return None if value is None else int(value)

    def _starts(
        self, connection: Connection, where: ColumnElement[bool]
    ) -> Iterator[tuple[int, datetime]]:
        statement = select(ci_data.c.job_id, wall(ci_data.c.time).cast(String(32)))
        for rows in stream(connection, statement.where(*self._of_job, where)):
            for number, value in rows:
                start = time_of(value)
                if start is not None:
                    yield int(number), start

    def _numbers(self, connection: Connection, where: ColumnElement[bool]) -> Iterator[int]:
        statement = select(ci_data.c.job_id).where(*self._of_job, where).order_by(ci_data.c.job_id)
        for rows in stream(connection, statement):
            yield from (int(number) for (number,) in rows)


def _first_missing(numbers: Iterator[int], expected: int) -> int | None:
    """The first number from `expected` on that is missing in `numbers`, which ascend."""
    for number in numbers:
        if number != expected:
            return expected
        expected = number + 1
    return None

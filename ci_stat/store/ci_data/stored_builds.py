"""What `ci_data` holds already: the numbers of a job's runs, and the statuses that its column can hold."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, func, inspect, select

from ci_stat.errors import ServerUnreachable
from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, wall
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, retry_read

T = TypeVar("T")


def has_table(engine: Engine) -> bool:
    """Whether there is a `ci_data`. A SQLite file that is not there yet has none."""
    try:
        with connected(engine) as connection:
            return bool(inspect(connection).has_table(ci_data.name))
    except ServerUnreachable:
        if engine.url.get_backend_name() != "sqlite" or Path(engine.url.database or "").exists():
            raise
        return False


def statuses_of(engine: Engine) -> frozenset[str] | None:
    """The statuses that the table can hold; None for all. The original writer's column is an enum of three."""
    with database_errors(engine):
        columns = inspect(engine).get_columns(ci_data.name)
    names = next(
        (getattr(each["type"], "enums", None) for each in columns if each["name"] == "status"), None
    )
    return frozenset(names) if names else None


class JobRows:
    """The rows of one job. Each question opens its own connection; a table that is not `there` holds nothing."""

    def __init__(
        self, engine: Engine, job: str, there: bool, statuses: frozenset[str] | None
    ) -> None:
        self.engine, self.job, self._there, self._statuses = engine, job, there, statuses
        # The plain comparison is for the index; `exact` decides.
        self._of_job: list[ColumnElement[bool]] = [exact(ci_data.c.job) == job]
        if job.isascii():
            self._of_job.append(ci_data.c.job == job)

    def holds(self, status: str) -> bool:
        return self._statuses is None or status in self._statuses

    def known(self, numbers: Sequence[int]) -> set[int]:
        """Those of `numbers` that are stored."""
        if not numbers:
            return set()
        span = ci_data.c.job_id.between(min(numbers), max(numbers))
        found = self._ask(lambda connection: set(self._numbers(connection, span)))
        return (found or set()) & set(numbers)

    def oldest(self) -> int | None:
        """The smallest number stored."""
        return self._ask(lambda connection: self._one(connection, func.min(ci_data.c.job_id)))

    def gap(self, after: datetime) -> int | None:
        """The smallest number that is missing among those of builds that started later than `after` (naive)."""
        recent = wall(ci_data.c.time) >= wall_text(after)

        def look(connection: Connection) -> int | None:
            first = self._one(connection, func.min(ci_data.c.job_id), recent)
            if first is None:
                return None
            before = self._one(connection, func.max(ci_data.c.job_id), ci_data.c.job_id < first)
            numbers = self._numbers(connection, ci_data.c.job_id >= first)
            return _first_missing(numbers, first if before is None else before + 1)

        return self._ask(look)

    def _ask(self, question: Callable[[Connection], T]) -> T | None:
        def once() -> T:
            with connected(self.engine) as connection:
                return question(connection)

        return retry_read(once) if self._there else None

    def _one(
        self, connection: Connection, what: ColumnElement[int], *where: ColumnElement[bool]
    ) -> int | None:
        found = connection.execute(select(what).where(*self._of_job, *where)).scalar()
        return None if found is None else int(found)

    def _numbers(self, connection: Connection, where: ColumnElement[bool]) -> Iterator[int]:
        statement = select(ci_data.c.job_id).where(*self._of_job, where).order_by(ci_data.c.job_id)
        for rows in stream(connection, statement):
            yield from (int(number) for (number,) in rows)


def _first_missing(numbers: Iterator[int], expected: int) -> int | None:
    """The first number from `expected` on that is not among `numbers`, which ascend."""
    for number in numbers:
        if number != expected:
            return expected
        expected = number + 1
    return None

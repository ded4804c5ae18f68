"""Queries for the rows of `ci_data` as `Run`s: streamed, and filtered by window and names."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, and_, bindparam, func, null, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import BigInteger, String

from ci_stat.errors import UsageError
from ci_stat.records import (
    JOB_KEY,
    OWN_KEYS,
    Origin,
    Run,
    RunFilter,
    full_name,
    may_be_cut,
    stored_names,
)
from ci_stat.store.ci_data.decode import Decoder, parameters, wall_time
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import exact, in_window, of_rows, raw_json
from ci_stat.store.ci_data.streaming import stream
from ci_stat.store.engine import connected
from ci_stat.store.errors import hidden

BATCH = 500  # rows at a time: each has 2-3 KB of JSON that is dropped after decoding

T = TypeVar("T")
_FEW = 20  # newest rows that tell who writes the table


def wall_text(moment: datetime) -> str:
    """A naive time as text that all databases compare correctly."""
    return moment.isoformat(" ", "seconds")  # strftime does not pad years before 1000


def conditions(run_filter: RunFilter) -> list[ColumnElement[Any]]:
    """WHERE for the window and the names. All values are bound parameters."""
    begin, end = map(wall_text, run_filter.window.wall())
    within = in_window(
        ci_data.c.time,
        bindparam("begin", begin, String()),
        bindparam("end", end, String()),
        bindparam("first_day", begin[:10], String()),
        bindparam("day_after", end[:10] + "~", String()),
    )
    _check_text(run_filter.statuses)
    names = name_conditions(replace(run_filter, statuses=()))
    if not run_filter.statuses:
        return [within, *names]
    # Many rows share a status, so SQLite must not use its index: the window has fewer rows.
    status = of_rows(exact(ci_data.c.status)).in_(run_filter.statuses)
    return [within, *names, status]


def _columns(run_filter: RunFilter) -> tuple[tuple[ColumnElement[Any], tuple[str, ...]], ...]:
    """Each column that the filter may narrow, and the names to keep."""
    return (
        (ci_data.c.job, tuple(chain.from_iterable(map(stored_names, run_filter.jobs)))),
        (ci_data.c.repo, run_filter.repos),
        (ci_data.c.branch, run_filter.branches),
        (ci_data.c.status, run_filter.statuses),
    )


def name_conditions(run_filter: RunFilter) -> list[ColumnElement[bool]]:
    """WHERE for the names, at any time. The plain IN uses the index; `exact` decides."""
    where: list[ColumnElement[bool]] = []
    for column, names in _columns(run_filter):
        conditions = _in_names(column, names)
        if column is ci_data.c.repo and conditions and run_filter.nightly:
            nightly = _in_names(ci_data.c.job, run_filter.nightly)
            of_nightly = and_(or_(column.is_(None), column == ""), *nightly)
            conditions = [or_(and_(*conditions), of_nightly)]
        where += conditions
    return where


def _in_names(column: ColumnElement[Any], names: tuple[str, ...]) -> list[ColumnElement[bool]]:
    if not names:
        return []
    _check_text(names)
    conditions: list[ColumnElement[bool]] = [exact(column).in_(names)]
    # Comparing a latin1 column with letters that it lacks would be an error.
    if all(name.isascii() for name in names):
        conditions.append(column.in_(names))
    return conditions


def _check_text(names: tuple[str, ...]) -> None:
    """Raises UsageError for a lone surrogate (from an argument that was not UTF-8).

    No driver can send it.
    """
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"{name!r} is not text that a table can store.", "Write it in UTF-8."
            ) from None


def run_statement(run_filter: RunFilter) -> Select[Any]:
    """The runs of a window."""
    return run_columns().where(*conditions(run_filter))


def run_columns(has_description: bool = True) -> Select[Any]:
    """The columns of a Run, in the order that `Decoder` expects."""
    c = ci_data.c
    description = raw_json(c.description) if has_description else null()
    return select(
        c.job,
        c.job_id,
        c.status,
        c.time,
        c.duration,
        c.repo,
        c.branch,
        c.commit,
        c.comment,
        description.label("description"),
        raw_json(c.analysis_res).label("analysis_res"),
    )


def query_text(run_filter: RunFilter) -> str:
    """A statement for people that selects the rows that were read or counted."""
    begin, end = run_filter.window.wall()
    parts = [f"time >= '{wall_text(begin)}'", f"time < '{wall_text(end)}'"]
    for column, names in _columns(run_filter):
        if names:
            parts.append(f"{column.key} IN ({', '.join(map(_quoted, names))})")
    where = " AND ".join(parts)
    return f"SELECT * FROM {ci_data.name} WHERE {where}"  # noqa: S608 - shown, never sent


def _quoted(name: str) -> str:
    return "'" + name.replace("\\", "\\\\").replace("'", "''") + "'"


def count_rows(connection: Connection, run_filter: RunFilter) -> int:
    """The number of the window's rows with any status."""
    where = conditions(replace(run_filter, statuses=()))
    statement = select(func.count()).select_from(ci_data).where(*where)
    return int(connection.execute(statement).scalar() or 0)


def known_names(connection: Connection, column: str) -> set[str]:
    """The distinct values of `job`, `repo` or `branch` in the table, read from an index."""
    statement = select(ci_data.c[column]).distinct()
    names = {name for (name,) in connection.execute(statement) if name}
    return names | set(full_names(connection, names).values()) if column == "job" else names


def has_rows(connection: Connection, run_filter: RunFilter) -> bool:
    """Whether any row, at any time, has these names."""
    query = select(ci_data.c.job).where(*name_conditions(run_filter)).limit(1)
    return connection.execute(query).first() is not None


def newest_time(connection: Connection, until: datetime | None = None) -> datetime | None:
    """The newest time in the table, or up to `until`; None without such rows."""
    return _time_of(connection, func.max(ci_data.c.time), until)


def is_ours(connection: Connection, newest: datetime) -> bool:
    """Whether a row since this time has parameters that ci_stat writes."""
    text = raw_json(ci_data.c.description).label("description")
    query = select(text).where(ci_data.c.time >= wall_text(newest)).limit(_FEW)
    descriptions = connection.execute(query).scalars()
    return any(key.startswith(OWN_KEYS) for text in descriptions for key in parameters(text))


def count_after(connection: Connection, moment: datetime) -> int:
    """The number of rows with a later time."""
    later = select(func.count()).where(ci_data.c.time > wall_text(moment))
    return int(connection.execute(later).scalar_one())


def oldest_time(connection: Connection) -> datetime | None:
    """The oldest time in the table; None if it is empty."""
    return _time_of(connection, func.min(ci_data.c.time))


def _time_of(
    connection: Connection, what: ColumnElement[Any], until: datetime | None = None
) -> datetime | None:
    statement = select(what.cast(String(32)))
    if until is not None:
        statement = statement.where(ci_data.c.time <= wall_text(until))
    value = connection.execute(statement).scalar()
    try:
        return wall_time(value)
    except ValueError:
        return None


def database_name(engine: Engine) -> str:
    """The database for people: its URL without password."""
    return hidden(engine.url)


Kept = dict[tuple[str, int], bytes]


def read_runs(
    connection: Connection,
    run_filter: RunFilter,
    origin: Origin,
    warnings: Counter[str],
    on_rows: Callable[[int], None],
    kept: Kept | None = None,
) -> Iterator[Run]:
    """The runs of a window, unordered. `warnings` counts invalid values by kind.

    `on_rows`: called with the number of rows after each batch. `kept`: receives the
    descriptions by job and build number.
    """
    decode = Decoder(origin, warnings)
    for rows in stream(connection, run_statement(run_filter), BATCH):
        if kept is not None:
            kept.update(((row[0], row[1]), row[9]) for row in rows if row[9])
        yield from map(decode, rows)
        on_rows(len(rows))


def name_conditions_of_job(job: str) -> list[ColumnElement[bool]]:
    """WHERE for the rows of one job, under each name that a table may have for it."""
    names = stored_names(job)
    where: list[ColumnElement[bool]] = [exact(ci_data.c.job).in_(names)]
    # The plain comparison uses the index; a latin1 column has no other letters.
    return [*where, ci_data.c.job.in_(names)] if job.isascii() else where


def full_names(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The full name of each stored name that may be cut, from a row of its job."""
    return {name: _full_name(connection, name) for name in names if may_be_cut(name)}


def with_full_names(connection: Connection, by_job: Mapping[str, T]) -> dict[str, T]:
    """The values by the full names of their jobs."""
    full = full_names(connection, by_job)
    return {full.get(job, job): value for job, value in by_job.items()}


def _full_name(connection: Connection, name: str) -> str:
    statement = select(raw_json(ci_data.c.description)).where(
        *name_conditions_of_job(name), ci_data.c.description.is_not(None)
    )
    said = parameters(connection.execute(statement.limit(1)).scalar()).get(JOB_KEY)
    return full_name(name, said if isinstance(said, str) else None)


def describe(engine: Engine, job: str, job_id: int) -> dict[str, Any]:
    """All build parameters of one run, read from the database; {} without valid ones."""
    statement = select(raw_json(ci_data.c.description)).where(
        *name_conditions_of_job(job), ci_data.c.job_id == bindparam("id", job_id, BigInteger())
    )
    with connected(engine) as connection:
        return parameters(connection.execute(statement).scalar())

"""Writes `ci_data`: an upsert by (job, job_id), for `import`, `sync` and the demo."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from unicodedata import combining, normalize

from msgspec.structs import replace
from sqlalchemy import Connection, Engine, String, cast, inspect, select, tuple_
from sqlalchemy.exc import DBAPIError

from ci_stat.errors import BadRecord, SchemaMismatch
from ci_stat.records import JOB_KEY, RunRow, Stretch, stored_name, to_json
from ci_stat.store.ci_data.cells import text_of, time_of
from ci_stat.store.ci_data.indexes import add_indexes
from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.ci_data.schema import ci_data, metadata
from ci_stat.store.embedded import create_private
from ci_stat.store.embedded_zone import record_zone
from ci_stat.store.errors import database_errors, hidden
from ci_stat.store.upsert import upsert

_KEY = ("job", "job_id")
_SHORT = 100  # characters of a job's name that every table holds


def prepare(engine: Engine) -> None:
    """Create `ci_data` if it is missing.

    The zone of an embedded database is recorded first: a table without it counts as older.

    Raises SchemaMismatch if (job, job_id) is not unique: an upsert would write rows twice.
    """
    with database_errors(engine):
        create_private(engine)
        record_zone(engine)
        _create(engine)
        _check_key(engine)
        add_indexes(engine)


def _check_key(engine: Engine) -> None:
    if set(_KEY) in map(set, _unique_keys(engine)):
        return
    raise SchemaMismatch(
        f"Table {ci_data.name} of {hidden(engine.url)} has no unique key on (job, job_id).",
        "An import would store runs twice. Add one: ALTER TABLE ci_data ADD PRIMARY KEY"
        " (job, job_id).",
    )


def _unique_keys(engine: Engine) -> list[Any]:
    inspector = inspect(engine)
    primary = inspector.get_pk_constraint(ci_data.name)["constrained_columns"]
    if set(primary) == set(_KEY):
        # SQLAlchemy warns about an index on an expression, which it cannot reflect.
        return [primary]
    indexes = [index for index in inspector.get_indexes(ci_data.name) if index["unique"]]
    constraints = inspector.get_unique_constraints(ci_data.name)
    return [primary, *(unique["column_names"] for unique in (*indexes, *constraints))]


def _create(engine: Engine) -> None:
    try:
        metadata.create_all(engine)
    except DBAPIError:
        # Another import may have created it in the meantime.
        if not inspect(engine).has_table(ci_data.name):
            raise
        metadata.create_all(engine)


def values_of(row: RunRow) -> dict[str, Any]:
    """The row as bound parameters; JSON as text."""
    return {
        "job": row.job,
        "job_id": row.job_id,
        "status": row.status,
        "duration": row.duration,
        "time": row.time and wall_text(row.time),
        "commit": row.commit,
        "branch": row.branch,
        "comment": row.comment,
        "analysis_res": _json(row.analysis_res),
        "description": _json(row.description),
        "repo": row.repo,
    }


def _json(value: dict[str, Any] | str | None) -> str | None:
    return to_json(value) if isinstance(value, dict) else value


def write_rows(
    engine: Engine, rows: Sequence[RunRow], replaced: Stretch | None = None
) -> list[tuple[int, BadRecord]]:
    """Insert or replace `rows` in one transaction. Rows that the database rejects are skipped.

    `replaced` is extended by the times that the replaced rows had: a run may move to another day.

    Returns (position in `rows`, reason) of each skipped row.
    """
    if not rows:
        return []
    with database_errors(engine), engine.begin() as connection:
        if any(len(row.job) > _SHORT for row in rows):
            limit = name_limit(connection)
            rows = [_with_stored_name(row, limit) for row in rows]
        before = _stored(connection, rows)
        if replaced is not None:
            replaced.add_times(before.values())
        if _in_one_row(rows, before):
            return _one_by_one(connection, rows)

        try:
            # Without a savepoint, which Spider lacks: the rows before the rejected one are
            # written again, which changes nothing.
            connection.execute(upsert(connection, ci_data), [values_of(row) for row in rows])
        except DBAPIError as error:
            if not _is_rejected(error):
                raise
            return _one_by_one(connection, rows)
    return []


def name_limit(connection: Connection) -> int | None:
    """Characters of a job's name that the table holds; None for any number (SQLite)."""
    if connection.dialect.name == "sqlite":
        return None
    columns = inspect(connection).get_columns(ci_data.name)
    types = {column["name"]: column["type"] for column in columns}
    return getattr(types.get("job"), "length", None)


def _with_stored_name(row: RunRow, limit: int | None) -> RunRow:
    """The row under a name that fits. Without a place for the full name it is rejected later."""
    name = stored_name(row.job, limit)
    if name == row.job or isinstance(row.description, str):
        return row
    return replace(row, job=name, description={**(row.description or {}), JOB_KEY: row.job})


def _stored(
    connection: Connection, rows: Iterable[RunRow]
) -> dict[tuple[str, int], datetime | None]:
    """The times of the stored rows that the database takes for the same runs, by their key.

    A table may take `Unit` and `unit` for one name: then a key differs from that of the row.
    """
    keys = [(row.job, row.job_id) for row in rows]
    try:
        return _stored_under(connection, keys)
    except DBAPIError as error:
        if _code(error) != _MIXED_COLLATIONS:
            raise
        # A name has letters that the column cannot hold, so no row has it.
        return _stored_under(connection, [key for key in keys if key[0].isascii()])


def _stored_under(
    connection: Connection, keys: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], datetime | None]:
    c = ci_data.c
    statement = select(c.job, c.job_id, cast(c.time, String(32))).where(
        tuple_(c.job, c.job_id).in_(keys)
    )
    return {
        (text_of(job), number): time_of(time) for job, number, time in connection.execute(statement)
    }


def _in_one_row(rows: Iterable[RunRow], stored: Iterable[tuple[str, int]]) -> bool:
    """Whether the table may take rows of different jobs for the same run."""
    keys = {(row.job, row.job_id) for row in rows}
    folded = {(_folded(job), number) for job, number in keys}
    return len(folded) < len(keys) or not keys.issuperset(stored)


def _folded(job: str) -> str:
    """The name without what a collation may ignore: case, accents and blanks around it."""
    text = job if job.isascii() else normalize("NFKD", job)
    return "".join(letter for letter in text.casefold() if not combining(letter)).strip()


# Truncated, wrong type, too long, out of range, invalid JSON, a CHECK.
_VALUE_CODES = {1265, 1366, 1406, 1264, 3140, 4025}
_MIXED_COLLATIONS = 1267
_VALUE_ERRORS = ("DataError", "IntegrityError", "InterfaceError")


def _is_rejected(error: DBAPIError) -> bool:
    """Whether the database rejected a value."""
    if error.connection_invalidated:
        return False
    return _code(error) in _VALUE_CODES or type(error).__name__ in _VALUE_ERRORS


def _code(error: DBAPIError) -> object:
    return error.orig.args[0] if error.orig and error.orig.args else None


def _one_by_one(connection: Connection, rows: Iterable[RunRow]) -> list[tuple[int, BadRecord]]:
    rejected = []
    statement = upsert(connection, ci_data)
    for position, row in enumerate(rows):
        other = next((job for job, _ in _stored(connection, [row]) if job != row.job), None)
        if other is not None:
            same = f"the table takes its job for {other!r}, which has a run of this number"
            rejected.append((position, BadRecord(same)))
            continue
        try:
            connection.execute(statement, values_of(row))
        except DBAPIError as error:
            if not _is_rejected(error):
                raise
            reason = error.orig.args[-1] if error.orig else error
            rejected.append((position, BadRecord(f"the database rejects it: {reason}")))
    return rejected

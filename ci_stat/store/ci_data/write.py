"""Writes `ci_data`: an upsert by (job, job_id), for `import`, `sync` and the demo."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from ci_stat.errors import BadRecord, SchemaMismatch
from ci_stat.records import RunRow, to_json
from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.ci_data.schema import ci_data, metadata
from ci_stat.store.errors import database_errors, hidden
from ci_stat.store.upsert import upsert

_KEY = ("job", "job_id")


def prepare(engine: Engine) -> None:
    """Create `ci_data` if it is missing.

    Raises SchemaMismatch if (job, job_id) is not unique: an upsert would write rows twice.
    """
    with database_errors(engine):
        _create(engine)
        keys = _unique_keys(engine)
    if set(_KEY) not in map(set, keys):
        raise SchemaMismatch(
            f"Table {ci_data.name} of {hidden(engine.url)} has no unique key on (job, job_id).",
            "An import would store runs twice. Add one: ALTER TABLE ci_data ADD PRIMARY KEY"
            " (job, job_id).",
        )


def _unique_keys(engine: Engine) -> list[Any]:
    inspector = inspect(engine)
    primary = inspector.get_pk_constraint(ci_data.name)["constrained_columns"]
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


def write_rows(engine: Engine, rows: Sequence[RunRow]) -> list[tuple[int, BadRecord]]:
    """Insert or replace `rows` in one transaction. Rows that the database rejects are skipped.

    Returns (position in `rows`, reason) of each skipped row.
    """
    if not rows:
        return []
    with database_errors(engine), engine.begin() as connection:
        try:
            # Without a savepoint, which Spider lacks: the rows before the rejected one are
            # written again, which changes nothing.
            connection.execute(upsert(connection, ci_data), [values_of(row) for row in rows])
        except DBAPIError as error:
            if not _is_rejected(error):
                raise
            return _one_by_one(connection, rows)
    return []


# Truncated, wrong type, too long, out of range, invalid JSON, a CHECK.
_VALUE_CODES = {1265, 1366, 1406, 1264, 3140, 4025}
_VALUE_ERRORS = ("DataError", "IntegrityError", "InterfaceError")


def _is_rejected(error: DBAPIError) -> bool:
    """Whether the database rejected a value."""
    if error.connection_invalidated:
        return False
    code = error.orig.args[0] if error.orig and error.orig.args else None
    return code in _VALUE_CODES or type(error).__name__ in _VALUE_ERRORS


def _one_by_one(connection: Connection, rows: Iterable[RunRow]) -> list[tuple[int, BadRecord]]:
    rejected = []
    statement = upsert(connection, ci_data)
    for position, row in enumerate(rows):
        try:
            connection.execute(statement, values_of(row))
        except DBAPIError as error:
            if not _is_rejected(error):
                raise
            reason = error.orig.args[-1] if error.orig else error
            rejected.append((position, BadRecord(f"the database rejects it: {reason}")))
    return rejected

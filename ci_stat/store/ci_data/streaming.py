"""Streams rows as the driver's own tuples: memory use does not grow with their number."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Executable

from ci_stat.store.engine import READ_TIMEOUT
from ci_stat.store.errors import is_lost, of_driver, too_slow


def stream(
    connection: Connection, statement: Executable, batch: int = 2_000
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `statement` as the driver's own tuples, in lists of up to `batch`.

    SQLAlchemy only compiles the statement: its row objects cost 5-15 % of a bulk read. Values are
    not converted, so parameters must be texts and numbers.
    """
    sql, parameters = _compiled(connection, statement)
    cursor = _streaming_cursor(connection)
    is_read = False
    asked = time.monotonic()
    try:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(batch):
            yield rows
            asked = time.monotonic()
        is_read = True
    except Exception as error:
        # Not every driver says that the read timeout broke the connection.
        is_late = time.monotonic() - asked >= _read_timeout(connection)
        if is_late and of_driver(error) and is_lost(error):
            raise too_slow(connection.engine) from error
        raise
    finally:
        # Closing a server-side cursor that is half read would first read the remaining rows.
        if is_read:
            cursor.close()
        else:
            _discard(connection)


def _compiled(connection: Connection, statement: Executable) -> tuple[str, Any]:
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = compiled.construct_params()
    if compiled.positiontup is None:
        return str(compiled), values
    return str(compiled), [values[name] for name in compiled.positiontup]


def _read_timeout(connection: Connection) -> float:
    return float(connection.get_execution_options().get("read_timeout", READ_TIMEOUT))


def _discard(connection: Connection) -> None:
    """Close the connection without reading the remaining rows."""
    raw: Any = connection.connection.driver_connection
    result: Any = getattr(raw, "_result", None)
    if result is not None and getattr(result, "unbuffered_active", False):
        # PyMySQL's cursor would read on when it is collected, and print a traceback.
        result.unbuffered_active = False
    connection.invalidate()


def _streaming_cursor(connection: Connection) -> Any:
    raw = connection.connection.driver_connection
    assert raw is not None
    driver = connection.engine.url.get_driver_name()
    if driver not in ("pymysql", "mysqldb"):
        return raw.cursor()

    dbapi: Any = connection.dialect.loaded_dbapi
    return raw.cursor(dbapi.cursors.SSCursor)

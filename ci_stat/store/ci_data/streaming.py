"""Rows as the driver's own tuples, streamed: memory stays flat however many there are."""

import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Executable

from ci_stat.store.engine import READ_TIMEOUT
from ci_stat.store.errors import is_lost, of_driver, too_slow


def stream(
    connection: Connection, statement: Executable, batch: int = 2_000
) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `statement` as the driver's own tuples, in lists of at most `batch`; memory stays flat.

    SQLAlchemy writes the statement; its row objects stay out of the way (they cost 5-15 % of a bulk read).
    Parameters must be texts and numbers: no value is converted.
    """
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = compiled.construct_params()
    parameters = (
        [values[name] for name in compiled.positiontup]
        if compiled.positiontup is not None
        else values
    )
    cursor = _streaming_cursor(connection)
    done = False
    asked = time.monotonic()
    try:
        cursor.execute(str(compiled), parameters)
        while rows := cursor.fetchmany(batch):
            yield rows
            asked = time.monotonic()
        done = True
    except Exception as error:
        # Not every driver says that it was the time limit that broke the connection.
        if (
            of_driver(error)
            and is_lost(error)
            and time.monotonic() - asked >= _read_timeout(connection)
        ):
            raise too_slow(connection.engine) from error
        raise
    finally:
        # Closing a half-read server-side cursor would first read all the rest.
        if done:
            cursor.close()
        else:
            _forget_rest(connection)


def _read_timeout(connection: Connection) -> float:
    return float(connection.get_execution_options().get("read_timeout", READ_TIMEOUT))


def _forget_rest(connection: Connection) -> None:
    """Throw the connection away with all that it still has to say."""
    raw: Any = connection.connection.driver_connection
    result: Any = getattr(raw, "_result", None)
    if result is not None and getattr(result, "unbuffered_active", False):
        # PyMySQL would read on when its cursor is collected, and print a traceback about the closed socket.
        result.unbuffered_active = False
    connection.invalidate()


def _streaming_cursor(connection: Connection) -> Any:
    raw = connection.connection.driver_connection
    assert raw is not None
    driver = connection.engine.url.get_driver_name()
    if driver == "pymysql":
        from pymysql.cursors import SSCursor

        return raw.cursor(SSCursor)
    if driver == "mysqldb":
        from MySQLdb.cursors import SSCursor as ServerSideCursor

        return raw.cursor(ServerSideCursor)
    return raw.cursor()

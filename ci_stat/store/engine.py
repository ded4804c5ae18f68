"""Connections: how to open one, how to stream from it, and what its errors mean to a person."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ci_stat.errors import (
    AccessDenied,
    ConnectionLost,
    DatabaseError,
    SchemaMismatch,
    ServerUnreachable,
    SettingsError,
)
from ci_stat.store.schema import ci_data

CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 600  # seconds; a GROUP BY over tens of millions of rows takes minutes

T = TypeVar("T")


def hidden(url: URL) -> str:
    """`url` for people: without password and without query (which may hold key files and tokens)."""
    return url.set(query={}).render_as_string(hide_password=True)


def parse_url(text: str) -> URL:
    """A SQLAlchemy URL; `mysql://` and `mariadb://` mean PyMySQL, the driver that is always there.

    Raises SettingsError that does not repeat the text: it may hold a password.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise SettingsError(
            "The database URL cannot be read.",
            "Write it as mysql+pymysql://USER:PASSWORD@HOST:PORT/sync_ci_data or sqlite:////path/to/file.sqlite;"
            " characters such as @ : / in the password are written %40 %3A %2F.",
        ) from None
    return url.set(drivername=f"{url.drivername}+pymysql") if url.drivername in ("mysql", "mariadb") else url


def open_engine(url: str | URL, connect_timeout: int = CONNECT_TIMEOUT, read_timeout: int = READ_TIMEOUT) -> Engine:
    """An engine that keeps no idle connection. Nothing is connected yet.

    Raises SettingsError for an URL whose driver is not installed or not known.
    """
    url = parse_url(url) if isinstance(url, str) else url
    args: dict[str, Any] = {}
    if url.get_backend_name() in ("mysql", "mariadb"):
        args = _mysql_args(url, connect_timeout, read_timeout)
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=args, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"The database driver of {hidden(url)} is not there ({error}).",
            "Use mysql+pymysql:// (always there), mysql+mysqldb:// (pip install mysqlclient) or sqlite:///.",
        ) from None
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _sqlite_setup)
    return engine


def _mysql_args(url: URL, connect_timeout: int, read_timeout: int) -> dict[str, Any]:
    """Driver arguments: time limits, and times left as text (their own parsers are the slowest part of a row)."""
    args: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
        "charset": "utf8mb4",
    }
    if url.get_driver_name() == "pymysql":
        from pymysql.constants import FIELD_TYPE
        from pymysql.converters import conversions
    elif url.get_driver_name() == "mysqldb":
        from MySQLdb.constants import FIELD_TYPE
        from MySQLdb.converters import conversions
    else:
        return {}
    as_text = (FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
    args["conv"] = {key: value for key, value in conversions.items() if key not in as_text}
    # An import must not store a cut name or an empty status without a word.
    args["init_command"] = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
    return args | {key: value for key, value in url.query.items() if key in args and key.endswith("timeout")}


def _sqlite_setup(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout = 30000")


def require_file(url: URL) -> None:
    """For SQLite: the file must be there, because opening a missing one would quietly create an empty one."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    if not Path(url.database or "").is_file() and not (url.database or "").startswith("file:"):
        raise ServerUnreachable(
            f"There is no database yet: {url.database} does not exist.",
            "Fill it with `ci-stat import FILE`, look at made-up data with `ci-stat demo`, or set host, user and"
            " database (or url) in env.json: see `ci-stat config`.",
        )


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection whose errors are ours, with the next step in them.

    Raises ServerUnreachable, AccessDenied, SchemaMismatch, ConnectionLost or DatabaseError.
    """
    require_file(engine.url)
    with database_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise explain(error.orig or error, engine) from error.orig
    except SQLAlchemyError as error:
        raise DatabaseError(f"{hidden(engine.url)}: {error}") from error
    except Exception as error:
        if not _of_driver(error):
            raise
        raise explain(error, engine) from error


def _of_driver(error: BaseException) -> bool:
    return type(error).__module__.split(".")[0] in ("pymysql", "MySQLdb", "sqlite3")


_LOST = {2006, 2013, 2014, 2055, 4031}
_UNREACHABLE = {2002, 2003, 2005, 1040, 1130, 1203}
_DENIED = {1044, 1045, 1142, 1143, 1227, 1698}


def explain(error: BaseException, engine: Engine) -> DatabaseError:
    """A driver's error in words, with the next step. The password is in none of them."""
    where = hidden(engine.url)
    code = error.args[0] if error.args else None
    text = str(error.args[-1]) if error.args else str(error)
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(text, where, engine)
    if code in _DENIED:
        return AccessDenied(f"{where} refuses us: {text}", "Check user, password and grants (SELECT is enough).")
    if code == 1049:
        return SchemaMismatch(f"{where}: {text}.", "Check the setting `database` (usually sync_ci_data).")
    if code in (1146, 1054):
        return _missing(engine, text)
    if code in _UNREACHABLE:
        return ServerUnreachable(
            f"{where} cannot be reached: {text}",
            "Check host and port, that the server runs, and the network.",
        )
    if code in _LOST or code in (0, ""):
        return ConnectionLost(f"{where}: the connection broke off: {text}", "Try again; see the server's log.")
    if code in (1429, 12701, 12719):
        return ServerUnreachable(
            f"{where}: a part of the cluster does not answer: {text}",
            "No numbers are shown without all of its rows.",
        )
    return DatabaseError(f"{where}: {text} (error {code})")


def _explain_sqlite(text: str, where: str, engine: Engine) -> DatabaseError:
    if "no such table" in text or "no such column" in text:
        return _missing(engine, text)
    if "unable to open" in text or "not a database" in text:
        return ServerUnreachable(f"{where} cannot be opened: {text}.", "Is it a SQLite file that you may read?")
    if "locked" in text:
        return DatabaseError(f"{where} is locked: {text}.", "Another program writes to it; try again when it is done.")
    return DatabaseError(f"{where}: {text}")


def _missing(engine: Engine, text: str) -> DatabaseError:
    """What exactly is not there, by looking at the table once."""
    where = hidden(engine.url)
    try:
        there = {column["name"] for column in inspect(engine).get_columns(ci_data.name)}
    except SQLAlchemyError:
        return SchemaMismatch(
            f"{where} has no table {ci_data.name} ({text}).",
            "Is this the database that Jenkins fills (usually sync_ci_data)? `ci-stat import` would create the table.",
        )
    gone = [f"{column.name} ({column.comment})" for column in ci_data.columns if column.name not in there]
    if not gone:
        return SchemaMismatch(f"{where}: {text}.")
    return SchemaMismatch(
        f"Table {ci_data.name} of {where} lacks the column{'s' * (len(gone) > 1)} {', '.join(gone)}.",
        "Add it (NULL is fine), or point the settings at a view that has all columns.",
    )


def retry_read(work: Callable[[], T]) -> T:
    """`work()`, once more if the connection broke midway. Only for work that may be done twice."""
    try:
        return work()
    except ConnectionLost:
        return work()


def stream(connection: Connection, statement: Executable, batch: int = 2_000) -> Iterator[list[tuple[Any, ...]]]:
    """Rows of `statement` as the driver's own tuples, in lists of at most `batch`; memory stays flat.

    SQLAlchemy writes the statement; its row objects stay out of the way (they cost 5-15 % of a bulk read).
    Parameters must be texts and numbers: no value is converted.
    """
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = compiled.construct_params()
    parameters = [values[name] for name in compiled.positiontup] if compiled.positiontup is not None else values
    cursor = _streaming_cursor(connection)
    done = False
    try:
        cursor.execute(str(compiled), parameters)
        while rows := cursor.fetchmany(batch):
            yield rows
        done = True
    finally:
        # Closing a half-read server-side cursor would first read all the rest.
        if done:
            cursor.close()
        else:
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

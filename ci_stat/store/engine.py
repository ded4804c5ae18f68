"""Connections: how to open one, how to stream from it, and what its errors mean to a person."""

import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError
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
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
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
    server = url.get_backend_name() in ("mysql", "mariadb")
    limit = {"read_timeout": _seconds(url, "read_timeout", read_timeout)}
    try:
        args = _mysql_args(url, connect_timeout, read_timeout) if server else {}
        engine = create_engine(
            url, poolclass=NullPool, connect_args=args, hide_parameters=True, execution_options=limit
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"The database driver of {hidden(url)} is not there ({error}).",
            "Use mysql+pymysql:// (always there), mysql+mysqldb:// (pip install mysqlclient) or sqlite:///;"
            " other databases, PostgreSQL among them, are not supported.",
        ) from None
    if server:
        event.listen(engine, "do_connect", partial(_connect, engine))
    elif url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", partial(_sqlite_setup, connect_timeout))
    return engine


def _mysql_args(url: URL, connect_timeout: int, read_timeout: int) -> dict[str, Any]:
    """Driver arguments: time limits, and times left as text (their own parsers are the slowest part of a row)."""
    args: dict[str, Any] = {
        "connect_timeout": _seconds(url, "connect_timeout", connect_timeout),
        "read_timeout": _seconds(url, "read_timeout", read_timeout),
        "write_timeout": _seconds(url, "write_timeout", read_timeout),
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
    return args


def _seconds(url: URL, key: str, default: int) -> int:
    """A time limit: what the URL's query says, or the setting. Raises SettingsError."""
    given = url.query.get(key)
    if given is None:
        return default
    if not (isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 9 and int(given) > 0):
        raise SettingsError(f"{key} in the URL {hidden(url)} is not a whole number of seconds above 0.")
    return int(given)


def _connect(engine: Engine, dialect: Any, _record: object, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The driver's connect, all of it within `connect_timeout`. Nothing that breaks here broke midway."""
    limit = kwargs.get("connect_timeout")
    mine = kwargs
    if engine.url.get_driver_name() == "pymysql":
        # PyMySQL would wait for the server's greeting as long as for a query.
        mine = kwargs | {"read_timeout": limit, "write_timeout": limit}
    try:
        connection = dialect.connect(*args, **mine)
    except Exception as error:
        if _of_driver(error) and isinstance(explain(error, engine), (ConnectionLost, ServerUnreachable)):
            raise ServerUnreachable(
                f"{hidden(engine.url)} cannot be reached: {_text_of(error)}",
                f"Check host and port, that the server runs, and the network (we waited up to {limit} s).",
            ) from error
        raise
    if mine is not kwargs:
        connection._read_timeout, connection._write_timeout = kwargs["read_timeout"], kwargs["write_timeout"]
    return connection


def _sqlite_setup(seconds: int, connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")


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


_DRIVERS = ("pymysql", "MySQLdb", "sqlite3")


def _of_driver(error: BaseException) -> bool:
    """Whether it is a driver's error, or one that came out of a driver's own code: a cut packet trips PyMySQL."""
    return _package(type(error).__module__) in _DRIVERS or _package(_raised_in(error)) in _DRIVERS


def _package(module: str) -> str:
    return module.partition(".")[0]


def _raised_in(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace else ""


# What PyMySQL stumbles over when an answer ends too early or is not one.
_STUMBLES = (OSError, EOFError, AttributeError, IndexError, AssertionError, struct.error)
_LOST = {1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2027, 2055, 4031}
_UNREACHABLE = {2002, 2003, 2005, 2012, 1040, 1129, 1130, 1203}
_DENIED = {1044, 1045, 1142, 1143, 1227, 1698}
# Spider (1429, 12701, 12719), TiDB (9001-9005: a part of the storage does not answer).
_PART_IS_GONE = {1429, 12701, 12719, 9001, 9002, 9003, 9005}


def _text_of(error: BaseException) -> str:
    return str(error.args[-1]) if error.args else str(error)


def _is_lost(error: BaseException) -> bool:
    code = error.args[0] if error.args else None
    return code in _LOST or code in (0, "") or isinstance(error, _STUMBLES) or "Packet sequence number" in str(code)


def explain(error: BaseException, engine: Engine) -> DatabaseError:
    """A driver's error in words, with the next step. The password is in none of them."""
    where = hidden(engine.url)
    code = error.args[0] if error.args else None
    text = _text_of(error)
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(text, where, engine)
    if code in _DENIED:
        return AccessDenied(
            f"{where} refuses us: {text}",
            "Check user, password and grants (SELECT is enough to read; import needs CREATE, INSERT and UPDATE).",
        )
    if code == 1049:
        return SchemaMismatch(f"{where}: {text}.", "Check the setting `database` (usually sync_ci_data).")
    if code in (1146, 1054):
        return _missing(engine, text)
    if code in _UNREACHABLE:
        return ServerUnreachable(
            f"{where} cannot be reached: {text}",
            "Check host and port, that the server runs, and the network.",
        )
    if code in _LOST and "timed out" in text:
        return _too_slow(engine)
    if _is_lost(error):
        return ConnectionLost(f"{where}: the connection broke off: {text}", "Try again; see the server's log.")
    if code in _PART_IS_GONE:
        return ServerUnreachable(
            f"{where}: a part of the cluster does not answer: {text}",
            "No numbers are shown without all of its rows.",
        )
    return DatabaseError(f"{where}: {text} (error {code})")


def _too_slow(engine: Engine) -> ServerUnreachable:
    limit = engine.get_execution_options().get("read_timeout")
    return ServerUnreachable(
        f"{hidden(engine.url)} did not answer within {limit} s.",
        "Ask for a shorter window, or raise the setting `read_timeout`.",
    )


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
    except NoSuchTableError:
        return SchemaMismatch(
            f"{where} has no table {ci_data.name} ({text}).",
            "Is this the database that Jenkins fills (usually sync_ci_data)? `ci-stat import` would create the table.",
        )
    except SQLAlchemyError:
        return SchemaMismatch(f"{where}: {text}.", "Table and columns could not be looked at.")
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
    asked = time.monotonic()
    try:
        cursor.execute(str(compiled), parameters)
        while rows := cursor.fetchmany(batch):
            yield rows
            asked = time.monotonic()
        done = True
    except Exception as error:
        # Not every driver says that it was the time limit that broke the connection.
        if _of_driver(error) and _is_lost(error) and time.monotonic() - asked >= _read_timeout(connection):
            raise _too_slow(connection.engine) from error
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

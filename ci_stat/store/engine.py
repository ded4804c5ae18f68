"""Connections: how an URL becomes an engine, and an engine a connection that fails in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from ci_stat.errors import ConnectionLost, DatabaseError, ServerUnreachable, SettingsError
from ci_stat.store.errors import database_errors, explain, hidden, of_driver, text_of

CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 600  # seconds; a GROUP BY over tens of millions of rows takes minutes


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
    return (
        url.set(drivername=f"{url.drivername}+pymysql")
        if url.drivername in ("mysql", "mariadb")
        else url
    )


def open_engine(
    url: str | URL, connect_timeout: int = CONNECT_TIMEOUT, read_timeout: int = READ_TIMEOUT
) -> Engine:
    """An engine that keeps no idle connection. Nothing is connected yet.

    Raises SettingsError for an URL whose driver is not installed or not known.
    """
    url = parse_url(url) if isinstance(url, str) else url
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            f"The URL {hidden(url)} names no database.",
            "Write it behind the host, e.g. /sync_ci_data, or name a SQLite file: sqlite:////path/to/ci.sqlite.",
        )
    server = url.get_backend_name() in ("mysql", "mariadb")
    limit = {"read_timeout": _seconds(url, "read_timeout", read_timeout)}
    try:
        args = _mysql_args(url, connect_timeout, read_timeout) if server else {}
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args=args,
            hide_parameters=True,
            execution_options=limit,
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"The database driver of {hidden(url)} is not there ({error}).",
            "Use mysql+pymysql:// (always there), sqlite:/// or mysql+mysqldb://"
            " (pip install 'ci-stat[mysqlclient]'); other databases, PostgreSQL among them, are not supported.",
        ) from None
    except (TypeError, ValueError, ArgumentError) as error:
        raise _unusable_option(url, error) from None
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
    if not (
        isinstance(given, str)
        and given.isascii()
        and given.isdigit()
        and len(given) < 9
        and int(given) > 0
    ):
        raise SettingsError(
            f"{key} in the URL {hidden(url)} is not a whole number of seconds above 0."
        )
    return int(given)


def _unusable_option(url: URL, error: BaseException) -> SettingsError:
    names = ", ".join(sorted(url.query))
    return SettingsError(
        f"An option of the URL {hidden(url)} cannot be used ({names}): {error}.",
        "Options stand behind the ? and are those of the driver; check their names and the files that they name.",
    )


def _connect(
    engine: Engine, dialect: Any, _record: object, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    """The driver's connect, all of it within `connect_timeout`. Nothing that breaks here broke midway."""
    limit = kwargs.get("connect_timeout")
    mine, connect = kwargs, dialect.connect
    if engine.url.get_driver_name() == "pymysql":
        from ci_stat.store.pymysql_connection import LightConnection

        connect = LightConnection
        # PyMySQL would wait for the server's greeting as long as for a query.
        mine = kwargs | {"read_timeout": limit, "write_timeout": limit}
    try:
        connection = connect(*args, **mine)
    except Exception as error:
        if of_driver(error) and isinstance(
            explain(error, engine), (ConnectionLost, ServerUnreachable)
        ):
            raise ServerUnreachable(
                f"{hidden(engine.url)} cannot be reached: {text_of(error)}",
                f"Check host and port, that the server runs, and the network (we waited up to {limit} s).",
            ) from error
        # A key file that is not there, an option that the driver does not know.
        if (
            isinstance(error, (TypeError, ValueError, FileNotFoundError, PermissionError))
            and engine.url.query
        ):
            raise _unusable_option(engine.url, error) from None
        raise
    if mine is not kwargs:
        connection._read_timeout, connection._write_timeout = (
            kwargs["read_timeout"],
            kwargs["write_timeout"],
        )
    return connection


def _sqlite_setup(seconds: int, connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")


def require_file(url: URL) -> None:
    """For SQLite: the file must be there, because opening a missing one would quietly create an empty one."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    path = Path(url.database or "")
    try:
        there = path.is_file()
        if path.is_dir():
            raise ServerUnreachable(
                f"{path} is a folder, not a SQLite file.", "Name the file in it."
            )
    except OSError as error:
        raise ServerUnreachable(f"{path} cannot be looked at: {error.strerror}.") from None
    if not there and not (url.database or "").startswith("file:"):
        raise ServerUnreachable(
            f"There is no database yet: {url.database} does not exist.",
            "Fill it with `ci-stat import FILE`, look at made-up data with `ci-stat demo`, or set host, user and"
            " database (or url) in env.json: see `ci-stat config`.",
        )


def is_alive(engine: Engine) -> bool:
    """Whether the server answers now."""
    try:
        with connected(engine) as connection:
            return bool(connection.execute(select(1)).scalar())
    except DatabaseError:
        return False


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection whose errors are ours, with the next step in them.

    Raises ServerUnreachable, AccessDenied, SchemaMismatch, ConnectionLost or DatabaseError.
    """
    require_file(engine.url)
    with database_errors(engine), engine.connect() as connection:
        yield connection

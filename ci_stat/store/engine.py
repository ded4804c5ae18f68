"""Connections to SQL databases: URLs, timeouts, and errors as `DatabaseError`s."""

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
from ci_stat.store.errors import (
    database_errors,
    hidden,
    is_crowded,
    of_driver,
    text_of,
    translate_error,
)
from ci_stat.store.read_only import immutable_uri

CONNECT_TIMEOUT = 10  # seconds
READ_TIMEOUT = 600  # seconds; a GROUP BY over tens of millions of rows takes minutes

_MYSQL = ("mysql", "mariadb")


def parse_url(text: str) -> URL:
    """A SQLAlchemy URL; `mysql://` and `mariadb://` mean PyMySQL, the driver that is installed.

    Raises SettingsError, without the text: it may contain a password.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: the port is not a number
        raise SettingsError(
            "Invalid database URL.",
            "Write mysql+pymysql://USER:PASSWORD@HOST:PORT/sync_ci_data or"
            " sqlite:////path/to/file.sqlite; characters such as @ : / in the password are written"
            " %40 %3A %2F.",
        ) from None
    if url.drivername in _MYSQL:
        return url.set(drivername=f"{url.drivername}+pymysql")
    return url


def exists(url: str) -> bool:
    """Whether a database exists. A server's always counts as existing. Raises SettingsError."""
    address = parse_url(url)
    is_file = address.get_backend_name() == "sqlite"
    return not is_file or Path(address.database or "").exists()


def open_engine(
    url: str | URL, connect_timeout: int = CONNECT_TIMEOUT, read_timeout: int = READ_TIMEOUT
) -> Engine:
    """An engine that keeps no idle connections. It does not connect yet.

    Raises SettingsError for a URL without database, or with an unknown driver or option.
    """
    url = parse_url(url) if isinstance(url, str) else url
    if not url.database or url.database == ":memory:":
        raise SettingsError(
            f"The URL {hidden(url)} has no database name.",
            "Write it after the host, e.g. /sync_ci_data, or name a SQLite file:"
            " sqlite:////path/to/ci.sqlite.",
        )

    is_mysql = url.get_backend_name() in _MYSQL
    limit = {"read_timeout": _seconds(url, "read_timeout", read_timeout)}
    try:
        engine = create_engine(
            url,
            poolclass=NullPool,
            connect_args=_mysql_args(url, connect_timeout, read_timeout) if is_mysql else {},
            hide_parameters=True,
            execution_options=limit,
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise SettingsError(
            f"The database driver of {hidden(url)} is not installed ({error}).",
            "Use mysql+pymysql:// (always installed), sqlite:/// or mysql+mysqldb://"
            " (pip install 'ci-stat[mysqlclient]'); other databases, such as PostgreSQL, are not"
            " supported.",
        ) from None
    except (TypeError, ValueError, ArgumentError) as error:
        raise _invalid_option(url, error) from None

    if is_mysql:
        event.listen(engine, "do_connect", partial(_connect, engine))
    elif url.get_backend_name() == "sqlite":
        event.listen(engine, "do_connect", _connect_file)
        event.listen(engine, "connect", partial(_set_busy_timeout, connect_timeout))
    return engine


def _connect_file(
    _dialect: object, _record: object, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    """Connect to a SQLite file; None where the driver does so itself."""
    uri = immutable_uri(str(args[0]))
    if uri is None:
        return None
    return sqlite3.connect(uri, *args[1:], **kwargs | {"uri": True})


def _mysql_args(url: URL, connect_timeout: int, read_timeout: int) -> dict[str, Any]:
    """Driver arguments: timeouts, and times as text, because parsing them is slow."""
    args: dict[str, Any] = {
        "connect_timeout": _seconds(url, "connect_timeout", connect_timeout),
        "read_timeout": _seconds(url, "read_timeout", read_timeout),
        "write_timeout": _seconds(url, "write_timeout", read_timeout),
        "charset": "utf8mb4",
    }
    if url.get_driver_name() == "pymysql":
        from pymysql.converters import FIELD_TYPE, conversions
    elif url.get_driver_name() == "mysqldb":
        from MySQLdb.converters import FIELD_TYPE, conversions
    else:
        return {}
    as_text = (FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP)
    args["conv"] = {key: value for key, value in conversions.items() if key not in as_text}
    # Strict mode: an import must not silently store a cut name or an empty status.
    args["init_command"] = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')"
    return args


def _seconds(url: URL, key: str, default: int) -> int:
    """A timeout from the URL's query, or the setting. Raises SettingsError."""
    text = url.query.get(key)
    if text is None:
        return default
    is_number = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 9
    seconds = int(str(text)) if is_number else 0
    if not seconds:
        raise SettingsError(
            f"{key} in the URL {hidden(url)} is not a whole number of seconds above 0."
        )
    return seconds


def _invalid_option(url: URL, error: BaseException) -> SettingsError:
    names = ", ".join(sorted(url.query))
    return SettingsError(
        f"Invalid option in the URL {hidden(url)} ({names}): {error}.",
        "The options after the ? belong to the driver; check their names, and the files that they"
        " name.",
    )


def _connect(
    engine: Engine, dialect: Any, _record: object, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    """Connect, and read the server's greeting, within `connect_timeout`.

    An error here means that the server cannot be reached, not that a connection was lost.
    """
    is_pymysql = engine.url.get_driver_name() == "pymysql"
    limit = kwargs.get("connect_timeout")
    try:
        connection = (
            _connect_pymysql(args, kwargs) if is_pymysql else dialect.connect(*args, **kwargs)
        )
    except Exception as error:
        if of_driver(error) and is_crowded(error):
            raise translate_error(error, engine) from error
        if of_driver(error) and isinstance(
            translate_error(error, engine), (ConnectionLost, ServerUnreachable)
        ):
            raise ServerUnreachable(
                f"{hidden(engine.url)} cannot be reached: {text_of(error)}",
                "Check host and port, that the server runs, and the network"
                f" (we waited up to {limit} s).",
            ) from error
        # For example a missing key file, or an option that the driver does not know.
        is_bad_value = isinstance(
            error, (TypeError, ValueError, FileNotFoundError, PermissionError)
        )
        if is_bad_value and engine.url.query:
            raise _invalid_option(engine.url, error) from None
        raise
    return connection


def _connect_pymysql(args: list[Any], kwargs: dict[str, Any]) -> Any:
    """PyMySQL would wait for the server's greeting as long as for a query."""
    from ci_stat.store.pymysql_connection import LightConnection

    limit = kwargs.get("connect_timeout")
    connection = LightConnection(
        *args, **(kwargs | {"read_timeout": limit, "write_timeout": limit})
    )
    connection._read_timeout = kwargs["read_timeout"]
    connection._write_timeout = kwargs["write_timeout"]
    return connection


def _set_busy_timeout(seconds: int, connection: sqlite3.Connection, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000}")


def require_file(url: URL) -> None:
    """Check that a SQLite file exists: opening a missing one would silently create it.

    Raises ServerUnreachable.
    """
    name = url.database or ""
    if url.get_backend_name() != "sqlite" or name in ("", ":memory:"):
        return
    path = Path(name)
    try:
        exists = path.is_file()
        is_folder = path.is_dir()
    except OSError as error:
        raise ServerUnreachable(f"{path} cannot be accessed: {error.strerror}.") from None
    if is_folder:
        raise ServerUnreachable(f"{path} is a folder, not a SQLite file.", "Name the file in it.")
    if not exists and not name.startswith("file:"):
        raise ServerUnreachable(
            f"There is no database yet: {name} does not exist.",
            "Say where your runs are with `ci-stat init`, fill it with `ci-stat sync` or"
            " `ci-stat import FILE`, or see invented data with `ci-stat demo`. Results of tests"
            " need no such database: see `ci-stat tests --help`.",
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
    """A connection whose errors are raised as ours, with the next step for the user.

    Raises ServerUnreachable, AccessDenied, SchemaMismatch, ConnectionLost or DatabaseError.
    """
    require_file(engine.url)
    with database_errors(engine), engine.connect() as connection:
        yield connection

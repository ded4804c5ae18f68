"""Translates the errors of database drivers into ours: what happened, where, and the next step.

No message contains the password.
"""

import re
import sqlite3
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError

from ci_stat.errors import (
    AccessDenied,
    ConnectionLost,
    DamagedDatabase,
    DatabaseError,
    SchemaMismatch,
    ServerUnreachable,
    UsageError,
)
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.embedded import is_embedded
from ci_stat.store.state.tables import metadata as state_metadata

T = TypeVar("T")

_DRIVERS = ("pymysql", "MySQLdb", "sqlite3")
_MAKE_ROOM = (
    "Nothing of the last step was stored. Make room on its disk, or raise its limit, and repeat the"
    " command."
)
# What PyMySQL raises when an answer is cut short or is not valid.
_BROKEN_ANSWER = (OSError, EOFError, AttributeError, IndexError, AssertionError, struct.error)

_EMPTY_FILE = (
    "Fill it with `ci-stat sync` or `ci-stat import FILE`, which create the table, or set `url` to"
    " another file."
)
_EMPTY_SERVER = (
    "Is this the database that Jenkins fills (usually sync_ci_data)? `ci-stat import` would create"
    " the table."
)

_LOST = {1053, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 2014, 2027, 2055, 4031}
_UNREACHABLE = {2002, 2003, 2005, 2012, 1129, 1130}
_TOO_MANY = {1040, 1203, 1226}
_FULL = {3, 1021, 1026, 1114}
_DAMAGED = {126, 127, 1033, 1034, 1035, 1194, 1195, 1459, 1712, 1877}
_DENIED = {1044, 1045, 1142, 1143, 1227, 1698}
_NO_DATABASE = {1046, 1049}
_NO_TABLE_OR_COLUMN = {1146, 1054}
# Spider (1429, 12701, 12719), TiDB (9001-9005): a part of the storage does not answer.
_PART_UNREACHABLE = {1429, 12701, 12719, 9001, 9002, 9003, 9005}

# In the messages of all drivers: `no such table: deliveries`, `Table 'x.deliveries' doesn't exist`.
_STATE_TABLE = re.compile(rf"\b({'|'.join(state_metadata.tables)})\b")


def hidden(url: URL) -> str:
    """`url` for people: without password and query, which may name key files and tokens."""
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Raise the errors of SQLAlchemy and of its drivers as DatabaseErrors.

    Raises UsageError for a name that is no UTF-8, such as one from an argument.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{str(error.object)[:200]!r} is not text that a table can store.",
            "Write it in UTF-8.",
        ) from None
    except DBAPIError as error:
        raise translate_error(error.orig or error, engine) from error.orig
    except SQLAlchemyError as error:
        raise DatabaseError(f"{hidden(engine.url)}: {error}") from error
    except Exception as error:
        if _is_garbled(error, engine):
            raise DamagedDatabase(f"{hidden(engine.url)} is damaged: {error}.") from error
        if not of_driver(error):
            raise
        raise translate_error(error, engine) from error


def _is_garbled(error: Exception, engine: Engine) -> bool:
    """Whether SQLite's own message about a damaged file has bytes that Python cannot decode."""
    is_of_bytes = isinstance(error, UnicodeDecodeError) and is_embedded(engine)
    return is_of_bytes and _raised_in(error).startswith(("sqlalchemy", "ci_stat.store.engine"))


def of_driver(error: BaseException) -> bool:
    """Whether a driver defines the error, or its code raised it, as PyMySQL for a cut packet."""
    modules = (type(error).__module__, _raised_in(error))
    return any(module.partition(".")[0] in _DRIVERS for module in modules)


def _raised_in(error: BaseException) -> str:
    """The module whose code raised the error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace else ""


def text_of(error: BaseException) -> str:
    return str(error.args[-1]) if error.args else str(error)


def is_lost(error: BaseException) -> bool:
    """Whether the connection broke."""
    code = error.args[0] if error.args else None
    is_lost_code = code in _LOST or code in (0, "")
    is_out_of_step = "Packet sequence number" in str(code)
    return is_lost_code or is_out_of_step or isinstance(error, _BROKEN_ANSWER)


def is_crowded(error: BaseException) -> bool:
    """Whether the server has no free connection for us."""
    return bool(error.args) and error.args[0] in _TOO_MANY


def translate_error(error: BaseException, engine: Engine) -> DatabaseError:
    """A driver's error as ours, with the next step and without the password."""
    where = hidden(engine.url)
    code = error.args[0] if error.args else None
    text = text_of(error)
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(text, where, engine)
    if code in _DENIED:
        return AccessDenied(
            f"{where} denies access: {text}",
            "Check user, password and grants (SELECT is enough to read; import needs CREATE,"
            " INSERT and UPDATE).",
        )
    if code in _NO_DATABASE:
        return SchemaMismatch(
            f"{where}: {text}.", "Check the setting `database` (usually sync_ci_data)."
        )
    if code in _NO_TABLE_OR_COLUMN:
        return _missing(engine, text)
    if code in _TOO_MANY | _FULL | _DAMAGED:
        return _explain_state(code, text, where)
    if code in _UNREACHABLE:
        return ServerUnreachable(
            f"{where} cannot be reached: {text}",
            "Check host and port, that the server runs, and the network.",
        )
    if code in _LOST and "timed out" in text:
        return too_slow(engine)
    if is_lost(error):
        return ConnectionLost(
            f"{where}: the connection was lost: {text}", "Try again; see the server's log."
        )
    if code in _PART_UNREACHABLE:
        return ServerUnreachable(
            f"{where}: a part of the cluster does not answer: {text}",
            "No numbers are shown unless all rows can be read.",
        )
    return DatabaseError(f"{where}: {text} (error {code})")


def _explain_state(code: object, text: str, where: str) -> DatabaseError:
    """The server has no room, no connection left, or its files are damaged."""
    if code in _TOO_MANY:
        return ServerUnreachable(
            f"{where} has no connection left: {text}",
            "Try again when other programs have finished, start fewer commands at once, or raise"
            " max_connections of the server.",
        )
    if code in _FULL:
        return DatabaseError(f"{where} is full: {text} (error {code})", _MAKE_ROOM)
    return DamagedDatabase(
        f"{where} is damaged: {text} (error {code})",
        "See the server's log; CHECK TABLE and REPAIR TABLE are its tools.",
    )


def too_slow(engine: Engine) -> ServerUnreachable:
    limit = engine.get_execution_options().get("read_timeout")
    return ServerUnreachable(
        f"{hidden(engine.url)} did not answer within {limit} s.",
        "Use a shorter window, or raise the setting `read_timeout`.",
    )


_DAMAGED_FILE = ("malformed", "Could not decode to UTF-8")
_NO_DATABASE_FILE = (
    "Is it a SQLite file that you may read? If it was one, its beginning is damaged:"
    " docs/recovery.md."
)
_UNREADABLE_FILE = "Is it a SQLite file that you may read, and are file handles left (ulimit -n)?"
_READ_ONLY = "Check the permissions of the file and of its folder, and who mounted it read-only."
_IO_ERROR = "Check that its disk is not full, that no limit (ulimit -f) is set, and the disk's log."


def _explain_sqlite(text: str, where: str, engine: Engine) -> DatabaseError:
    if any(words in text for words in _DAMAGED_FILE):
        return DamagedDatabase(f"{where} is damaged: {text}.")
    if "not a database" in text:
        return ServerUnreachable(f"{where} cannot be opened: {text}.", _NO_DATABASE_FILE)
    if "no such table" in text or "no such column" in text:
        return _missing(engine, text)
    if "unable to open" in text:
        return ServerUnreachable(f"{where} cannot be opened: {text}.", _UNREADABLE_FILE)
    if "locked" in text:
        return DatabaseError(
            f"{where} is locked: {text}.",
            "Another program is writing to it; try again when it has finished.",
        )
    return DatabaseError(f"{where}: {text}", _sqlite_hint(text))


def _sqlite_hint(text: str) -> str:
    if "is full" in text:
        return _MAKE_ROOM
    if "readonly" in text:
        return _READ_ONLY
    return _IO_ERROR if "disk I/O" in text else ""


def _missing(engine: Engine, text: str) -> DatabaseError:
    """Which table or columns are missing, by inspecting the database once."""
    where = hidden(engine.url)
    if _STATE_TABLE.search(text):
        return SchemaMismatch(
            f"The state in {where} lacks a table ({text}). An older ci_stat wrote it.",
            "Run `ci-stat deliveries` once as a user who may write to the state: that upgrades it.",
        )
    try:
        existing = {column["name"] for column in inspect(engine).get_columns(ci_data.name)}
    except NoSuchTableError:
        hint = _EMPTY_FILE if is_embedded(engine) else _EMPTY_SERVER
        if is_embedded(engine) and not inspect(engine).get_table_names():
            return SchemaMismatch(f"{where} is empty: it has no tables.", hint)
        return SchemaMismatch(f"{where} has no table {ci_data.name} ({text}).", hint)
    except SQLAlchemyError:
        return SchemaMismatch(f"{where}: {text}.", "Table and columns could not be inspected.")

    columns = [column for column in ci_data.columns if column.name not in existing]
    if not columns:
        return SchemaMismatch(f"{where}: {text}.")
    names = ", ".join(f"{column.name} ({column.comment})" for column in columns)
    return SchemaMismatch(
        f"Table {ci_data.name} of {where} lacks the column{'s' * (len(columns) > 1)} {names}.",
        "Add it (NULL is fine), or set a view that has all columns.",
    )


def retry_read(work: Callable[[], T]) -> T:
    """`work()`, repeated once if the connection was lost. Only for idempotent work."""
    try:
        return work()
    except ConnectionLost:
        return work()

"""What a database's errors mean to a person: one of ours, with where and the next step. The password is in none."""

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
    DatabaseError,
    SchemaMismatch,
    ServerUnreachable,
)
from ci_stat.store.ci_data.schema import ci_data

T = TypeVar("T")


def hidden(url: URL) -> str:
    """`url` for people: without password and without query (which may hold key files and tokens)."""
    return url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise explain(error.orig or error, engine) from error.orig
    except SQLAlchemyError as error:
        raise DatabaseError(f"{hidden(engine.url)}: {error}") from error
    except Exception as error:
        if not of_driver(error):
            raise
        raise explain(error, engine) from error


_DRIVERS = ("pymysql", "MySQLdb", "sqlite3")


def of_driver(error: BaseException) -> bool:
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


def text_of(error: BaseException) -> str:
    return str(error.args[-1]) if error.args else str(error)


def is_lost(error: BaseException) -> bool:
    code = error.args[0] if error.args else None
    return (
        code in _LOST
        or code in (0, "")
        or isinstance(error, _STUMBLES)
        or "Packet sequence number" in str(code)
    )


def explain(error: BaseException, engine: Engine) -> DatabaseError:
    """A driver's error in words, with the next step. The password is in none of them."""
    where = hidden(engine.url)
    code = error.args[0] if error.args else None
    text = text_of(error)
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(text, where, engine)
    if code in _DENIED:
        return AccessDenied(
            f"{where} refuses us: {text}",
            "Check user, password and grants (SELECT is enough to read; import needs CREATE, INSERT and UPDATE).",
        )
    if code in (1046, 1049):
        return SchemaMismatch(
            f"{where}: {text}.", "Check the setting `database` (usually sync_ci_data)."
        )
    if code in (1146, 1054):
        return _missing(engine, text)
    if code in _UNREACHABLE:
        return ServerUnreachable(
            f"{where} cannot be reached: {text}",
            "Check host and port, that the server runs, and the network.",
        )
    if code in _LOST and "timed out" in text:
        return too_slow(engine)
    if is_lost(error):
        return ConnectionLost(
            f"{where}: the connection broke off: {text}", "Try again; see the server's log."
        )
    if code in _PART_IS_GONE:
        return ServerUnreachable(
            f"{where}: a part of the cluster does not answer: {text}",
            "No numbers are shown without all of its rows.",
        )
    return DatabaseError(f"{where}: {text} (error {code})")


def too_slow(engine: Engine) -> ServerUnreachable:
    limit = engine.get_execution_options().get("read_timeout")
    return ServerUnreachable(
        f"{hidden(engine.url)} did not answer within {limit} s.",
        "Ask for a shorter window, or raise the setting `read_timeout`.",
    )


def _explain_sqlite(text: str, where: str, engine: Engine) -> DatabaseError:
    if "no such table" in text or "no such column" in text:
        return _missing(engine, text)
    if "unable to open" in text or "not a database" in text:
        return ServerUnreachable(
            f"{where} cannot be opened: {text}.", "Is it a SQLite file that you may read?"
        )
    if "locked" in text:
        return DatabaseError(
            f"{where} is locked: {text}.",
            "Another program writes to it; try again when it is done.",
        )
    return DatabaseError(f"{where}: {text}")


# Of the messages of all drivers: `no such table: deliveries`, `Table 'x.deliveries' doesn't exist`.
_OWN_TABLE = re.compile(
    r"\b(deliveries|failure_sightings|sighting_spans|window_facts|log_extractions|ci_stat_state|issue_(?:intents|mutes|accepted|locks))\b"
)


def _missing(engine: Engine, text: str) -> DatabaseError:
    """What exactly is not there, by looking at the table once."""
    where = hidden(engine.url)
    if _OWN_TABLE.search(text):
        return SchemaMismatch(
            f"{where} lacks a table of our own state ({text}).", "Any `ci-stat report` makes it."
        )
    try:
        there = {column["name"] for column in inspect(engine).get_columns(ci_data.name)}
    except NoSuchTableError:
        return SchemaMismatch(
            f"{where} has no table {ci_data.name} ({text}).",
            "Is this the database that Jenkins fills (usually sync_ci_data)? `ci-stat import` would create the table.",
        )
    except SQLAlchemyError:
        return SchemaMismatch(f"{where}: {text}.", "Table and columns could not be looked at.")
    gone = [
        f"{column.name} ({column.comment})"
        for column in ci_data.columns
        if column.name not in there
    ]
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

"""Statements of imports, given to the driver: SQLAlchemy would double their time.

Texts are always parameters. Names of tables and columns are ours.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

Row = tuple[Any, ...]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows with a value for each column."""
    if rows:
        names = [column.name for column in table.c]
        connection.exec_driver_sql(_insert(connection, "INSERT", table, names), list(rows))


def insert_missing_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows with a value for each column but `id`; leave existing rows unchanged."""
    names = [column.name for column in table.c if column.name != "id"]
    word = "INSERT OR IGNORE" if _is_sqlite(connection) else "INSERT IGNORE"
    connection.exec_driver_sql(_insert(connection, word, table, names), list(rows))


def fetched(connection: Connection, statement: str, parameters: Sequence[Any]) -> list[Row]:
    """Return the rows of a query as the driver makes them."""
    result = connection.exec_driver_sql(statement, tuple(parameters))
    cursor = result.cursor
    assert cursor is not None  # a query has rows
    rows = list(cursor.fetchall())
    result.close()
    return rows


def in_marks(connection: Connection, count: int) -> str:
    """Return the marks of `count` parameters."""
    return ", ".join([_mark(connection)] * count)


def _insert(connection: Connection, word: str, table: Table, names: Sequence[str]) -> str:
    marks = in_marks(connection, len(names))
    return f"{word} INTO {table.name} ({', '.join(names)}) VALUES ({marks})"


def _mark(connection: Connection) -> str:
    return "?" if _is_sqlite(connection) else "%s"


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"

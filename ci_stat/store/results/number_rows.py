"""Rows of whole numbers and few different words, inserted many at a time.

PyMySQL spends twice the server's time on the parameters of such rows. Here Python formats the
numbers, and the driver only each different word.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from ci_stat.store.results.driver_sql import Row, insert_rows


def insert_number_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose values are whole numbers, None, and words."""
    if connection.dialect.driver != "pymysql" or not rows:
        insert_rows(connection, table, rows)
        return
    literals = _Literals(connection.connection.driver_connection)
    names = ", ".join(column.name for column in table.c)
    values = ",".join([f"({','.join([literals[value] for value in row])})" for row in rows])
    statement = f"INSERT INTO {table.name} ({names}) VALUES {values}"  # noqa: S608  # escaped
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


class _Literals(dict[Any, str]):
    """Values as SQL: made once for each different value of a statement."""

    def __init__(self, driver: Any) -> None:
        super().__init__()
        self._driver = driver

    def __missing__(self, value: Any) -> str:
        if value is None:
            text = "NULL"
        else:
            text = str(value) if type(value) is int else str(self._driver.escape(value))
        self[value] = text
        return text

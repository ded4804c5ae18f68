"""INSERT or update by primary key, for SQLite, MySQL and MariaDB."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Table

Merge = Callable[[Any], list[tuple[str, Any]]]


def upsert(bind: Engine | Connection, table: Table, merge: Merge | None = None) -> Any:
    """An upsert into `table` in the dialect of `bind`.

    `merge`: takes the columns of the new row and returns the assignments in order. Without it the
    new row replaces the old one.
    """
    # Imported here, because the dialect modules slow down every start.
    if bind.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table)
        changes = _changes(table, merge, statement.excluded)
        return statement.on_conflict_do_update(
            [column.name for column in table.primary_key], set_=dict(changes)
        )

    from sqlalchemy.dialects import mysql

    insert = mysql.insert(table)
    return insert.on_duplicate_key_update(_changes(table, merge, insert.inserted))


def _changes(table: Table, merge: Merge | None, new: Any) -> list[tuple[str, Any]]:
    if merge:
        return merge(new)
    return [(column.name, new[column.name]) for column in table.c if not column.primary_key]

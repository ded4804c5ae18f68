"""An INSERT that changes the row with the same key, if there is one: SQLite, MySQL, MariaDB."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Table

Merge = Callable[[Any], list[tuple[str, Any]]]


def upsert(bind: Engine | Connection, table: Table, merge: Merge | None = None) -> Any:
    """The statement for the rows of `table`, for a database such as `bind`.

    `merge` gets the columns of the new row and returns what to set, in this order. Without it
    the new row replaces the old one.
    """
    # Imported here: the modules of dialects would slow every start.
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

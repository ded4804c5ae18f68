"""Ids of cases and messages: rows that many files share, created when they are first seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from ci_stat.store.state.writing import batches, insert_missing

_BATCH = 500  # keys in one statement
_MAX_KNOWN = 200_000  # ids that are remembered: 30 MB

Row = Mapping[str, Any]


class Ids:
    """The ids of the rows of `table` by their key. `connection` returns where to write them."""

    def __init__(self, table: Table, key: str, connection: Callable[[], Connection]) -> None:
        self._table = table
        self._key = table.c[key]
        self._connection = connection
        self._known: dict[str, int] = {}

    def of(self, rows: Mapping[str, Row]) -> dict[str, int]:
        """Return the ids of `rows` (by key), and create those that are missing."""
        unknown = sorted(key for key in rows if key not in self._known)
        if len(self._known) + len(unknown) > _MAX_KNOWN:
            self._known.clear()
            unknown = sorted(rows)
        for keys in batches(unknown, _BATCH):
            self._look_up(keys)
            missing = [key for key in keys if key not in self._known]
            if missing:
                # Sorted: processes that create the same rows wait for each other, in one order.
                self._connection().execute(
                    insert_missing(self._table), [dict(rows[key]) for key in missing]
                )
                self._look_up(missing)
        return self._known

    def _look_up(self, keys: Sequence[str]) -> None:
        statement = select(self._key, self._table.c.id).where(self._key.in_(keys))
        self._known.update((key, number) for key, number in self._connection().execute(statement))

"""Ids of cases and messages: rows that many files share, created when they are first seen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table

from ci_stat.store.results.driver_sql import fetched, in_marks, insert_missing_rows
from ci_stat.store.state.writing import batches

_BATCH = 500  # keys in one statement
_MAX_KNOWN = 200_000  # ids that are remembered: 30 MB

T = TypeVar("T")


class Ids(Generic[T]):
    """The ids of the rows of `table` by their key.

    `connection` returns where to write them. `row` makes the row of a key, without its id: only
    rows that are missing are made.
    """

    def __init__(
        self,
        table: Table,
        key: str,
        connection: Callable[[], Connection],
        row: Callable[[str, T], tuple[Any, ...]],
    ) -> None:
        self._table = table
        self._key = key
        self._connection = connection
        self._row = row
        self._known: dict[str, int] = {}

    def of(self, values: Mapping[str, T]) -> Mapping[str, int]:
        """Return at least the ids of `values` (by key), and create those that are missing."""
        unknown = sorted(key for key in values if key not in self._known)
        if len(self._known) + len(unknown) > _MAX_KNOWN:
            self._known.clear()
            unknown = sorted(values)
        for keys in batches(unknown, _BATCH):
            self._look_up(keys)
            missing = [key for key in keys if key not in self._known]
            if missing:
                # Sorted: processes that create the same rows wait for each other, in one order.
                rows = [self._row(key, values[key]) for key in missing]
                insert_missing_rows(self._connection(), self._table, rows)
                self._look_up(missing)
        return self._known

    def _look_up(self, keys: Sequence[str]) -> None:
        connection = self._connection()
        marks = in_marks(connection, len(keys))
        table, key = self._table.name, self._key
        statement = f"SELECT {key}, id FROM {table} WHERE {key} IN ({marks})"  # noqa: S608  # ours
        self._known.update(fetched(connection, statement, keys))

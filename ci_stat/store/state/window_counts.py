"""Counts of past windows, stored so that no report counts the same days again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine, delete, select

from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import read_rows
from ci_stat.store.state.stored_values import digest, source_of
from ci_stat.store.state.tables import window_counts
from ci_stat.store.state.writing import batches, write
from ci_stat.store.upsert import upsert

BATCH = 100  # keys in one query
# A value with each quote escaped must fit a packet of 1 MB (small MySQL). Larger ones are counted
# again.
MOST_BYTES = 450_000

_c = window_counts.c


@dataclass(frozen=True, slots=True)
class CountKey:
    """`what` is counted, in which window (naive, wall clock), for which names (`about`)."""

    what: str
    begin: datetime
    end: datetime
    about: str = ""

    @property
    def digest(self) -> str:
        return digest(self.what, wall_text(self.begin), wall_text(self.end), self.about)


class StoredCounts:
    """The stored counts of one CI database. `prepare_state` creates the table.

    All methods raise DatabaseError.
    """

    def __init__(self, engine: Engine, database: str) -> None:
        """`database`: `runs.database_name`."""
        self._engine, self._source = engine, source_of(database)

    def get(self, keys: Iterable[CountKey]) -> dict[CountKey, bytes]:
        """The values of those keys that are stored."""
        by_digest = {key.digest: key for key in keys}
        values: dict[CountKey, bytes] = {}
        for batch in batches(by_digest, BATCH):
            rows = self._rows(batch)
            values.update((by_digest[name], str(value).encode()) for name, value in rows)
        return values

    def _rows(self, digests: Sequence[str]) -> Sequence[Any]:
        query = select(_c.key_hash, _c.value)
        return read_rows(
            self._engine, query.where(_c.source == self._source, _c.key_hash.in_(digests))
        )

    def put(self, values: Mapping[CountKey, bytes]) -> None:
        """Store JSON texts by key, replacing older ones. Values over `MOST_BYTES` are skipped."""
        statement = upsert(self._engine, window_counts)
        for key, value in values.items():
            if len(value) > MOST_BYTES:
                continue
            row = {
                "source": self._source,
                "key_hash": key.digest,
                "begin": wall_text(key.begin),
                "end": wall_text(key.end),
                "value": value.decode(),
            }
            retry_read(partial(write, self._engine, statement, [row]))

    def forget(self, begin: datetime, end: datetime) -> None:
        """Delete the counts of windows that overlap [begin, end], whose rows have changed."""
        begins_before_end = _c.begin <= wall_text(end)
        ends_after_begin = _c.end > wall_text(begin)
        overlapping = delete(window_counts).where(
            _c.source == self._source, begins_before_end, ends_after_begin
        )
        write(self._engine, overlapping)

"""Notes by people about failures: mutes, and failures that may be filed despite the limit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Table, delete, select

from ci_stat.errors import SchemaMismatch
from ci_stat.records import Accepted, CaseNote, Mute
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import read_rows
from ci_stat.store.state.issue_call_row import kept_key
from ci_stat.store.state.stored_values import digest, fitted, tracker_of, utc_moment, utc_text
from ci_stat.store.state.tables import accepted, mutes
from ci_stat.store.state.writing import batches, write
from ci_stat.store.upsert import upsert

Note = TypeVar("Note", bound=CaseNote)
_AT_ONCE = 500  # notes in one statement


class CaseNotes(Generic[Note]):
    """The notes of one kind about the failures of one repository.

    `prepare_state` creates the table. Keys are returned in their stored form (`kept_key`). All
    methods raise DatabaseError.
    """

    _table: Table
    _note: type[Note]

    def __init__(self, engine: Engine, tracker: str, clock: Callable[[], datetime]) -> None:
        """`tracker`, `clock` as for `IssueCalls`."""
        self._engine, self._tracker, self._clock = engine, tracker_of(tracker), clock

    def keep(self, notes: Iterable[Note]) -> None:
        """Store notes; they replace older ones with the same keys. Idempotent."""
        rows = (fitted(self._table, self._values(note)) for note in notes)
        for batch in batches(rows, _AT_ONCE):
            self._write(upsert(self._engine, self._table), batch)

    def _values(self, note: Note) -> dict[str, Any]:
        key = kept_key(note.key)
        return {
            "tracker": self._tracker,
            "key_hash": digest(key),
            "key": key,
            "name": note.name,
            "until": utc_text(note.until),
            "why": note.why,
            "made": utc_text(note.made),
        }

    def end(self, keys: Iterable[str]) -> int:
        """Delete notes; return how many were active. Concurrent callers may count the same note."""
        kept_keys = {kept_key(key) for key in keys}
        active = self.all(self._clock())
        columns = self._table.c
        for hashes in batches(map(digest, kept_keys), _AT_ONCE):
            of_keys = columns.key_hash.in_(hashes)
            self._write(delete(self._table).where(columns.tracker == self._tracker, of_keys))
        return len(kept_keys & active.keys())

    def _write(self, statement: Any, rows: Sequence[dict[str, Any]] = ()) -> None:
        retry_read(lambda: write(self._engine, statement, rows))

    def all(self, now: datetime | None = None) -> dict[str, Note]:
        """Notes by key, the first to end first. `now` (aware): only those that are active."""
        columns = self._table.c
        query = select(self._table).where(columns.tracker == self._tracker)
        if now is not None:
            query = query.where(columns.until > utc_text(now))
        first_to_end = query.order_by(columns.until, columns.key_hash)
        return {row.key: self._from(row) for row in read_rows(self._engine, first_to_end)}

    def _from(self, row: Any) -> Note:
        return self._note(row.key, row.name, utc_moment(row.until), row.why, utc_moment(row.made))


class Mutes(CaseNotes[Mute]):
    """Failures whose issues are left alone."""

    _table, _note = mutes, Mute


class AcceptedCases(CaseNotes[Accepted]):
    """Failures that a person has checked: they may be filed however many are new at once."""

    _table, _note = accepted, Accepted

    def all(self, now: datetime | None = None) -> dict[str, Accepted]:
        """Empty for an older, read-only state without the table: then the limit applies."""
        try:
            return super().all(now)
        except SchemaMismatch:
            return {}


@dataclass(frozen=True)
class Notes:
    """All notes about the failures of one repository."""

    mutes: Mutes
    accepted: AcceptedCases

"""What people said of failures: that no issue is touched for them, or that they may be filed, however many are new."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Table, delete, select

from ci_stat.errors import SchemaMismatch
from ci_stat.records import Accepted, CaseNote, Mute
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import ask, tracker_of, utc_moment, utc_text
from ci_stat.store.state.issue_calls import kept_key
from ci_stat.store.state.tables import accepted, batches, digest, fitted, mutes, write
from ci_stat.store.upsert import upsert

Note = TypeVar("Note", bound=CaseNote)
_AT_ONCE = 500  # notes in one statement


class CaseNotes(Generic[Note]):
    """The notes of one sort about the failures of one repository. All methods raise DatabaseError.

    `State.prepare` makes the table. Keys are given out as `Issues` gives them out.
    """

    _table: Table
    _note: type[Note]

    def __init__(self, engine: Engine, tracker: str, clock: Callable[[], datetime]) -> None:
        """`tracker`, `clock` as for `Issues`."""
        self._engine, self._tracker, self._clock = engine, tracker_of(tracker), clock

    def keep(self, notes: Iterable[Note]) -> None:
        """Keep them, each in the place of an earlier one of its key. Twice is as good as once."""
        for rows in batches((fitted(self._table, self._row(note)) for note in notes), _AT_ONCE):
            self._write(upsert(self._engine, self._table), rows)

    def _row(self, note: Note) -> dict[str, Any]:
        key = kept_key(note.key)
        return {
            "tracker": self._tracker, "key_hash": digest(key), "key": key, "name": note.name,
            "until": utc_text(note.until), "why": note.why, "made": utc_text(note.made),
        }  # fmt: skip

    def end(self, keys: Iterable[str]) -> int:
        """Take them back; how many held until now. Of two that take one back at once both may hear so."""
        kept, held = {kept_key(key) for key in keys}, self.all(self._clock())
        columns = self._table.c
        for hashes in batches(map(digest, kept), _AT_ONCE):
            ours = (columns.tracker == self._tracker, columns.key_hash.in_(hashes))
            self._write(delete(self._table).where(*ours))
        return len(kept & held.keys())

    def _write(self, statement: Any, rows: Sequence[dict[str, Any]] = ()) -> None:
        retry_read(lambda: write(self._engine, statement, rows))

    def all(self, now: datetime | None = None) -> dict[str, Note]:
        """Every note by key, the first that ends first; if `now` (aware) is given, only those that are not over."""
        columns = self._table.c
        asked = (
            select(self._table)
            .where(columns.tracker == self._tracker)
            .order_by(columns.until, columns.key_hash)
        )
        if now is not None:
            asked = asked.where(columns.until > utc_text(now))
        return {
            row.key: self._note(
                row.key, row.name, utc_moment(row.until), row.why, utc_moment(row.made)
            )
            for row in ask(self._engine, asked)
        }


class Mutes(CaseNotes[Mute]):
    """Failures that no issue is touched for."""

    _table, _note = mutes, Mute


class AcceptedCases(CaseNotes[Accepted]):
    """Failures that somebody has looked at: they may be filed, however many are new at once."""

    _table, _note = accepted, Accepted

    def all(self, now: datetime | None = None) -> dict[str, Accepted]:
        """None, too, in a state of an older ci_stat that we may only read: then no more is filed than before."""
        try:
            return super().all(now)
        except SchemaMismatch:
            return {}


@dataclass(frozen=True)
class Notes:
    """All that people said of the failures of one repository."""

    mutes: Mutes
    accepted: AcceptedCases

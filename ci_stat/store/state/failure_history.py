"""When each failure was first and last seen, and the time that was searched for failures.

Additions commute and are idempotent: several processes may add in any order, and repeat.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, or_, select, update

from ci_stat.errors import DatabaseError
from ci_stat.records import FailureKey, Sighting
from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.errors import hidden, retry_read
from ci_stat.store.state.compare_and_set import ROUNDS, read_rows
from ci_stat.store.state.stored_values import digest, fit, fitted, source_of
from ci_stat.store.state.tables import sightings, spans
from ci_stat.store.state.writing import batches, insert_missing, write
from ci_stat.store.upsert import upsert

BATCH = 200  # rows in one transaction, up to 460 KB: packets of small servers end at 1 MB
ASKED = 500  # keys in one query: older SQLite versions limit a statement to 999 values

Span = tuple[datetime, datetime, str]


class StoredSightings:
    """The sightings in one CI database. `prepare_state` creates the tables.

    All methods raise DatabaseError.
    """

    def __init__(self, engine: Engine, database: str) -> None:
        """`database`: `runs.database_name`."""
        self._engine, self._source = engine, source_of(database)

    def first_seen(self, keys: Iterable[FailureKey]) -> dict[FailureKey, Sighting]:
        """The sightings of those failures that were ever seen."""
        by_hash = {_hash(key): key for key in keys}
        known: dict[FailureKey, Sighting] = {}
        for batch in batches(by_hash, ASKED):
            rows = self._rows(batch)
            known.update((by_hash[row.key_hash], _sighting(row)) for row in rows)
        return known

    def _rows(self, hashes: Sequence[str]) -> Sequence[Any]:
        c = sightings.c
        query = select(c.key_hash, c.first_seen, c.last_seen, c.first_job, c.first_number)
        of_keys = query.where(c.source == self._source, c.key_hash.in_(hashes))
        return read_rows(self._engine, of_keys)

    def add(self, seen: Mapping[FailureKey, Sighting]) -> None:
        """Merge sightings: the earliest stays with its run, and the latest time.

        Of equally early runs the least (job, number) stays. Rows stored before an error are
        harmless, because merging them again changes nothing.
        """
        rows = [self._values(key, sighting) for key, sighting in seen.items()]
        # Writers of the same rows use the same order, so that they cannot deadlock.
        rows.sort(key=lambda values: str(values["key_hash"]))
        statement = upsert(self._engine, sightings, _merged)
        for batch in batches(rows, BATCH):
            retry_read(partial(write, self._engine, statement, batch))

    def _values(self, key: FailureKey, sighting: Sighting) -> dict[str, Any]:
        kind, name = key
        values = {
            "source": self._source,
            "key_hash": _hash(key),
            "kind": kind,
            "name": name,
            "first_seen": _wall(sighting.first_seen),
            "last_seen": _wall(sighting.last_seen),
            "first_job": sighting.job,
            "first_number": sighting.number,
        }
        return fitted(sightings, values)

    def span(self) -> Span | None:
        """The searched span [begin, end) (naive) and its rule set; None if nothing was searched."""
        query = select(spans.c.begin, spans.c.end, spans.c.rule_set)
        rows = read_rows(self._engine, query.where(spans.c.source == self._source))
        if not rows:
            return None
        row = rows[0]
        return _moment(row.begin), _moment(row.end), row.rule_set

    def extend(self, begin: datetime, end: datetime, rule_set: str) -> None:
        """Record [begin, end), naive, whole seconds, as searched, after its sightings were added.

        It joins the stored span if they touch and have the same rules; otherwise it replaces it.
        """
        more = (_moment(_wall(begin)), _moment(_wall(end)), fit(rule_set, 64))
        if more[0] >= more[1]:
            return
        for _ in range(ROUNDS):
            if retry_read(lambda: self._try_extend(more)):
                return
        raise DatabaseError(
            f"{hidden(self._engine.url)}: other processes keep updating the failure history.",
            "Try again later.",
        )

    def _try_extend(self, more: Span) -> bool:
        """False if another process changed the span after it was read."""
        stored = self.span()
        joined = _joined(stored, more)
        if joined == stored:
            return True
        if stored is None:
            new_row = insert_missing(spans).values(source=self._source, **_columns(joined))
            return write(self._engine, new_row) == 1
        unchanged = [spans.c[name] == value for name, value in _columns(stored).items()]
        own_row = update(spans).where(spans.c.source == self._source, *unchanged)
        return write(self._engine, own_row.values(_columns(joined))) == 1


def _columns(span: Span) -> dict[str, str]:
    begin, end, rule_set = span
    return {"begin": _wall(begin), "end": _wall(end), "rule_set": rule_set}


def _merged(new: Any) -> list[tuple[str, ColumnElement[Any]]]:
    """The columns of an existing row after a merge with the `new` one.

    MySQL assigns them in order, and each sees the assignments before it: none may depend on a
    column above it.
    """
    old = sightings.c
    is_earlier = new.first_seen < old.first_seen
    same_time = new.first_seen == old.first_seen
    job_first = or_(is_earlier, and_(same_time, new.first_job < old.first_job))
    same_job = and_(same_time, new.first_job == old.first_job)
    run_first = or_(job_first, and_(same_job, new.first_number < old.first_number))
    takes_new = {
        "first_number": run_first,
        "first_job": job_first,
        "first_seen": is_earlier,
        "last_seen": new.last_seen > old.last_seen,
    }
    return [
        (name, case((is_new, new[name]), else_=old[name])) for name, is_new in takes_new.items()
    ]


def _joined(stored: Span | None, more: Span) -> Span:
    if stored is None:
        return more
    begin, end, rule_set = more
    same_rules = stored[2] == rule_set
    touches = begin <= stored[1] and end >= stored[0]
    if not (same_rules and touches):
        return more
    return min(stored[0], begin), max(stored[1], end), rule_set


def _hash(key: FailureKey) -> str:
    return digest(*key)


def _sighting(row: Any) -> Sighting:
    return Sighting(
        _moment(row.first_seen), _moment(row.last_seen), row.first_job, int(row.first_number)
    )


def _wall(moment: datetime) -> str:
    """A time as the CI database writes it: wall clock, whole seconds."""
    return wall_text(moment.replace(tzinfo=None))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

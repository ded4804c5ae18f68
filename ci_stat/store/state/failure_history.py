"""When each failure was first and last seen, and the time that was looked through for that.

What several processes add comes to the same in whichever order, and however often, they add it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, case, or_, select, update

from ci_stat.errors import DatabaseError
from ci_stat.records import FailureKey, Sighting
from ci_stat.store.engine import connected
from ci_stat.store.errors import hidden, retry_read
from ci_stat.store.state.tables import (
    batches,
    digest,
    fit,
    fitted,
    insert_missing,
    sightings,
    source_of,
    spans,
    write,
)
from ci_stat.store.upsert import upsert

BATCH = 200  # rows in one transaction, at most 460 KB: packets of small servers end at a megabyte
ASKED = 500  # keys in one question: SQLite takes at most 999 values in older versions
ROUNDS = 20  # times that others may change the span between our look and our change

Span = tuple[datetime, datetime, str]


class Sightings:
    """The sightings in one CI database. `State.prepare` makes the tables; all methods raise DatabaseError."""

    def __init__(self, engine: Engine, database: str) -> None:
        """`database` as for `State`."""
        self._engine, self._source = engine, source_of(database)

    def first_seen(self, keys: Iterable[FailureKey]) -> dict[FailureKey, Sighting]:
        """What is known of these failures; those that were never seen are left out."""
        wanted = {_hash(key): key for key in keys}
        found: dict[FailureKey, Sighting] = {}
        for batch in batches(wanted, ASKED):
            rows = retry_read(lambda batch=batch: self._rows(batch))  # type: ignore[misc]
            found.update((wanted[row.key_hash], _sighting(row)) for row in rows)
        return found

    def _rows(self, hashes: Sequence[str]) -> Sequence[Any]:
        c = sightings.c
        asked = select(c.key_hash, c.first_seen, c.last_seen, c.first_job, c.first_number)
        with connected(self._engine) as connection:
            return connection.execute(
                asked.where(c.source == self._source, c.key_hash.in_(hashes))
            ).all()

    def add(self, seen: Mapping[FailureKey, Sighting]) -> None:
        """Bring in what was seen: the earliest sighting stays with its run (of equals the least), and the latest time.

        Adding again, or in another order, changes nothing; so what was stored before an error does no harm.
        """
        # All in one order: writers of the same rows wait for each other instead of blocking each other.
        rows = sorted(
            (self._values(*each) for each in seen.items()),
            key=lambda values: str(values["key_hash"]),
        )
        statement = upsert(self._engine, sightings, _merged)
        for batch in batches(rows, BATCH):
            retry_read(lambda batch=batch: write(self._engine, statement, batch))  # type: ignore[misc]

    def _values(self, key: FailureKey, seen: Sighting) -> dict[str, Any]:
        return fitted(
            sightings,
            {
                "source": self._source, "key_hash": _hash(key), "kind": key[0], "name": key[1],
                "first_seen": _wall(seen.first_seen), "last_seen": _wall(seen.last_seen),
                "first_job": seen.job, "first_number": seen.number,
            },
        )  # fmt: skip

    def span(self) -> Span | None:
        """The stretch [begin, end) that was looked through (naive), and by which rules; None if nothing was."""
        asked = select(spans.c.begin, spans.c.end, spans.c.rule_set).where(
            spans.c.source == self._source
        )

        def once() -> Span | None:
            with connected(self._engine) as connection:
                found = connection.execute(asked).first()
            return (
                None
                if found is None
                else (_moment(found.begin), _moment(found.end), found.rule_set)
            )

        return retry_read(once)

    def extend(self, begin: datetime, end: datetime, rule_set: str) -> None:
        """Note that [begin, end), naive, whole seconds, was looked through; to be said after its sightings were added.

        It joins the stretch that is known where they touch and the rules are the same, and else takes its place.
        """
        more = (_moment(_wall(begin)), _moment(_wall(end)), fit(rule_set, 64))
        if more[0] >= more[1]:
            return
        for _ in range(ROUNDS):
            if retry_read(lambda: self._stretch(more)):
                return
        raise DatabaseError(
            f"{hidden(self._engine.url)}: others change all the time what was looked through.",
            "Try again later.",
        )

    def _stretch(self, more: Span) -> bool:
        """One look and one change; False if somebody else made a change in between."""
        known = self.span()
        joined = _joined(known, more)
        if joined == known:
            return True
        if known is None:
            return (
                write(
                    self._engine,
                    insert_missing(spans).values(source=self._source, **_columns(joined)),
                )
                == 1
            )
        same = [spans.c[name] == value for name, value in _columns(known).items()]
        ours = update(spans).where(spans.c.source == self._source, *same)
        return write(self._engine, ours.values(_columns(joined))) == 1


def _columns(span: Span) -> dict[str, str]:
    return {"begin": _wall(span[0]), "end": _wall(span[1]), "rule_set": span[2]}


def _merged(new: Any) -> list[tuple[str, ColumnElement[Any]]]:
    """Columns of a row that is there already, by what it has and what it would have had.

    MySQL changes them one after the other, and each sees the changes before it: none looks at one that stands above it.
    """
    old = sightings.c
    sooner, same = new.first_seen < old.first_seen, new.first_seen == old.first_seen
    job_before = or_(sooner, and_(same, new.first_job < old.first_job))
    run_before = or_(
        job_before, and_(same, new.first_job == old.first_job, new.first_number < old.first_number)
    )
    later = new.last_seen > old.last_seen
    chosen = {
        "first_number": run_before,
        "first_job": job_before,
        "first_seen": sooner,
        "last_seen": later,
    }
    return [(name, case((is_new, new[name]), else_=old[name])) for name, is_new in chosen.items()]


def _joined(known: Span | None, more: Span) -> Span:
    if known is None or known[2] != more[2] or more[0] > known[1] or more[1] < known[0]:
        return more
    return min(known[0], more[0]), max(known[1], more[1]), more[2]


def _hash(key: FailureKey) -> str:
    return digest(*key)


def _sighting(row: Any) -> Sighting:
    return Sighting(
        _moment(row.first_seen), _moment(row.last_seen), row.first_job, int(row.first_number)
    )


def _wall(moment: datetime) -> str:
    """A time as the CI database writes it: wall clock, whole seconds."""
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

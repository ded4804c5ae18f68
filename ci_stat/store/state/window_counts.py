"""Numbers of windows that have ended, so that no report counts the same days again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select

from ci_stat.store.ci_data.runs import wall_text
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.tables import batches, digest, facts, source_of, write
from ci_stat.store.upsert import upsert

ASKED = 100  # keys in one question
# A megabyte ends the packets of small MySQL installations, and every quote is escaped. What is larger is counted anew.
MOST_BYTES = 450_000


@dataclass(frozen=True, slots=True)
class FactKey:
    """`what` is counted, for which window (naive, wall clock) and which names."""

    what: str
    begin: datetime
    end: datetime
    about: str = ""

    @property
    def digest(self) -> str:
        return digest(self.what, wall_text(self.begin), wall_text(self.end), self.about)


class Facts:
    """The facts of one CI database. `State.prepare` makes the table; all methods raise DatabaseError."""

    def __init__(self, engine: Engine, database: str) -> None:
        """`database` as for `State`."""
        self._engine, self._source = engine, source_of(database)

    def get(self, keys: Iterable[FactKey]) -> dict[FactKey, bytes]:
        """What was kept under these keys; those that were not are left out."""
        wanted = {key.digest: key for key in keys}
        found: dict[FactKey, bytes] = {}
        for batch in batches(wanted, ASKED):
            rows = retry_read(lambda batch=batch: self._rows(batch))  # type: ignore[misc]
            found.update((wanted[name], str(value).encode()) for name, value in rows)
        return found

    def _rows(self, names: list[str]) -> list[Any]:
        asked = select(facts.c.key_hash, facts.c.value).where(facts.c.source == self._source)
        with connected(self._engine) as connection:
            return [*connection.execute(asked.where(facts.c.key_hash.in_(names)))]

    def put(self, values: Mapping[FactKey, bytes]) -> None:
        """Keep JSON texts under keys, in the place of what was there."""
        for key, value in values.items():
            if len(value) > MOST_BYTES:
                continue
            row = {"source": self._source, "key_hash": key.digest, "begin": wall_text(key.begin),
                   "end": wall_text(key.end), "value": value.decode()}  # fmt: skip
            retry_read(lambda row=row: write(self._engine, upsert(self._engine, facts), [row]))  # type: ignore[misc]

    def forget(self, begin: datetime, end: datetime) -> None:
        """Drop what is kept of windows that overlap [begin, end], whose rows have changed."""
        overlap = (facts.c.begin <= wall_text(end), facts.c.end > wall_text(begin))
        write(self._engine, delete(facts).where(facts.c.source == self._source, *overlap))

"""Our own state: what was found in build logs, so that no log is read twice.

One row a build; what older rules found is replaced when its log is read again. Several processes may read and write at
once. The CI databases that share one state are told apart by a short hash of their names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from ci_stat.errors import AccessDenied, SchemaMismatch
from ci_stat.records import CaseFailure, Extraction, LogState
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, explain, hidden, retry_read, text_of
from ci_stat.store.state.tables import (
    batches,
    extractions,
    metadata,
    source_of,
    version_table,
)
from ci_stat.store.state.upgrade import VERSION, upgrade
from ci_stat.store.upsert import upsert

BATCH = 200  # builds in one statement: SQLite takes at most 999 values in older versions
# Of a build's failures as JSON. MySQL's packets end at a megabyte in small installations, and every quote is escaped.
MOST_BYTES = 450_000

# What is true for good. A log that is missing or still being written may be there the next time; who is refused today
# has a token tomorrow. What these places did not have or want (`_OF_PLACES`), others may.
FINAL = frozenset({LogState.READ, LogState.TOO_OLD, LogState.TOO_BIG})
_OF_PLACES = FINAL - {LogState.READ}

Key = tuple[str, int]


class State:
    """The state database, asked about the builds of one CI database."""

    def __init__(self, engine: Engine, database: str) -> None:
        """`database`: the CI database's name without password (`runs.database_name`)."""
        self._engine = engine
        self._source = source_of(database)

    def prepare(self) -> None:
        """Make the tables where they are missing, and carry an older state over to them.

        Raises SchemaMismatch for a state that a newer ci_stat wrote.
        """
        with database_errors(self._engine):
            there = set(inspect(self._engine).get_table_names())
            versions = self._versions() if version_table.name in there else set()
            self._require_known(max(versions, default=VERSION))
            try:
                self._create(there)
                if VERSION not in versions:
                    upgrade(self._engine)
            except DBAPIError as error:
                # Who may only read what an older ci_stat wrote does without the tables that came later.
                has_logs = there >= {version_table.name, extractions.name}
                if not (has_logs and self._may_not(error)):
                    raise

    def _require_known(self, version: int) -> None:
        if version > VERSION:
            raise SchemaMismatch(
                f"The state in {hidden(self._engine.url)} is of version {version}, and this ci_stat knows {VERSION}.",
                "Use the newer ci_stat, or set another state_url.",
            )

    def _create(self, there: set[str]) -> None:
        # Looked at first: who may only read has no right to say CREATE.
        missing = [table for table in metadata.sorted_tables if table.name not in there]
        with self._engine.begin() as connection:
            for table in missing:
                another_may_be_quicker = CreateTable(table, if_not_exists=True)
                connection.execute(another_may_be_quicker)

    def _may_not(self, error: DBAPIError) -> bool:
        said = error.orig or error
        return isinstance(explain(said, self._engine), AccessDenied) or "readonly" in text_of(said)

    def _versions(self) -> set[int]:
        with connected(self._engine) as connection:
            return set(connection.execute(select(version_table.c.version)).scalars())

    def known(
        self, builds: Iterable[Key], rule_set: str, places: str = ""
    ) -> dict[Key, Extraction]:
        """What these rules found in the logs of these builds before, and which logs these places did not have.

        `places`: a few letters (32 at most) that stand for the log places and their limits.
        """
        sets = (rule_set, _of_places(rule_set, places))
        return self._look_up(builds, extractions.c.rule_set.in_(sets))

    def read_before(self, builds: Iterable[Key]) -> dict[Key, Extraction]:
        """What any rules found in logs of these builds that were read to their end."""
        return self._look_up(builds, extractions.c.state == str(LogState.READ))

    def _look_up(self, builds: Iterable[Key], where: ColumnElement[bool]) -> dict[Key, Extraction]:
        found: dict[Key, Extraction] = {}
        for batch in batches(builds, BATCH):
            found.update(retry_read(lambda batch=batch: self._of(batch, where)))  # type: ignore[misc]
        return found

    def _of(self, builds: Sequence[Key], where: ColumnElement[bool]) -> dict[Key, Extraction]:
        table, wanted = extractions.c, set(builds)
        statement = select(
            table.job,
            table.number,
            table.state,
            table.detail,
            table.log_lines,
            table.log_bytes,
            table.failures,
        ).where(
            table.source == self._source,
            where,
            table.job.in_({job for job, _ in builds}),
            table.number.in_({number for _, number in builds}),
        )
        with connected(self._engine) as connection:
            rows = connection.execute(statement).all()
        read = (((row.job, int(row.number)), _extraction(row)) for row in rows)
        return {key: found for key, found in read if found is not None and key in wanted}

    def keep(self, found: Mapping[Key, Extraction], rule_set: str, places: str = "") -> None:
        """Store what is final, in one transaction a batch. `places` as for `known`.

        A log that was read once is not forgotten because its place has discarded it since.
        """
        gone = self.read_before([key for key, each in found.items() if each.state in _OF_PLACES])
        final = [
            (key, each) for key, each in found.items() if each.state in FINAL and key not in gone
        ]
        for batch in batches(final, BATCH):
            with database_errors(self._engine), self._engine.begin() as connection:
                connection.execute(
                    upsert(self._engine, extractions),
                    [self._values(*each, rule_set, places) for each in batch],
                )

    def _values(self, key: Key, found: Extraction, rule_set: str, places: str) -> dict[str, Any]:
        text, kept = _json(found.failures)
        cut = f"only the first {kept:,} of {len(found.failures):,} failures are kept"
        return {
            "source": self._source, "job": key[0], "number": key[1],
            "rule_set": _of_places(rule_set, places) if found.state in _OF_PLACES else rule_set,
            "state": str(found.state), "detail": found.detail if kept == len(found.failures) else cut,
            "log_lines": found.lines, "log_bytes": found.bytes, "failures": text,
        }  # fmt: skip


def _of_places(rule_set: str, places: str) -> str:
    return f"{rule_set}@{places}"


def _json(failures: tuple[CaseFailure, ...]) -> tuple[str, int]:
    """Failures as JSON, and how many: if that is too long without excerpts, and then without the last ones."""
    text = msgspec.json.encode(failures)
    if len(text) > MOST_BYTES:
        failures = tuple(msgspec.structs.replace(each, excerpt="") for each in failures)
        text = msgspec.json.encode(failures)
    while len(text) > MOST_BYTES:
        failures = failures[: len(failures) // 2]
        text = msgspec.json.encode(failures)
    return text.decode(), len(failures)


def _extraction(row: Any) -> Extraction | None:
    """What a row says; None for one that is not ours: its log is read again."""
    try:
        failures = msgspec.json.decode(row.failures, type=tuple[CaseFailure, ...])
        return Extraction(
            LogState(row.state), failures, int(row.log_lines), int(row.log_bytes), row.detail
        )
    except ValueError:
        return None

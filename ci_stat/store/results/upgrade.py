"""Upgrades a results database of version 1 or 2, with a row of `test_results` for each attempt.

The table is renamed first, so that an older ci_stat that still runs fails instead of writing what
nobody would read. Its files are packed, and the table is dropped last. Each step can be repeated
and run by several processes at once: an upgrade that was killed is continued by the next command.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    exists,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from ci_stat.store.results.packed.attempts import CHUNK, Columns, pack_attempts
from ci_stat.store.results.packed.file_ends import FileEnds
from ci_stat.store.results.tables import attempts, file_ends, files, pruned_files
from ci_stat.store.state.writing import batches, insert_missing, repeated

log = logging.getLogger(__name__)

VERSION = 3
OLD_NAME = "test_results"
_BATCH = 50  # files in one transaction
_ROWS = 2_000  # attempts that are read at once

old_metadata = MetaData()
old_attempts = Table(
    "test_results_2",
    old_metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("file_id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("case_id", BigInteger, nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("word", String(80), nullable=False),
    Column("duration", BigInteger),
    Column("message_id", BigInteger),
)


def has_old_rows(names: set[str]) -> bool:
    """Whether one of these tables is of an older version, or of an upgrade that was killed."""
    return OLD_NAME in names or old_attempts.name in names


def upgrade(engine: Engine) -> None:
    """Pack the attempts of all files, and drop the table that had a row for each."""
    while has_old_rows(names := set(inspect(engine).get_table_names())):
        step = _pack if old_attempts.name in names else _rename
        try:
            step(engine)
        except DBAPIError:
            if set(inspect(engine).get_table_names()) == names:
                raise  # no other process did this step


def _rename(engine: Engine) -> None:
    _execute(engine, f"ALTER TABLE {OLD_NAME} RENAME TO {old_attempts.name}")


def _pack(engine: Engine) -> None:
    lacking = _without_packed_rows(engine)
    if lacking:
        log.info("results database: packing %d files of an older version", len(lacking))
    for batch in batches(lacking, _BATCH):
        repeated(lambda batch=batch: _pack_files(engine, batch))  # type: ignore[misc]
    _execute(engine, f"DROP TABLE {old_attempts.name}")


def _execute(engine: Engine, statement: str) -> None:
    def run() -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    repeated(run)


def _without_packed_rows(engine: Engine) -> list[tuple[int, int]]:
    """Return run and file of those with attempts that are neither packed nor pruned."""
    is_packed = exists().where(
        attempts.c.run_id == files.c.run_id, attempts.c.file_id == files.c.id
    )
    is_pruned = exists().where(
        pruned_files.c.run_id == files.c.run_id, pruned_files.c.file_id == files.c.id
    )
    query = (
        select(files.c.run_id, files.c.id)
        .where(files.c.attempts > 0, ~is_packed, ~is_pruned)
        .order_by(files.c.run_id, files.c.id)
    )
    with engine.connect() as connection:
        return [(run_id, file_id) for run_id, file_id in connection.execute(query)]


def _pack_files(engine: Engine, keys: Sequence[tuple[int, int]]) -> None:
    packed_rows: list[dict[str, Any]] = []
    ends_rows: list[dict[str, Any]] = []
    with engine.connect() as connection:
        for run_id, file_id in keys:
            key = {"run_id": run_id, "file_id": file_id}
            ends = FileEnds()
            for columns in _chunks(connection, run_id, file_id):
                ends.add(columns.cases, columns.outcomes, columns.durations)
                packed_rows += [key | _values(*row) for row in pack_attempts(columns)]
            packed = ends.packed()
            if packed is not None:
                ends_rows.append(key | {"packed": packed})
    with engine.begin() as connection:
        for table, rows in ((attempts, packed_rows), (file_ends, ends_rows)):
            if rows:
                connection.execute(insert_missing(table), rows)


def _values(block: int, first: int, words: str, packed: bytes) -> dict[str, Any]:
    return {"block": block, "first_position": first, "words": words, "packed": packed}


def _chunks(connection: Connection, run_id: int, file_id: int) -> Iterator[Columns]:
    query = (
        select(old_attempts)
        .where(old_attempts.c.run_id == run_id, old_attempts.c.file_id == file_id)
        .order_by(old_attempts.c.position)
    )
    columns = Columns(0)
    for rows in connection.execute(query).partitions(_ROWS):
        for row in rows:
            columns.cases.append(row.case_id)
            columns.outcomes.append(row.outcome)
            columns.words.append(row.word)
            columns.durations.append(row.duration)
            columns.messages.append(row.message_id)
        if len(columns) >= CHUNK:
            yield columns
            columns = Columns(columns.first + len(columns))
    if len(columns):
        yield columns

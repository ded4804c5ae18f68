"""Upgrades a results database of version 1: its files get their packed rows.

Each step can be repeated and run by several processes at once, so that an upgrade that was killed
is continued by the next command. A file's attempts never change, so neither does its packed row.
"""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from ci_stat.store.results.packed.file_ends import FileEnds
from ci_stat.store.results.tables import file_ends, files, pruned_files, results
from ci_stat.store.state.writing import batches, insert_missing, repeated

log = logging.getLogger(__name__)

VERSION = 2
_BATCH = 50  # files in one transaction


def upgrade(engine: Engine) -> None:
    """Pack all files without a packed row."""
    lacking = _without_packed_row(engine)
    if lacking:
        log.info("results database: packing %d files of version 1", len(lacking))
    for batch in batches(lacking, _BATCH):
        rows = _packed_rows(engine, batch)
        repeated(lambda rows=rows: _write(engine, rows))  # type: ignore[misc]


def _without_packed_row(engine: Engine) -> list[tuple[int, int]]:
    """Return run and file of those with attempts that have neither packed row nor were pruned."""
    is_packed = (file_ends.c.run_id == files.c.run_id) & (file_ends.c.file_id == files.c.id)
    is_pruned = (pruned_files.c.run_id == files.c.run_id) & (pruned_files.c.file_id == files.c.id)
    query = (
        select(files.c.run_id, files.c.id)
        .outerjoin(file_ends, is_packed)
        .outerjoin(pruned_files, is_pruned)
        .where(file_ends.c.file_id.is_(None), pruned_files.c.file_id.is_(None))
        .where(files.c.attempts > 0)
        .order_by(files.c.run_id, files.c.id)
    )
    with engine.connect() as connection:
        return [(run_id, file_id) for run_id, file_id in connection.execute(query)]


def _packed_rows(engine: Engine, keys: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    rows = []
    with engine.connect() as connection:
        for run_id, file_id in keys:
            packed = _packed(connection, run_id, file_id)
            if packed is not None:
                rows.append({"run_id": run_id, "file_id": file_id, "packed": packed})
    return rows


def _packed(connection: Connection, run_id: int, file_id: int) -> bytes | None:
    query = (
        select(results.c.case_id, results.c.outcome, results.c.duration)
        .where(results.c.run_id == run_id, results.c.file_id == file_id)
        .order_by(results.c.position)
    )
    ends = FileEnds()
    ends.add(tuple(row) for row in connection.execute(query))
    return ends.packed()


def _write(engine: Engine, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        with engine.begin() as connection:
            connection.execute(insert_missing(file_ends), rows)

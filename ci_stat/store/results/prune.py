"""Prunes old runs: their attempts, texts and packed rows give way to counts of each day.

One transaction prunes the runs of one day. It begins by claiming their files, so that of two
processes one prunes a file, and one that is killed has changed nothing. Runs and files themselves
stay, so that a file that is imported again is still known. Cases and messages stay too.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors
from ci_stat.store.results.daily import DAY, count_groups, day_number, runs_with_pieces
from ci_stat.store.results.packed.day_columns import pack_day
from ci_stat.store.results.packed.pieces import pieces_of_files
from ci_stat.store.results.tables import (
    attempts,
    days,
    file_ends,
    files,
    pruned_files,
    runs,
    texts,
)
from ci_stat.store.state.writing import batches, repeated

_BATCH = 500  # files in one statement

Key = tuple[int, int]
"""Run and file."""


class PruneReport(msgspec.Struct, frozen=True):
    """What was pruned, or would be.

    `kept_runs`: old ones on the last day of their job. `left_days`: another process prunes them.
    """

    days: int = 0
    runs: int = 0
    files: int = 0
    attempts: int = 0
    kept_runs: int = 0
    left_days: int = 0


def prune(engine: Engine, before: datetime, dry_run: bool = False) -> PruneReport:
    """Prune the runs of days (UTC) that ended at or before `before`. Raises DatabaseError.

    The last day of each job is kept, so that its newest run can always be shown.
    """
    by_day, kept = _prunable(engine, day_number(before))
    done, left_days = [], 0
    for _, rows in sorted(by_day.items()):
        if dry_run or _prune(engine, [(row.run_id, row.id) for row in rows]):
            done.append(rows)
        else:
            left_days += 1
    pruned = [row for rows in done for row in rows]
    return PruneReport(
        days=len(done),
        runs=len({row.run_id for row in pruned}),
        files=len(pruned),
        attempts=sum(row.attempts for row in pruned),
        kept_runs=kept,
        left_days=left_days,
    )


def _prunable(engine: Engine, end: int) -> tuple[dict[int, list[Any]], int]:
    """Return the files of each day before `end`, and the number of old runs that are kept."""
    is_pruned = (pruned_files.c.run_id == files.c.run_id) & (pruned_files.c.file_id == files.c.id)
    query = (
        select(files.c.run_id, files.c.id, files.c.attempts, runs.c.job, runs.c.started)
        .join(runs, runs.c.id == files.c.run_id)
        .outerjoin(pruned_files, is_pruned)
        .where(runs.c.started < end * DAY, files.c.attempts > 0, pruned_files.c.file_id.is_(None))
        .order_by(files.c.run_id, files.c.id)
    )
    starts = select(runs.c.job, func.max(runs.c.started)).group_by(runs.c.job)
    by_day: defaultdict[int, list[Any]] = defaultdict(list)
    kept = set()
    with connected(engine) as connection:
        last_days = {job: started // DAY for job, started in connection.execute(starts)}
        for row in connection.execute(query):
            if row.started // DAY == last_days[row.job]:
                kept.add(row.run_id)
            else:
                by_day[row.started // DAY].append(row)
    return by_day, len(kept)


def _prune(engine: Engine, keys: Sequence[Key]) -> bool:
    """Prune files of one day. Return False if another process does it."""
    with database_errors(engine):
        try:
            repeated(lambda: _prune_once(engine, keys))
        except IntegrityError:
            return False
        return True


def _prune_once(engine: Engine, keys: Sequence[Key]) -> None:
    with engine.begin() as connection:
        claims = [{"run_id": run_id, "file_id": file_id} for run_id, file_id in keys]
        connection.execute(insert(pruned_files), claims)
        _write_day(connection, keys)
        for table in (texts, attempts, file_ends):
            _delete(connection, table, keys)


def _write_day(connection: Connection, keys: Sequence[Key]) -> None:
    pieces: dict[int, Any] = {}
    for batch in batches(keys, _BATCH):
        for run_id, some in pieces_of_files(connection, batch).items():
            pieces.setdefault(run_id, []).extend(some)
    rows: list[Any] = []
    for run_ids in batches(sorted(pieces), _BATCH):
        rows.extend(connection.execute(select(runs).where(runs.c.id.in_(run_ids))).all())
    if not rows:
        return

    day = rows[0].started // DAY
    part = min(file_id for _, file_id in keys)
    for group, (count, columns) in count_groups(runs_with_pieces(rows, pieces)).items():
        values = {
            "day": day,
            "group_key": group.key,
            "part": part,
            **group._asdict(),
            "runs": count,
            "packed": pack_day(columns),
        }
        connection.execute(insert(days), values)


def _delete(connection: Connection, table: Table, keys: Sequence[Key]) -> None:
    for batch in batches(keys, _BATCH):
        is_in = table.c.run_id.in_({run_id for run_id, _ in batch})
        is_file = table.c.file_id.in_([file_id for _, file_id in batch])
        connection.execute(delete(table).where(is_in, is_file))

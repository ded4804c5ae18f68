"""Reads the ends of tests in many runs as columns.

They come from the packed row of each file. A file without one, of an older database, is added up
from its attempts by the database.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy import case as case_when

from ci_stat.records.ends import ERROR, FAILED, PASSED, Ends
from ci_stat.store.engine import connected
from ci_stat.store.results import file_ends
from ci_stat.store.results.packed_columns import Column, unpack
from ci_stat.store.results.read import StoredRun
from ci_stat.store.results.tables import file_ends as packed_ends
from ci_stat.store.results.tables import files, results
from ci_stat.store.state.writing import batches

_BATCH = 200  # runs in one statement

Piece = tuple[Column, Column, Column, Column]
"""Case, flags (file_ends.py), attempts and microseconds of each test, ordered by case."""


def read_ends(engine: Engine, runs: Sequence[StoredRun]) -> Ends:
    """Return how each test ended in each of the runs. Raises DatabaseError.

    `Ends.run` holds places in `runs`.
    """
    places = {run.id: place for place, run in enumerate(runs)}
    lists: dict[str, list[Column]] = {name: [] for name in Ends.__slots__}
    with connected(engine) as connection:
        for ids in batches(places, _BATCH):
            pieces = _pieces(connection, ids)
            for run_id in ids:
                if run_id in pieces:
                    _add(lists, places[run_id], _merged(pieces.pop(run_id)))
    return Ends(**{name: _joined(name, lists) for name in Ends.__slots__})


def _pieces(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[Piece]]:
    """Return the pieces of each run in the order of its files."""
    is_same = (packed_ends.c.run_id == files.c.run_id) & (packed_ends.c.file_id == files.c.id)
    query = (
        select(files.c.run_id, packed_ends.c.packed)
        .outerjoin_from(files, packed_ends, is_same)
        .where(files.c.run_id.in_(run_ids), files.c.attempts > 0)
        .order_by(files.c.run_id, files.c.id)
    )
    pieces: defaultdict[int, list[Piece]] = defaultdict(list)
    unpacked_runs = set()
    for run_id, packed in connection.execute(query):
        if packed is None:
            unpacked_runs.add(run_id)
        else:
            pieces[run_id].append(unpacked(packed))
    for run_id in unpacked_runs:
        pieces[run_id] = _added_up(connection, run_id)
    return {run_id: run_pieces for run_id, run_pieces in pieces.items() if run_pieces}


def unpacked(packed: bytes) -> Piece:
    """Return what `file_ends.FileEnds` packed."""
    steps, flags, attempts, durations = unpack(packed)
    return np.cumsum(steps, dtype=np.int64), flags, attempts, durations


def _merged(pieces: Sequence[Piece]) -> Piece:
    """Join the files of a run. A test that several of them have ended as the last one says."""
    if len(pieces) == 1:
        return pieces[0]
    case, flags, attempts, durations = (
        np.concatenate(columns) for columns in zip(*pieces, strict=True)
    )
    order = np.argsort(case, kind="stable")
    case, flags, attempts, durations = (
        column[order] for column in (case, flags, attempts, durations)
    )
    is_first = np.diff(case, prepend=-1) != 0
    if is_first.all():
        return case, flags, attempts, durations

    begins = np.flatnonzero(is_first)
    last = np.append(begins[1:], len(case)) - 1
    seen = np.bitwise_or.reduceat(flags & ~np.uint8(file_ends.OUTCOME), begins)
    return (
        case[begins],
        seen | flags[last] & file_ends.OUTCOME,
        np.add.reduceat(attempts.astype(np.int32), begins),
        np.add.reduceat(durations.astype(np.int64), begins),
    )


def _add(lists: dict[str, list[Column]], place: int, piece: Piece) -> None:
    case, flags, attempts, durations = piece
    seconds = (durations / 1e6).astype(np.float32)
    seconds[flags & file_ends.TIMED == 0] = np.nan
    lists["run"].append(np.full(len(case), place, np.int32))
    lists["case"].append(case)
    lists["outcome"].append((flags & file_ends.OUTCOME).astype(np.int8))
    lists["passed"].append(flags & file_ends.PASSED != 0)
    lists["failed"].append(flags & file_ends.FAILED != 0)
    lists["attempts"].append(attempts.astype(np.int32))
    lists["seconds"].append(seconds)


_TYPES = {
    "run": np.int32,
    "case": np.int64,
    "outcome": np.int8,
    "passed": np.bool_,
    "failed": np.bool_,
    "attempts": np.int32,
    "seconds": np.float32,
}


def _joined(name: str, lists: dict[str, list[Column]]) -> Column:
    """Join one column. Its parts are freed, so that at most one column is in memory twice."""
    parts = lists.pop(name)
    return np.concatenate(parts) if parts else np.empty(0, _TYPES[name])


def _added_up(connection: Connection, run_id: int) -> list[Piece]:
    """Return a run without packed rows as one piece; no piece if it has no attempts."""
    rows = connection.execute(_ends_query(run_id)).all()
    if not rows:
        return []
    case, flags, attempts, durations = zip(*map(_fields, rows), strict=True)
    return [
        (
            np.array(case, np.int64),
            np.array(flags, np.uint8),
            np.array(attempts, np.int32),
            np.array(durations, np.int64),
        )
    ]


def _fields(row: Any) -> tuple[int, int, int, int]:
    flags = row.outcome | file_ends.PASSED * row.passed | file_ends.FAILED * row.failed
    is_timed = row.duration is not None
    flags |= file_ends.TIMED * is_timed
    return row.case_id, flags, row.attempts, int(row.duration) if is_timed else 0


def _ends_query(run_id: int) -> Any:
    """One row for each test of the run, with the outcome of its last attempt, by test."""
    order = (results.c.file_id.desc(), results.c.position.desc())
    ranked = (
        select(
            results,
            func.row_number()
            .over(partition_by=results.c.case_id, order_by=order)
            .label("from_last"),
        )
        .where(results.c.run_id == run_id)
        .subquery()
    )
    is_failed = ranked.c.outcome.in_((FAILED, ERROR))
    return (
        select(
            ranked.c.case_id,
            func.max(case_when((ranked.c.from_last == 1, ranked.c.outcome))).label("outcome"),
            func.max(case_when((ranked.c.outcome == PASSED, 1), else_=0)).label("passed"),
            func.max(case_when((is_failed, 1), else_=0)).label("failed"),
            func.count().label("attempts"),
            func.sum(ranked.c.duration).label("duration"),
        )
        .group_by(ranked.c.case_id)
        .order_by(ranked.c.case_id)
    )

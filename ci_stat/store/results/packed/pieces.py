"""Reads how each test ended in the files of runs.

The packed row of each file says it. A file without one, whose row would be too large, is added up
from its attempts. Pruned files have neither: they are in `test_days`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, select

from ci_stat.store.results.packed import file_ends
from ci_stat.store.results.packed.unpacking import Column, unpack
from ci_stat.store.results.stored_attempts import attempts_of_file
from ci_stat.store.results.tables import file_ends as packed_ends
from ci_stat.store.results.tables import files, pruned_files

Piece = tuple[Column, Column, Column, Column]
"""Case, flags (file_ends.py), attempts and microseconds of each test, ordered by case."""


def pieces_of_runs(connection: Connection, run_ids: Sequence[int]) -> Mapping[int, list[Piece]]:
    """Return the pieces of each run in the order of its files. A run without tests has no entry."""
    return _pieces(connection, and_(files.c.run_id.in_(run_ids), pruned_files.c.file_id.is_(None)))


def pieces_of_files(
    connection: Connection, keys: Sequence[tuple[int, int]]
) -> Mapping[int, list[Piece]]:
    """Return the pieces of files, given by run and file, by run."""
    return _pieces(connection, files.c.id.in_([file_id for _, file_id in keys]))


def _pieces(connection: Connection, is_wanted: ColumnElement[bool]) -> Mapping[int, list[Piece]]:
    is_packed = and_(packed_ends.c.run_id == files.c.run_id, packed_ends.c.file_id == files.c.id)
    is_pruned = and_(pruned_files.c.run_id == files.c.run_id, pruned_files.c.file_id == files.c.id)
    query = (
        select(files.c.run_id, files.c.id, packed_ends.c.packed)
        .select_from(files)
        .outerjoin(packed_ends, is_packed)
        .outerjoin(pruned_files, is_pruned)
        .where(is_wanted, files.c.attempts > 0)
        .order_by(files.c.run_id, files.c.id)
    )
    pieces: dict[int, list[Piece]] = {}
    names: defaultdict[int, list[int]] = defaultdict(list)
    lacking = set()
    for run_id, file_id, packed in connection.execute(query):
        names[run_id].append(file_id)
        if packed is None:
            lacking.add(run_id)
        else:
            pieces.setdefault(run_id, []).append(unpacked(packed))
    for run_id in lacking:
        added_up = _added_up(connection, run_id, names[run_id])
        pieces.pop(run_id, None)
        if added_up:
            pieces[run_id] = added_up
    return pieces


def unpacked(packed: bytes) -> Piece:
    """Return what `file_ends.FileEnds` packed."""
    steps, flags, attempts, durations = unpack(packed)
    return np.cumsum(steps, dtype=np.int64), flags, attempts, durations


def merged(pieces: Sequence[Piece]) -> Piece:
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


def _added_up(connection: Connection, run_id: int, file_ids: Sequence[int]) -> list[Piece]:
    """Return files of a run as pieces, without those that have no attempts."""
    pieces = []
    for file_id in file_ids:
        rows = list(attempts_of_file(connection, run_id, file_id))
        if rows:
            ends = file_ends.FileEnds()
            ends.add(
                [row.case_id for row in rows],
                [row.outcome for row in rows],
                [row.duration for row in rows],
            )
            pieces.append(piece_of(ends.columns()))
    return pieces


def piece_of(columns: Sequence[Sequence[int]]) -> Piece:
    """Return columns of `file_ends.FileEnds` as arrays."""
    steps, flags, attempts, durations = columns
    return (
        np.cumsum(steps, dtype=np.int64),
        np.array(flags, np.uint8),
        np.array(attempts, np.int32),
        np.array(durations, np.int64),
    )

"""Reads the packed attempts of runs and of cases. Each raises DatabaseError."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from ci_stat.store.results.packed.attempts import Attempt, block_of, cases_of, unpack_attempts
from ci_stat.store.results.tables import attempts, runs
from ci_stat.store.state.writing import batches

_BATCH = 500  # blocks in one statement
_RUNS = 20  # runs whose rows are in memory at once
_ORDER = (attempts.c.run_id, attempts.c.file_id, attempts.c.first_position)


def attempts_of_runs(connection: Connection, run_ids: Sequence[int]) -> Iterator[Attempt]:
    """Yield all attempts of runs, ordered by run, file and position. One file is in memory."""
    for run_id in sorted(run_ids):
        yield from _ordered(connection, attempts.c.run_id == run_id)


def attempts_of_file(connection: Connection, run_id: int, file_id: int) -> Iterator[Attempt]:
    """Yield the attempts of a file by position."""
    is_of_file = (attempts.c.run_id == run_id) & (attempts.c.file_id == file_id)
    yield from _ordered(connection, is_of_file)


def attempts_of_cases(
    connection: Connection, case_ids: Iterable[int], run_ids: Sequence[int] | None = None
) -> Iterator[Attempt]:
    """Yield the attempts of cases, by run, file and position. `run_ids`: only in these runs."""
    wanted = set(case_ids)
    if run_ids is None:
        rows = _rows_of_blocks(connection, wanted)
        yield from sorted(_of(rows, wanted))
        return
    for some in batches(sorted(run_ids), _RUNS):
        rows = _rows_of_blocks(connection, wanted, attempts.c.run_id.in_(some))
        yield from sorted(_of(rows, wanted))


def attempts_of_case_between(
    connection: Connection, case_id: int, begin: int, end: int
) -> Iterator[Attempt]:
    """Yield the attempts of a case in runs that started in [begin, end), in milliseconds."""
    query = (
        select(attempts)
        .join(runs, runs.c.id == attempts.c.run_id)
        .where(attempts.c.block == block_of(case_id), runs.c.started >= begin, runs.c.started < end)
    )
    yield from sorted(_of(connection.execute(query), {case_id}))


def first_starts(
    connection: Connection, case_ids: Iterable[int], is_wanted: ColumnElement[bool]
) -> dict[int, int]:
    """Return the start (ms) of the first wanted run that has each case. Others are left out.

    `is_wanted`: condition on `test_runs`.
    """
    missing = set(case_ids)
    starts: dict[int, int] = {}
    query = select(runs.c.id, runs.c.started).where(is_wanted).order_by(runs.c.started, runs.c.id)
    for some in batches(connection.execute(query).all(), _RUNS):
        if not missing:
            break
        started = {row.id: row.started for row in some}
        present = _present(connection, missing, list(started))
        for case_id, run_ids in present.items():
            starts[case_id] = min(started[run_id] for run_id in run_ids)
        missing -= starts.keys()
    return starts


def cases_before(connection: Connection, case_ids: Iterable[int], begin: int) -> set[int]:
    """Return those of the cases that a run before `begin` (ms) has. Looks at late runs first."""
    missing = set(case_ids)
    seen: set[int] = set()
    query = select(runs.c.id).where(runs.c.started < begin).order_by(runs.c.started.desc())
    for some in batches(connection.execute(query).scalars().all(), _RUNS):
        if not missing:
            break
        present = _present(connection, missing, some).keys()
        seen |= present
        missing -= present
    return seen


def _present(
    connection: Connection, case_ids: set[int], run_ids: Sequence[int]
) -> dict[int, set[int]]:
    """Return the runs that have each of the cases."""
    present: dict[int, set[int]] = {}
    for row in _rows_of_blocks(connection, case_ids, attempts.c.run_id.in_(run_ids)):
        for case_id in cases_of(row.block, row.packed) & case_ids:
            present.setdefault(case_id, set()).add(row.run_id)
    return present


def _rows_of_blocks(
    connection: Connection, case_ids: Iterable[int], *conditions: ColumnElement[bool]
) -> Iterator[Any]:
    blocks = sorted({block_of(case_id) for case_id in case_ids})
    for some in batches(blocks, _BATCH):
        yield from connection.execute(
            select(attempts).where(attempts.c.block.in_(some), *conditions)
        )


def _ordered(connection: Connection, is_wanted: ColumnElement[bool]) -> Iterator[Attempt]:
    rows = connection.execute(select(attempts).where(is_wanted).order_by(*_ORDER))
    for _, of_file in groupby(rows, key=lambda row: (row.run_id, row.file_id)):
        yield from sorted(attempt for row in of_file for attempt in _unpacked(row))


def _of(rows: Iterable[Any], case_ids: set[int]) -> Iterator[Attempt]:
    for row in rows:
        yield from _unpacked(row, case_ids)


def _unpacked(row: Any, case_ids: set[int] | None = None) -> Iterator[Attempt]:
    packed_row = (row.block, row.first_position, row.words, row.packed)
    return unpack_attempts(row.run_id, row.file_id, packed_row, case_ids)

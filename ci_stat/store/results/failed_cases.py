"""Reads the failed tests of many runs, with their messages and texts."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, select

from ci_stat.store.engine import connected
from ci_stat.store.results.read import StoredRun, texts_at
from ci_stat.store.results.stored_attempts import attempts_of_runs
from ci_stat.store.results.tables import cases, files
from ci_stat.store.state.writing import batches

_BATCH = 10  # runs in one statement
_CASES = 500  # cases in one statement
_BAD = (1, 2)  # outcomes: failed, error


class FailedCase(msgspec.Struct, frozen=True):
    """A test that failed at last in a run, with the message and the text of its last attempt."""

    run_id: int
    suite: str
    class_name: str
    name: str
    parameters: str
    file: str
    message: str
    text: str
    line: int


class RunFailures(msgspec.Struct, frozen=True):
    """The failed tests of a run, how many tests it had, and whether its files are whole."""

    failed: tuple[FailedCase, ...] = ()
    tests: int = 0
    is_whole: bool = False


def read_failures(engine: Engine, runs: Sequence[StoredRun]) -> dict[int, RunFailures]:
    """Return the failures of each run by its id. Raises DatabaseError."""
    failures: dict[int, RunFailures] = {}
    with connected(engine) as connection:
        for ids in batches([run.id for run in runs], _BATCH):
            states = connection.execute(
                select(files.c.run_id, files.c.state).where(files.c.run_id.in_(ids))
            ).all()
            for id in ids:
                own = [state for run_id, state in states if run_id == id]
                failures[id] = _failures(connection, id, own)
    return failures


def _failures(connection: Connection, run_id: int, states: Sequence[str]) -> RunFailures:
    ends = {attempt.case_id: attempt for attempt in attempts_of_runs(connection, [run_id])}
    bad = [attempt for attempt in ends.values() if attempt.outcome in _BAD]
    bad.sort()
    rows = _case_rows(connection, [attempt.case_id for attempt in bad])
    texts = texts_at(connection, run_id, [attempt.position for attempt in bad])
    failed = tuple(
        _failed_case(rows[attempt.case_id], texts.get((attempt.file_id, attempt.position)), run_id)
        for attempt in bad
    )
    is_whole = bool(ends) and all(state == "complete" for state in states)
    return RunFailures(failed, len(ends), is_whole)


def _case_rows(connection: Connection, case_ids: Sequence[int]) -> dict[int, Any]:
    rows: dict[int, Any] = {}
    for ids in batches(case_ids, _CASES):
        for row in connection.execute(select(cases).where(cases.c.id.in_(ids))):
            rows[row.id] = row
    return rows


def _failed_case(row: Any, text: Any, run_id: int) -> FailedCase:
    return FailedCase(
        run_id,
        row.suite,
        row.class_name,
        row.name,
        row.parameters,
        row.file,
        text.message if text else "",
        text.text if text else "",
        (text.line if text else 0) or 0,
    )

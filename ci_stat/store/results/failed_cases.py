"""Reads the failed tests of many runs, with their messages and texts."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Engine, and_, select

from ci_stat.store.engine import connected
from ci_stat.store.results.read import StoredRun
from ci_stat.store.results.tables import cases, files, results, texts
from ci_stat.store.state.writing import batches

_BATCH = 10  # runs in one statement
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
            ends = _last_attempts(connection.execute(_attempts(ids)))
            details = {
                (row.run_id, row.file_id, row.position): row
                for row in connection.execute(_details(ids))
            }
            failures |= {id: _failures(id, ends.get(id, {}), details, states) for id in ids}
    return failures


def _attempts(ids: Sequence[int]) -> Any:
    columns = (
        results.c.run_id,
        results.c.file_id,
        results.c.position,
        results.c.case_id,
        results.c.outcome,
    )
    order = (results.c.run_id, results.c.file_id, results.c.position)
    return select(*columns).where(results.c.run_id.in_(ids)).order_by(*order)


def _last_attempts(rows: Iterator[Any] | Any) -> dict[int, dict[int, tuple[int, int, int]]]:
    """Outcome and place of the last attempt, by run and case."""
    ends: dict[int, dict[int, tuple[int, int, int]]] = {}
    for run_id, file_id, position, case_id, outcome in rows:
        ends.setdefault(run_id, {})[case_id] = (outcome, file_id, position)
    return ends


def _details(ids: Sequence[int]) -> Any:
    same_attempt = and_(
        texts.c.run_id == results.c.run_id,
        texts.c.file_id == results.c.file_id,
        texts.c.position == results.c.position,
    )
    return (
        select(
            results.c.run_id,
            results.c.file_id,
            results.c.position,
            cases.c.suite,
            cases.c.class_name,
            cases.c.name,
            cases.c.parameters,
            cases.c.file,
            texts.c.message,
            texts.c.text,
            texts.c.line,
        )
        .join(cases, cases.c.id == results.c.case_id)
        .outerjoin(texts, same_attempt)
        .where(results.c.run_id.in_(ids), results.c.outcome.in_(_BAD))
    )


def _failures(
    run_id: int,
    ends: dict[int, tuple[int, int, int]],
    details: dict[tuple[int, int, int], Any],
    states: Sequence[Any],
) -> RunFailures:
    places = [(file, position) for outcome, file, position in ends.values() if outcome in _BAD]
    rows = [details[run_id, *place] for place in sorted(places)]
    failed = tuple(
        FailedCase(
            run_id,
            row.suite,
            row.class_name,
            row.name,
            row.parameters,
            row.file,
            row.message or "",
            row.text or "",
            row.line or 0,
        )
        for row in rows
    )
    own = [state for id, state in states if id == run_id]
    is_whole = bool(ends) and all(state == "complete" for state in own)
    return RunFailures(failed, len(ends), is_whole)

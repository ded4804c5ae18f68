"""Reads the properties of tests, such as markers, in some runs."""

import json
from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, Engine, select

from ci_stat.store.damage import stored_value
from ci_stat.store.engine import connected
from ci_stat.store.results.stored_attempts import attempts_of_runs
from ci_stat.store.results.tables import texts
from ci_stat.store.state.writing import batches

Properties = tuple[tuple[str, str], ...]

_BATCH = 200  # runs in one statement


def read_properties(engine: Engine, run_ids: Sequence[int]) -> dict[tuple[int, int], Properties]:
    """Return the properties by run and test, of the last attempt that has any.

    Raises DatabaseError.
    """
    by_test: dict[tuple[int, int], Properties] = {}
    with connected(engine) as connection:
        for ids in batches(run_ids, _BATCH):
            query = (
                select(texts.c.run_id, texts.c.file_id, texts.c.position, texts.c.properties)
                .where(texts.c.run_id.in_(ids), texts.c.properties != "")
                .order_by(texts.c.run_id, texts.c.file_id, texts.c.position)
            )
            rows = connection.execute(query).all()
            for run_id, of_run in groupby(rows, key=lambda row: row.run_id):
                cases = _cases_by_place(connection, run_id)
                for row in of_run:
                    case_id = cases[row.file_id, row.position]
                    by_test[run_id, case_id] = _pairs(row.properties)
    return by_test


def _cases_by_place(connection: Connection, run_id: int) -> dict[tuple[int, int], int]:
    return {
        (attempt.file_id, attempt.position): attempt.case_id
        for attempt in attempts_of_runs(connection, [run_id])
    }


def _pairs(properties: str) -> Properties:
    with stored_value("properties of tests in the results database"):
        return tuple((key, value) for key, value in json.loads(properties))

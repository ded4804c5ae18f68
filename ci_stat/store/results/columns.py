"""Reads the ends of tests in many runs as columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Engine, case, func, select

from ci_stat.records.ends import ERROR, FAILED, PASSED, Ends
from ci_stat.store.engine import connected
from ci_stat.store.results.read import StoredRun
from ci_stat.store.results.tables import results
from ci_stat.store.state.writing import batches

_BATCH = 200  # runs in one statement


def read_ends(engine: Engine, runs: Sequence[StoredRun]) -> Ends:
    """Return how each test ended in each of the runs. Raises DatabaseError.

    `Ends.run` holds places in `runs`.
    """
    places = {run.id: place for place, run in enumerate(runs)}
    rows: list[Any] = []
    with connected(engine) as connection:
        for ids in batches([run.id for run in runs], _BATCH):
            rows.extend(connection.execute(_ends_query(ids)).all())
    rows.sort(key=lambda row: (places[row.run_id], row.case_id))
    return Ends(
        run=np.array([places[row.run_id] for row in rows], np.int32),
        case=np.array([row.case_id for row in rows], np.int64),
        outcome=np.array([row.outcome for row in rows], np.int8),
        passed=np.array([row.passed for row in rows], np.bool_),
        failed=np.array([row.failed for row in rows], np.bool_),
        attempts=np.array([row.attempts for row in rows], np.int32),
        seconds=np.array(
            [np.nan if row.duration is None else float(row.duration) / 1e6 for row in rows],
            np.float32,
        ),
    )


def _ends_query(run_ids: Sequence[int]) -> Any:
    """One row for each run and test, with the outcome of its last attempt."""
    order = (results.c.file_id.desc(), results.c.position.desc())
    ranked = (
        select(
            results,
            func.row_number()
            .over(partition_by=(results.c.run_id, results.c.case_id), order_by=order)
            .label("from_last"),
        )
        .where(results.c.run_id.in_(run_ids))
        .subquery()
    )
    is_failed = ranked.c.outcome.in_((FAILED, ERROR))
    return select(
        ranked.c.run_id,
        ranked.c.case_id,
        func.max(case((ranked.c.from_last == 1, ranked.c.outcome))).label("outcome"),
        func.max(case((ranked.c.outcome == PASSED, 1), else_=0)).label("passed"),
        func.max(case((is_failed, 1), else_=0)).label("failed"),
        func.count().label("attempts"),
        func.sum(ranked.c.duration).label("duration"),
    ).group_by(ranked.c.run_id, ranked.c.case_id)

"""Reads the properties of tests, such as markers, in some runs."""

import json
from collections.abc import Sequence

from sqlalchemy import Engine, select

from ci_stat.store.damage import stored_value
from ci_stat.store.engine import connected
from ci_stat.store.results.tables import results, texts
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
                select(texts.c.run_id, results.c.case_id, texts.c.properties)
                .join(
                    results,
                    (texts.c.run_id == results.c.run_id)
                    & (texts.c.file_id == results.c.file_id)
                    & (texts.c.position == results.c.position),
                )
                .where(texts.c.run_id.in_(ids), texts.c.properties != "")
                .order_by(texts.c.run_id, texts.c.file_id, texts.c.position)
            )
            for run_id, case_id, properties in connection.execute(query):
                with stored_value("properties of tests in the results database"):
                    pairs = tuple((key, value) for key, value in json.loads(properties))
                by_test[run_id, case_id] = pairs
    return by_test

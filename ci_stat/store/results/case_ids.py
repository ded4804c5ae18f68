"""Ids of cases by their keys, and keys by ids: a key is the same in every results database."""

from collections.abc import Sequence

from sqlalchemy import Engine, select

from ci_stat.store.engine import connected
from ci_stat.store.results.tables import cases
from ci_stat.store.state.writing import batches

_BATCH = 500  # values in one statement


def case_ids(engine: Engine, keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of those cases that the database has. Raises DatabaseError."""
    ids_by_key: dict[str, int] = {}
    with connected(engine) as connection:
        for some in batches(keys, _BATCH):
            query = select(cases.c.case_key, cases.c.id).where(cases.c.case_key.in_(some))
            ids_by_key.update({row.case_key: row.id for row in connection.execute(query)})
    return ids_by_key


def case_keys(engine: Engine, ids: Sequence[int]) -> dict[int, str]:
    """Return the keys of cases by their ids. Raises DatabaseError."""
    keys: dict[int, str] = {}
    with connected(engine) as connection:
        for some in batches(ids, _BATCH):
            query = select(cases.c.id, cases.c.case_key).where(cases.c.id.in_(some))
            keys.update({row.id: row.case_key for row in connection.execute(query)})
    return keys

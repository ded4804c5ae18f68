"""Jobs of GitHub Actions in `ci_data`: which of them are stored, and from which repository."""

from collections.abc import Sequence

from sqlalchemy import Engine, select, tuple_

from ci_stat.errors import DatabaseError
from ci_stat.records import stored_names
from ci_stat.store.ci_data.cells import text_of
from ci_stat.store.ci_data.decode import parameters
from ci_stat.store.ci_data.schema import ci_data
from ci_stat.store.ci_data.sql import raw_json
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read

Key = tuple[str, int]
_BATCH = 200  # runs in one query
_MIXED_COLLATIONS = 1267


def stored_runs(engine: Engine, keys: Sequence[Key]) -> set[Key]:
    """Those of the runs, given as (job, number), that the table has. Raises DatabaseError."""
    stored: set[Key] = set()
    for first in range(0, len(keys), _BATCH):
        stored |= _stored(engine, keys[first : first + _BATCH])
    return stored


def _stored(engine: Engine, keys: Sequence[Key]) -> set[Key]:
    try:
        return _stored_under(engine, keys)
    except DatabaseError as error:
        cause = error.__cause__
        if cause is None or cause.args[:1] != (_MIXED_COLLATIONS,):
            raise
        # A name has letters that the column cannot hold, so no row has it.
        return _stored_under(engine, [key for key in keys if key[0].isascii()])


def _stored_under(engine: Engine, keys: Sequence[Key]) -> set[Key]:
    # A long name is stored cut.
    by_stored_key = {(name, key[1]): key for key in keys for name in stored_names(key[0])}
    c = ci_data.c
    statement = select(c.job, c.job_id).where(tuple_(c.job, c.job_id).in_(list(by_stored_key)))

    def read() -> set[Key]:
        with connected(engine) as connection:
            rows = connection.execute(statement)
            stored = {(text_of(job), int(number)) for job, number in rows}
        return {by_stored_key[key] for key in stored if key in by_stored_key}

    return retry_read(read)


def repository_of(engine: Engine, job: str, number: int) -> str:
    """The repository of a job of GitHub Actions. Raises DatabaseError.

    "" for a run of another CI, and for a workflow that did not start: it has no job and no log.
    """
    c = ci_data.c
    names = stored_names(job)
    statement = select(c.job, c.repo, raw_json(c.description).label("description")).where(
        tuple_(c.job, c.job_id).in_([(name, number) for name in names])
    )
    with connected(engine) as connection:
        for name, repo, description in connection.execute(statement):
            known = parameters(description)
            is_job = "ci_stat_run" in known and "ci_stat_number" not in known
            if is_job and text_of(name) in names:
                return text_of(repo)
    return ""

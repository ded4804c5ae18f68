"""Small questions about runs and cases that answers about a window need."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, func, select

from ci_stat.store.engine import connected
from ci_stat.store.results.stored_attempts import cases_before
from ci_stat.store.results.tables import runs
from ci_stat.store.results.write import milliseconds


def branch_counts(engine: Engine, begin: datetime, end: datetime) -> dict[tuple[str, str], int]:
    """Return the runs outside of pull requests in [begin, end), by repository and branch."""
    is_between = (runs.c.started >= milliseconds(begin)) & (runs.c.started < milliseconds(end))
    query = (
        select(runs.c.repo, runs.c.branch, func.count())
        .where(is_between, runs.c.pull.is_(None))
        .group_by(runs.c.repo, runs.c.branch)
    )
    with connected(engine) as connection:
        return {(repo, branch): count for repo, branch, count in connection.execute(query)}


def seen_before(engine: Engine, case_ids: Sequence[int], begin: datetime) -> set[int]:
    """Return those of the cases that a run before `begin` has, of any job."""
    with connected(engine) as connection:
        return cases_before(connection, case_ids, milliseconds(begin))


def newest_run(engine: Engine) -> int | None:
    """Return the start of the newest run, in milliseconds since 1970; None without runs."""
    with connected(engine) as connection:
        started: int | None = connection.execute(select(func.max(runs.c.started))).scalar_one()
    return started


def groups_before(engine: Engine, begin: datetime) -> set[tuple[str, str, str]]:
    """Return repository, job, and labels (JSON) of all runs before `begin`."""
    columns = (runs.c.repo, runs.c.job, runs.c.labels)
    query = select(*columns).where(runs.c.started < milliseconds(begin)).group_by(*columns)
    with connected(engine) as connection:
        return {(repo, job, labels) for repo, job, labels in connection.execute(query)}

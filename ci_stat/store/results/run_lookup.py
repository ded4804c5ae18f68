"""Finds runs by what people call them: number, commit, branch, or id in the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, select

from ci_stat.store.engine import connected
from ci_stat.store.results.read import StoredRun, stored_run
from ci_stat.store.results.tables import runs
from ci_stat.store.results.write import milliseconds

_NEWEST = 3_000  # runs whose names are searched for similar ones


class RunLookup:
    """Questions about runs. Each raises DatabaseError. Runs come oldest first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest_start(self) -> datetime | None:
        """Return the start of the newest run; None without a run."""
        newest = self._runs(select(runs).order_by(runs.c.started.desc()).limit(1))
        return newest[0].started if newest else None

    def with_id(self, run_id: int) -> list[StoredRun]:
        """Return the run with this id in the database."""
        return self._runs(select(runs).where(runs.c.id == run_id))

    def numbered(self, number: int, job: str | None = None) -> list[StoredRun]:
        """Return the runs with this number in their CI: attempts, labels and jobs of it."""
        query = select(runs).where(runs.c.number == number)
        return self._runs(query if job is None else query.where(runs.c.job == job))

    def on_commit(self, prefix: str) -> list[StoredRun]:
        """Return the runs on commits that begin so."""
        candidates = self._runs(
            select(runs).where(runs.c.commit_hash.startswith(prefix, autoescape=True))
        )
        return [run for run in candidates if run.info.commit.startswith(prefix)]

    def on_branch(self, branch: str) -> list[StoredRun]:
        """Return the runs on a branch."""
        candidates = self._runs(select(runs).where(runs.c.branch == branch))
        return [run for run in candidates if run.info.branch == branch]

    def before(self, moment: datetime, job: str, limit: int) -> list[StoredRun]:
        """Return the newest runs of a job that started before a time."""
        is_before = (runs.c.job == job) & (runs.c.started < milliseconds(moment))
        newest_first = (runs.c.started.desc(), runs.c.id.desc())
        return self._runs(select(runs).where(is_before).order_by(*newest_first).limit(limit))

    def newest(self) -> list[StoredRun]:
        """Return the newest runs, whose names may be similar to an unknown one."""
        return self._runs(select(runs).order_by(runs.c.started.desc()).limit(_NEWEST))

    def _runs(self, query: Select[Any]) -> list[StoredRun]:
        with connected(self._engine) as connection:
            stored_runs = [stored_run(row) for row in connection.execute(query)]
        return sorted(stored_runs, key=lambda run: (run.started, run.id))

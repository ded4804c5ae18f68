"""How far the workflow runs of one repository were read, so that a sync reads no run again."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial

from sqlalchemy import ColumnElement, Engine, Table, and_, delete, or_, select, update

from ci_stat.store.errors import database_errors, retry_read
from ci_stat.store.state.compare_and_set import read_rows
from ci_stat.store.state.stored_values import digest, source_of
from ci_stat.store.state.tables import actions_pages, actions_runs, actions_stored, actions_syncs
from ci_stat.store.state.writing import batches, repeated, write
from ci_stat.store.upsert import upsert

BATCH = 200
MAX_ETAG = 255  # characters; a page with a longer one is read each time

_pages, _runs, _syncs = actions_pages.c, actions_runs.c, actions_syncs.c
_stored = actions_stored.c


class RunState(IntEnum):
    """What may follow after the attempts that are read."""

    ENDED = 0
    RUNNING = 1  # a later attempt runs
    UNFINISHED = 2  # the next attempt has ended, but not all its jobs


@dataclass(frozen=True, slots=True)
class Watermark:
    """All runs that were created from `reached` to `listed` are read. Unix times.

    `goal`: a sync reads back to it.
    """

    goal: int
    reached: int
    listed: int


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page whose runs are read."""

    etag: str
    next: str
    total: int


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A run whose attempts up to `attempt` are read."""

    created: int
    attempt: int
    state: RunState = RunState.ENDED


class ActionsSync:
    """The state of one repository and one choice of workflows. `prepare_state` creates the tables.

    All methods raise DatabaseError.
    """

    def __init__(
        self, engine: Engine, database: str, server: str, repo: str, workflows: Iterable[str] = ()
    ) -> None:
        """`database`: `runs.database_name`. `server`: the address of GitHub's API."""
        self._engine, self._source, self._name = engine, source_of(database), repo
        self._repo = digest(server, repo.lower())
        chosen = sorted({workflow.casefold() for workflow in workflows})
        self._scope = digest(server, repo.lower(), *chosen)

    # The watermark

    def watermark(self) -> Watermark | None:
        """None before the first sync."""
        query = select(_syncs.goal, _syncs.reached, _syncs.listed).where(
            _syncs.source == self._source, _syncs.scope == self._scope
        )
        for goal, reached, listed in read_rows(self._engine, query):
            return Watermark(int(goal), int(reached), int(listed))
        return None

    def set_watermark(self, mark: Watermark) -> None:
        self._put(
            actions_syncs,
            scope=self._scope,
            repo=self._name,
            goal=mark.goal,
            reached=mark.reached,
            listed=mark.listed,
        )

    # What the CI database must have

    def last_stored(self) -> tuple[str, int] | None:
        """Job and number of the row that was stored last; None if none was."""
        query = select(_stored.job, _stored.number).where(
            _stored.source == self._source, _stored.repo == self._repo
        )
        for job, number in read_rows(self._engine, query):
            return job, int(number)
        return None

    def set_last_stored(self, job: str, number: int) -> None:
        self._put(actions_stored, repo=self._repo, job=job, number=number)

    def start_again(self, now: int) -> None:
        """Of the repository, remember only how far back syncs are to read. All at once."""
        syncs = (_syncs.source == self._source, _syncs.repo == self._name)
        scopes = select(_syncs.scope).where(*syncs)
        statements = (
            delete(actions_pages).where(_pages.source == self._source, _pages.scope.in_(scopes)),
            delete(actions_runs).where(_runs.source == self._source, _runs.repo == self._repo),
            delete(actions_stored).where(
                _stored.source == self._source, _stored.repo == self._repo
            ),
            update(actions_syncs).where(*syncs).values(reached=now, listed=now),
        )

        def transaction() -> None:
            with self._engine.begin() as connection:
                for statement in statements:
                    connection.execute(statement)

        with database_errors(self._engine):
            repeated(transaction)

    # Pages

    def page(self, target: str) -> KnownPage | None:
        query = select(_pages.etag, _pages.following, _pages.total).where(
            _pages.source == self._source,
            _pages.scope == self._scope,
            _pages.page == digest(target),
        )
        for etag, following, total in read_rows(self._engine, query):
            return KnownPage(etag, following, int(total))
        return None

    def set_page(self, target: str, page: KnownPage, last: int) -> None:
        """`last`: the end of the page's range."""
        if not page.etag or len(page.etag) > MAX_ETAG or not page.etag.isascii():
            return
        self._put(
            actions_pages,
            scope=self._scope,
            page=digest(target),
            etag=page.etag,
            following=page.next,
            total=page.total,
            until=last,
        )

    # Runs

    def runs(self, numbers: Iterable[int]) -> dict[int, KnownRun]:
        """Those of the runs that are known."""
        known: dict[int, KnownRun] = {}
        for batch in batches(numbers, BATCH):
            known |= self._read_runs(_runs.run.in_(batch))
        return known

    def open_runs(self, before: int) -> dict[int, KnownRun]:
        """The runs that were running and are older than a time, and all that are unfinished."""
        is_old = and_(_runs.state == RunState.RUNNING.value, _runs.created < before)
        return self._read_runs(or_(is_old, _runs.state == RunState.UNFINISHED.value))

    def running_runs(self) -> list[int]:
        """The runs, of all workflows, with an attempt that has not ended."""
        return list(self._read_runs(_runs.state == RunState.RUNNING.value))

    def _read_runs(self, *where: ColumnElement[bool]) -> dict[int, KnownRun]:
        query = select(_runs.run, _runs.created, _runs.attempt, _runs.state).where(
            _runs.source == self._source, _runs.repo == self._repo, *where
        )
        return {
            int(run): KnownRun(int(created), int(attempt), RunState(state))
            for run, created, attempt, state in read_rows(self._engine, query)
        }

    def set_run(self, number: int, run: KnownRun) -> None:
        self._put(
            actions_runs,
            repo=self._repo,
            run=number,
            created=run.created,
            attempt=run.attempt,
            state=run.state.value,
        )

    def forget(self, first: int, before: int) -> None:
        """Delete the pages and the runs of a range of times, without its end."""
        pages = delete(actions_pages).where(
            _pages.source == self._source,
            _pages.scope == self._scope,
            _pages.until >= first,
            _pages.until < before,
        )
        runs = delete(actions_runs).where(
            _runs.source == self._source,
            _runs.repo == self._repo,
            _runs.created >= first,
            _runs.created < before,
        )
        for statement in (pages, runs):
            write(self._engine, statement)

    def _put(self, table: Table, **values: object) -> None:
        row = {"source": self._source, **values}
        retry_read(partial(write, self._engine, upsert(self._engine, table), [row]))


def has_syncs(engine: Engine, database: str) -> bool:
    """Whether workflow runs were read into this CI database."""
    query = select(_syncs.repo).where(_syncs.source == source_of(database)).limit(1)
    return bool(read_rows(engine, query))

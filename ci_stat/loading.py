"""The shell around the core: settings to engine, engine to Result or counts. For the doors and the command line."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from ci_stat.config import Settings
from ci_stat.errors import UsageError, WriteError
from ci_stat.records import JobCount, Origin, PRCount, Provenance, RunFilter, Window, WindowCount
from ci_stat.result import Result
from ci_stat.store import counts, runs
from ci_stat.store.engine import connected, open_engine
from ci_stat.store.troubles import retry_read

T = TypeVar("T")
log = logging.getLogger(__name__)
Progress = Callable[[int], None]


def no_progress(_rows: int) -> None:
    """For callers that nobody watches."""


@dataclass(frozen=True)
class Source:
    """The CI database, ready to be asked. Each question opens its own connection."""

    engine: Engine = field(repr=False)  # its repr shows the URL's options
    origin: Origin

    @classmethod
    def of(cls, settings: Settings) -> "Source":
        engine = open_engine(settings.database_url, settings.number("connect_timeout"), settings.number("read_timeout"))
        return cls(engine, Origin(settings.zone, settings.run_url, partial(runs.describe, engine)))

    @property
    def name(self) -> str:
        """The database for people, without password."""
        return runs.database_name(self.engine)

    def engine_for_writing(self) -> Engine:
        """The engine, with the folder of an embedded database made."""
        if self.engine.url.get_backend_name() == "sqlite" and self.engine.url.database:
            folder = Path(self.engine.url.database).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise WriteError(f"{folder} cannot be made: {error.strerror}.") from None
        return self.engine

    def newest(self) -> datetime | None:
        """The freshest row's time, naive, in the database's zone."""
        return self._ask(runs.newest_time)

    def latest_end(self) -> datetime:
        """The end of a window that just holds the newest row. Raises UsageError for an empty table."""
        newest = self.newest()
        if newest is None:
            raise UsageError("The table is empty, so there is no latest row.", "Fill it with `ci-stat import FILE`.")
        return newest + timedelta(seconds=1)

    def unknown_names(self, wanted: RunFilter) -> list[str]:
        """For each name in the filter that no row of the table has: that, and the names nearest to it."""

        def look(connection: Connection) -> list[str]:
            problems = []
            for column, given in (("job", wanted.jobs), ("repo", wanted.repos), ("branch", wanted.branches)):
                known = runs.known_names(connection, column) if given else set()
                for name in given:
                    if name not in known:
                        near = get_close_matches(name, known, n=3, cutoff=0.5)
                        problems.append(
                            f"no run has the {column} {name!r}" + (f"; near: {', '.join(near)}" if near else "")
                        )
            return problems

        return self._ask(look)

    def window(self, begin: object, end: object) -> Window:
        return Window.of(begin, end, self.origin.zone)

    def load(self, wanted: RunFilter, progress: Progress = no_progress, keep_descriptions: bool = False) -> Result:
        """The runs of a window as a Result, read in one pass. Tried once more if the connection breaks."""

        def read(connection: Connection) -> Result:
            warnings: Counter[str] = Counter()
            kept: runs.Kept | None = {} if keep_descriptions else None
            origin = self.origin if kept is None else replace(self.origin, describe=partial(_described, kept))
            with collector_off():
                found = list(runs.read_runs(connection, wanted, origin, warnings, progress, kept))
                # Of the whole window, so that no failure among many runs is not taken for no runs.
                rows = runs.count_rows(connection, wanted) if wanted.statuses else len(found)
                source = self._provenance(connection, wanted, rows, warnings)
                return Result(found, source)

        return self._ask(read)

    def count_window(self, wanted: RunFilter) -> tuple[WindowCount, Provenance]:
        def read(connection: Connection) -> tuple[WindowCount, Provenance]:
            warnings: Counter[str] = Counter()
            found = counts.count_window(connection, wanted, warnings)
            return found, self._provenance(connection, wanted, found.tally.total, +warnings)

        return self._ask(read)

    def count_jobs(self, wanted: RunFilter) -> tuple[list[JobCount], Provenance]:
        def read(connection: Connection) -> tuple[list[JobCount], Provenance]:
            found = counts.count_jobs(connection, wanted)
            return found, self._provenance(connection, wanted, sum(job.tally.total for job in found))

        return self._ask(read)

    def count_prs(self, wanted: RunFilter, limit: int | None = None) -> tuple[list[PRCount], int, Provenance]:
        """At most `limit` pull requests, how many there are, and where they came from."""

        def read(connection: Connection) -> tuple[list[PRCount], int, Provenance]:
            found, total = counts.count_prs(connection, wanted, self.origin, limit)
            return found, total, self._provenance(connection, wanted, runs.count_rows(connection, wanted))

        return self._ask(read)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        def once() -> T:
            started = time.monotonic()
            with connected(self.engine) as connection:
                answer = question(connection)
            log.info("%s answered in %.2f s", self.name, time.monotonic() - started)
            return answer

        return retry_read(once)

    def _provenance(
        self, connection: Connection, wanted: RunFilter, rows: int, warnings: Counter[str] | None = None
    ) -> Provenance:
        return Provenance(
            window=wanted.window,
            rows=rows,
            newest=runs.newest_time(connection),
            database=runs.database_name(self.engine),
            query=runs.query_text(wanted),
            warnings=tuple(sorted((warnings or {}).items())),
        )


def _described(kept: runs.Kept, job: str, job_id: int) -> dict[str, Any]:
    return runs.parameters(kept.get((job, job_id)))


@contextmanager
def collector_off() -> Iterator[None]:
    """No cyclic collection while millions of objects are built: walking them over and over costs more than building."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def names(value: object, what: str) -> tuple[str, ...]:
    """A list of names from a user. Raises UsageError for a lone text, which Python would take letter by letter."""
    if value is None:
        return ()
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, set, frozenset)):
        raise UsageError(f"{what} is {value!r}, not a list of names.", f"Write [{value!r}] for one, [] for all.")
    wrong = [each for each in value if not isinstance(each, str)]
    if wrong:
        raise UsageError(f"{what} holds {wrong[0]!r}, which is not a name.", "Names are texts.")
    return tuple(value)

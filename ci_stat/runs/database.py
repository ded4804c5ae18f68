"""The shell around the core: an engine to a Result or to counts."""

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

from ci_stat.errors import CiStatError, UsageError, WriteError
from ci_stat.escape import visible
from ci_stat.logs.reader import LogReader
from ci_stat.records import (
    JobCount,
    Origin,
    PeriodCount,
    PRCount,
    Provenance,
    Run,
    RunFilter,
    Stretch,
    Window,
    WindowCount,
    WindowFacts,
)
from ci_stat.result import Result, log_states, with_failures
from ci_stat.runs.progress import Advance, LogProgress, no_progress
from ci_stat.store.ci_data import counts, runs, times
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.window_counts import Facts

T = TypeVar("T")
log = logging.getLogger(__name__)


def no_logs() -> None:
    """No log place is set."""


@dataclass(frozen=True)
class Source:
    """The CI database, ready to be asked. Each question opens its own connection."""

    engine: Engine = field(repr=False)  # its repr shows the URL's options
    origin: Origin
    # Asked for when logs are to be read, and not before: rules that cannot be used are no trouble of a summary.
    logs: Callable[[], LogReader | None] = field(default=no_logs, repr=False)

    @property
    def name(self) -> str:
        """The database for people, without password."""
        return runs.database_name(self.engine)

    def engine_for_writing(self) -> Engine:
        """The engine, with the folder of an embedded database made."""
        make_folder(self.engine)
        return self.engine

    def newest(self, until: datetime | None = None) -> datetime | None:
        """The freshest row's time, naive, in the database's zone; `until`: of the rows not later than that."""
        return self._ask(lambda connection: runs.newest_time(connection, until))

    def oldest(self) -> datetime | None:
        """The first row's time, naive, in the database's zone."""
        return self._ask(runs.oldest_time)

    def latest_end(self) -> datetime:
        """The end of a window that just holds the newest row. Raises UsageError for an empty table."""
        newest = self.newest()
        if newest is None:
            raise UsageError(
                "The table is empty, so there is no latest row.",
                "Fill it with `ci-stat import FILE`.",
            )
        return newest + timedelta(seconds=1)

    def unknown_names(self, wanted: RunFilter) -> list[str]:
        """For each name in the filter that no row of the table has: that, and the names nearest to it."""

        def look(connection: Connection) -> list[str]:
            problems = []
            for column, given in (
                ("job", wanted.jobs),
                ("repo", wanted.repos),
                ("branch", wanted.branches),
            ):
                known = runs.known_names(connection, column) if given else set()
                for name in given:
                    if name not in known:
                        near = get_close_matches(name, known, n=3, cutoff=0.5)
                        problems.append(
                            f"no run has the {column} {name!r}"
                            + (f"; near: {', '.join(near)}" if near else "")
                        )
            return problems

        return self._ask(look)

    def window(self, begin: object, end: object) -> Window:
        return Window.of(begin, end, self.origin.zone)

    def load(
        self,
        wanted: RunFilter,
        progress: Advance = no_progress,
        keep_descriptions: bool = False,
        logs: bool = True,
        log_progress: LogProgress | None = None,
    ) -> Result:
        """The runs of a window as a Result, read in one pass. Tried once more if the connection breaks.

        `logs`: failures from the build logs too, where a place for them is set.
        """
        reader = self.logs() if logs else None
        found, source = self._read_runs(wanted, progress, keep_descriptions)
        if reader is not None:
            # Not with the collector off: reading many logs in this process leaves cycles behind.
            known = reader.read(found, log_progress)
            found = with_failures(found, known)
            states = tuple(log_states(found).most_common())
            source = replace(
                source, logs=states, rule_set=reader.options.rule_set if states else ""
            )
        with collector_off():
            return Result(found, source)

    def _read_runs(
        self, wanted: RunFilter, progress: Advance, keep_descriptions: bool
    ) -> tuple[list[Run], Provenance]:
        def read(connection: Connection) -> tuple[list[Run], Provenance]:
            warnings: Counter[str] = Counter()
            kept: runs.Kept | None = {} if keep_descriptions else None
            origin = (
                self.origin
                if kept is None
                else replace(self.origin, describe=partial(_described, kept))
            )
            with collector_off():
                found = list(runs.read_runs(connection, wanted, origin, warnings, progress, kept))
                # Of the whole window, so that no failure among many runs is not taken for no runs.
                rows = runs.count_rows(connection, wanted) if wanted.statuses else len(found)
                return found, self._provenance(connection, wanted, rows, warnings)

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
            return found, self._provenance(
                connection, wanted, sum(job.tally.total for job in found)
            )

        return self._ask(read)

    def count_prs(
        self, wanted: RunFilter, limit: int | None = None
    ) -> tuple[list[PRCount], int, Provenance]:
        """At most `limit` pull requests, how many there are, and where they came from."""

        def read(connection: Connection) -> tuple[list[PRCount], int, Provenance]:
            found, total = counts.count_prs(connection, wanted, self.origin, limit)
            return (
                found,
                total,
                self._provenance(connection, wanted, runs.count_rows(connection, wanted)),
            )

        return self._ask(read)

    def window_facts(self, wanted: Sequence[RunFilter]) -> list[WindowFacts]:
        """What reports need to know of several windows, over one connection."""
        return (
            self._ask(lambda connection: [_facts(connection, each) for each in wanted])
            if wanted
            else []
        )

    def count_rows(self, wanted: Sequence[RunFilter]) -> list[int]:
        """How many rows each window has: read from an index, which is cheap."""
        return (
            self._ask(lambda connection: [runs.count_rows(connection, each) for each in wanted])
            if wanted
            else []
        )

    def count_periods(self, wanted: RunFilter) -> tuple[PeriodCount, ...]:
        """Runs over time, by hour, day or month."""
        return self._ask(lambda connection: times.count_periods(connection, wanted))

    def _ask(self, question: Callable[[Connection], T]) -> T:
        def once() -> T:
            started = time.monotonic()
            with connected(self.engine) as connection:
                answer = question(connection)
            log.info("%s answered in %.2f s", self.name, time.monotonic() - started)
            return answer

        return retry_read(once)

    def _provenance(
        self,
        connection: Connection,
        wanted: RunFilter,
        rows: int,
        warnings: Counter[str] | None = None,
    ) -> Provenance:
        return Provenance(
            window=wanted.window,
            rows=rows,
            newest=runs.newest_time(connection),
            database=runs.database_name(self.engine),
            query=runs.query_text(wanted),
            warnings=tuple(sorted((warnings or {}).items())),
        )


def _facts(connection: Connection, wanted: RunFilter) -> WindowFacts:
    count = replace(counts.count_window(connection, wanted, Counter()), periods=())
    return WindowFacts(count, *times.run_times(connection, wanted))


def forget_facts(existing_facts: Callable[[], Facts | None], times: Stretch) -> None:
    """Drop the kept numbers of windows whose rows have changed. A failure is a warning."""
    if times.first is None or times.last is None:
        return
    try:
        facts = existing_facts()
        if facts is not None:
            facts.forget(times.first, times.last)
    except CiStatError as error:
        log.warning("Reports may show numbers from before these rows came: %s", visible(error))


def is_embedded(engine: Engine) -> bool:
    """Whether it is a SQLite file."""
    return engine.url.get_backend_name() == "sqlite"


def make_folder(engine: Engine) -> None:
    """The folder of an embedded database. Raises WriteError."""
    if is_embedded(engine) and engine.url.database not in (None, "", ":memory:"):
        folder = Path(str(engine.url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(f"{folder} cannot be made: {error.strerror}.") from None


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

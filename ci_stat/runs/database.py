"""The CI database: questions about its runs, and their answers as values."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TypeVar

from sqlalchemy import Connection, Engine

from ci_stat.errors import UsageError
from ci_stat.logs.reader import LogReader
from ci_stat.records import (
    JobCount,
    Origin,
    PeriodCount,
    PRCount,
    Provenance,
    RunFilter,
    Window,
    WindowCount,
    WindowFacts,
)
from ci_stat.rendering.format import filters
from ci_stat.result import Result
from ci_stat.runs.loading import LoadedRuns, latest_row, provenance, read_window
from ci_stat.runs.progress import Advance, LogProgress, no_progress
from ci_stat.store.ci_data import counts, runs, times, window_count
from ci_stat.store.embedded import make_folder
from ci_stat.store.embedded_zone import ZONE_OPTION, written_in
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read

T = TypeVar("T")
log = logging.getLogger(__name__)


def no_logs() -> None:
    """Return None: no log place is set."""


@dataclass(frozen=True)
class Source:
    """The CI database. Each question opens a connection and is repeated once if it breaks.

    All questions raise DatabaseError (ServerUnreachable, AccessDenied, SchemaMismatch, ...).

    - `origin`: the zone of its times, and where details of a run are.
    - `logs`: opens the log reader; called when logs are to be read, so that invalid log settings do
      not stop a question that needs no logs.
    - `nightly_repos`: returns repositories of jobs whose runs name none.
    """

    engine: Engine = field(repr=False)  # its repr shows the options of the URL
    origin: Origin
    logs: Callable[[], LogReader | None] = field(default=no_logs, repr=False)
    nightly_repos: Callable[[], Mapping[str, str]] = field(default=dict, repr=False)

    @property
    def name(self) -> str:
        """The URL of the database without its password."""
        return runs.database_name(self.engine)

    def engine_for_writing(self) -> Engine:
        """Return the engine; create the folder of an embedded database. Raises WriteError.

        `prepare` records the zone in an embedded database.
        """
        make_folder(self.engine)
        self.engine.update_execution_options(**{ZONE_OPTION: self.origin.zone.key})
        return self.engine

    def window(self, begin: object, end: object) -> Window:
        """Return the window [begin, end) in the zone of the database. Raises UsageError."""
        return Window.of(begin, end, self.origin.zone)

    def nightly_jobs(self, repos: Iterable[str]) -> tuple[str, ...]:
        """The jobs whose runs without a repository belong to these repositories, sorted."""
        chosen = {repo.lower() for repo in repos}
        assigned = self.nightly_repos() if chosen else {}
        return tuple(sorted(job for job, repo in assigned.items() if repo.lower() in chosen))

    # Times and names of the table

    def newest(self, until: datetime | None = None) -> datetime | None:
        """Return the time of the newest row, or of the newest that is not later than `until`.

        Times are naive, in the zone of the database.
        """
        return self.ask(lambda connection: runs.newest_time(connection, until))

    def wrote(self, newest: datetime) -> bool:
        """Whether ci_stat wrote the newest rows. `newest`: their time, from `newest`.

        An embedded database has the zone that we recorded; rows of a server have our parameters.
        """
        written = written_in(self.engine)
        is_recorded = written is not None and written.recorded
        return is_recorded or self.ask(lambda connection: runs.is_ours(connection, newest))

    def oldest(self) -> datetime | None:
        """Return the time of the oldest row: naive, in the zone of the database."""
        return self.ask(runs.oldest_time)

    def latest_end(self) -> datetime:
        """Return the end of a window that just includes the newest row that is not in the future.

        Logs a warning about rows of the future. If all are, the newest of them counts. Raises
        UsageError for an empty table.
        """
        newest = self.ask(lambda connection: latest_row(connection, self.origin.zone))
        if newest is None:
            raise UsageError(
                "The table is empty, so there is no latest row.",
                "Fill it with `ci-stat import FILE`.",
            )
        return newest + timedelta(seconds=1)

    def unknown_names(self, run_filter: RunFilter) -> list[str]:
        """Return a message for each name in the filter that no row has, with similar names."""
        return self.ask(lambda connection: _unknown_names(connection, run_filter))

    # Runs

    def load(
        self,
        run_filter: RunFilter,
        progress: Advance = no_progress,
        keep_descriptions: bool = False,
        logs: bool = True,
        log_progress: LogProgress | None = None,
    ) -> Result:
        """Load the runs of a window, read in one pass.

        - `progress`: gets the number of rows of each batch.
        - `keep_descriptions`: keep all build parameters in memory.
        - `logs`: take failures from the build logs too, if a place for them is set.
        - `log_progress`: see `LogReader.read`.

        Raises SettingsError for log settings that cannot be used.
        """
        reader = self.logs() if logs else None
        loaded = self._read(run_filter, progress, keep_descriptions)
        if reader is not None:
            # With the collector on: reading many logs in this process leaves reference cycles.
            extractions = reader.read(loaded.runs, log_progress)
            loaded = loaded.with_logs(extractions, reader.options.rule_set)
        return loaded.result()

    def _read(
        self, run_filter: RunFilter, progress: Advance, keep_descriptions: bool
    ) -> LoadedRuns:
        return self.ask(
            lambda connection: read_window(
                connection, run_filter, self.origin, progress, keep_descriptions
            )
        )

    # Counts

    def count_window(self, run_filter: RunFilter) -> tuple[WindowCount, Provenance]:
        """Count the runs of a window."""

        def count(connection: Connection) -> tuple[WindowCount, Provenance]:
            warnings: Counter[str] = Counter()
            window = window_count.count_window(connection, run_filter, warnings)
            return window, provenance(connection, run_filter, window.tally.total, +warnings)

        return self.ask(count)

    def count_jobs(self, run_filter: RunFilter) -> tuple[list[JobCount], Provenance]:
        """Count the runs of each job, most failures first."""

        def count(connection: Connection) -> tuple[list[JobCount], Provenance]:
            jobs = counts.count_jobs(connection, run_filter)
            rows = sum(job.tally.total for job in jobs)
            return jobs, provenance(connection, run_filter, rows)

        return self.ask(count)

    def count_prs(
        self, run_filter: RunFilter, limit: int | None = None
    ) -> tuple[list[PRCount], int, Provenance]:
        """Count the runs of each pull request, most failures first.

        Returns the first `limit` pull requests, the number of all, and where they come from.
        """

        def count(connection: Connection) -> tuple[list[PRCount], int, Provenance]:
            prs, total = counts.count_prs(connection, run_filter, self.origin, limit)
            rows = runs.count_rows(connection, run_filter)
            return prs, total, provenance(connection, run_filter, rows)

        return self.ask(count)

    def count_periods(self, run_filter: RunFilter) -> tuple[PeriodCount, ...]:
        """Count the runs of each hour, day or month of the window."""
        return self.ask(lambda connection: times.count_periods(connection, run_filter))

    def count_rows(self, windows: Sequence[RunFilter]) -> list[int]:
        """Count the rows of several windows. The database reads an index only, which is cheap."""
        return self._for_each(runs.count_rows, windows)

    def window_facts(self, windows: Sequence[RunFilter]) -> list[WindowFacts]:
        """Return what later reports need to know of several windows."""
        return self._for_each(_window_facts, windows)

    def _for_each(
        self, question: Callable[[Connection, RunFilter], T], windows: Sequence[RunFilter]
    ) -> list[T]:
        """Ask about several windows over one connection."""
        if not windows:
            return []
        return self.ask(lambda connection: [question(connection, window) for window in windows])

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Answer a question over a connection of its own. A broken one is repeated once."""

        def once() -> T:
            started = time.monotonic()
            with connected(self.engine) as connection:
                answer = question(connection)
            log.info("%s answered in %.2f s", self.name, time.monotonic() - started)
            return answer

        return retry_read(once)


def _unknown_names(connection: Connection, run_filter: RunFilter) -> list[str]:
    filters = (
        ("job", run_filter.jobs),
        ("repo", run_filter.repos),
        ("branch", run_filter.branches),
    )
    messages = []
    for column, names in filters:
        known = runs.known_names(connection, column) if names else set()
        unknown = [name for name in names if name not in known]
        messages += [_unknown_name(column, name, known) for name in unknown]
    return messages or _never_together(connection, run_filter)


def _never_together(connection: Connection, run_filter: RunFilter) -> list[str]:
    """A message if rows have each of the names, and none has one of each kind."""
    kinds = [run_filter.jobs, run_filter.repos, run_filter.branches]
    if sum(map(bool, kinds)) < 2 or runs.has_rows(connection, run_filter):
        return []
    described = filters(replace(run_filter.names, statuses=(), nightly=()))
    advice = "" if not (run_filter.jobs and run_filter.repos) else _NIGHTLY_ADVICE
    return [f"no run has all of {described}{advice}"]


_NIGHTLY_ADVICE = "; nightly runs name no repository: the setting nightly_repos assigns their jobs"


def _unknown_name(column: str, name: str, known: set[str]) -> str:
    similar = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"; similar: {', '.join(similar)}" if similar else ""
    return f"no run has the {column} {name!r}{hint}"


def _window_facts(connection: Connection, window: RunFilter) -> WindowFacts:
    count = replace(window_count.count_window(connection, window, Counter()), periods=())
    return WindowFacts(count, *times.run_times(connection, window))

"""Read from the CI database and our state what an answer needs, through indexes: no window."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import TypeVar

from msgspec import structs
from sqlalchemy import Connection

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.logs.checkout import last_checkout
from ci_stat.logs.folder import first_log
from ci_stat.records import (
    Extraction,
    PlaceDay,
    Provenance,
    Run,
    RunFilter,
    Status,
    Tally,
    Window,
)
from ci_stat.records.log_place import NoLog
from ci_stat.result import with_failures
from ci_stat.result.answers.of_pull import is_unread
from ci_stat.result.result import in_order
from ci_stat.runs.database import Source
from ci_stat.runs.loading import provenance
from ci_stat.runs.progress import LogProgress
from ci_stat.store.ci_data import lookups, neighbours
from ci_stat.store.ci_data.runs import known_names
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.extractions import ExtractionStore
from ci_stat.store.state.window_counts import StoredCounts

T = TypeVar("T")
SECOND = timedelta(seconds=1)
WITH_LOGS = 1_000  # failed runs of a job whose stored logs are used, newest first
Stored = Callable[[], ExtractionStore | None]
log = logging.getLogger(__name__)


def no_counts() -> None:
    """Return None: no counts are stored."""


@dataclass(frozen=True, slots=True)
class FailedAround:
    """Failed runs of a period, in the order of time.

    `named`: with a failure of a wanted name. `unread`: without any known failure; they lack what
    their `description` says.
    """

    named: list[Run]
    unread: list[Run]


@dataclass(frozen=True)
class Gatherer:
    """The CI database, and the stored failures of build logs. All methods raise DatabaseError.

    - `stored`: opens the stored failures; None without a log place.
    - `counts`: opens the stored counts, which keep the pull requests of past days; None without.
    - `read_logs`: whether the logs of a pull request's own runs are read.
    """

    source: Source
    stored: Stored
    read_logs: bool = True
    log_progress: LogProgress | None = None
    counts: Callable[[], StoredCounts | None] = no_counts

    def window(self, end: datetime | None, since: timedelta) -> Window:
        """The window of this length up to `end` (naive), by default up to the newest row."""
        last = end or self.source.latest_end()
        return self.source.window(last - since, last)

    def with_logs(self, runs: Sequence[Run]) -> list[Run]:
        """The runs with the failures of their logs; logs that were not read before are read."""
        reader = self.source.logs() if self.read_logs else None
        if reader is None:
            return self.with_stored_logs(runs)
        return with_failures(runs, reader.read(runs, self.log_progress))

    def with_stored_logs(self, runs: Sequence[Run]) -> list[Run]:
        """The runs with the failures of those logs that were read before."""
        failed = [(run.job_name, run.job_id) for run in runs if run.status == Status.FAILURE]
        return with_failures(runs, self._from_state(lambda state: state.read_before(failed)))

    def failed_with(self, window: Window, names: Iterable[str]) -> list[Run]:
        """The failed runs of any job whose row or stored log has one of these names."""
        wanted, origin = list(names), self.source.origin
        names_of = RunFilter(window)
        extractions = self._from_state(lambda state: state.naming(wanted))

        def read(connection: Connection) -> list[Run]:
            runs = lookups.failed_naming(connection, names_of, wanted, origin)
            present = {(run.job_name, run.job_id) for run in runs}
            others = [key for key in extractions if key not in present]
            return runs + lookups.runs_of(connection, others, names_of, origin)

        failed = [run for run in self.ask(read) if run.status == Status.FAILURE]
        return with_failures(in_order(failed), extractions)

    def failed_runs(self, window: Window) -> list[Run]:
        """All failed runs of a short window, with the failures of logs that were read before."""
        names, origin = RunFilter(window), self.source.origin
        runs = self.ask(lambda connection: lookups.failed_runs(connection, names, origin))
        return self.with_stored_logs(in_order(runs))

    def failed_around(
        self,
        window: Window,
        names: Iterable[str],
        jobs: Collection[str],
        own: Collection[tuple[str, int]],
    ) -> FailedAround:
        """The failed runs of a window that have one of these names, and those of `jobs` without.

        `own`: runs that are left out of the second.
        """
        run_filter, origin = RunFilter(window), self.source.origin
        failed = self.ask(lambda c: lookups.failed_in_short(c, run_filter, jobs, origin))
        others = [run for run in failed if run.job_name in jobs and _key(run) not in own]
        unnamed = in_order(run for run in others if is_unread(run))
        unread = [run for run in self.with_stored_logs(unnamed) if is_unread(run)]
        return FailedAround(self._named(failed, run_filter, list(names)), unread)

    def _named(
        self, failed: Iterable[Run], run_filter: RunFilter, names: Sequence[str]
    ) -> list[Run]:
        """The whole rows of those runs that have one of these names, in the row or in the log."""
        texts = [lookups.plain_part(name) for name in names]
        named = [_key(run) for run in failed if _mentions(run, texts)]
        extractions = self._from_state(lambda state: state.naming(names))
        keys, origin = list(dict.fromkeys([*named, *extractions])), self.source.origin
        runs = self.ask(lambda connection: lookups.runs_of(connection, keys, run_filter, origin))
        whole = [run for run in runs if run.status == Status.FAILURE]
        return with_failures(in_order(whole), extractions)

    def count_places(self, window: Window, jobs: Iterable[str]) -> dict[lookups.Place, Tally]:
        """Runs of these jobs by outcome, for each job, repository and branch."""
        names = RunFilter(window, jobs=tuple(sorted(jobs)))
        return self.ask(lambda connection: lookups.count_places(connection, names))

    def count_days(self, window: Window, jobs: Iterable[str]) -> list[PlaceDay]:
        """Runs of these jobs by outcome, for each job, repository, branch and day."""
        names = RunFilter(window, jobs=tuple(sorted(jobs)))
        return self.ask(lambda connection: lookups.count_days(connection, names))

    def failed_of(self, window: Window, job: str) -> list[Run]:
        """The failed runs of a job; the newest with the failures of logs that were read before."""
        names, origin = RunFilter(window, jobs=(job,)), self.source.origin
        runs = in_order(self.ask(lambda c: lookups.failed_runs(c, names, origin)))
        return [*runs[:-WITH_LOGS], *self.with_stored_logs(runs[-WITH_LOGS:])]

    def passed_around(self, window: Window, first: Run, last: Run) -> tuple[Run | None, Run | None]:
        """In the place of a run: the last success before `first`, the first one after `last`."""
        begin, end = window.wall()
        before = narrowed(window, begin, first.time or begin)
        after = narrowed(window, last.time + SECOND if last.time else end, end)
        return self._passed(before, first, newest=True), self._passed(after, last, newest=False)

    def _passed(self, window: Window, like: Run, newest: bool) -> Run | None:
        """The newest or the oldest success of the window in the same place as a run."""
        origin = self.source.origin
        names = RunFilter(
            window,
            jobs=(like.job_name,),
            repos=(like.repo,) if like.repo else (),
            branches=(like.branch,) if like.branch else (),
            statuses=(Status.SUCCESS.value,),
        )
        success = self.ask(lambda c: lookups.nearest_run(c, names, origin, newest))
        return None if success is None else self.with_commit(success)

    def with_commit(self, run: Run) -> Run:
        """The run with the commit that its log says was checked out, if the table has none."""
        reader = None if run.commit or not self.read_logs else self.source.logs()
        if reader is None:
            return run
        try:
            with first_log(reader.places, run.job_name, run.job_id) as stream:
                commit = last_checkout(stream.readinto)
        except NoLog:
            return run
        return structs.replace(run, commit=commit or None)

    def run_at(self, job: str, number: int) -> Run | None:
        """One run; None without it."""
        origin = self.source.origin
        return self.ask(lambda connection: lookups.one_run(connection, job, number, origin))

    def neighbours(self, run: Run) -> tuple[Run | None, Run | None]:
        """The previous and the next run of the job, by time."""
        origin = self.source.origin
        return self.ask(
            lambda connection: (
                neighbours.beside(connection, run, later=False, origin=origin),
                neighbours.beside(connection, run, later=True, origin=origin),
            )
        )

    def commit_runs(self, window: Window, run: Run) -> list[Run]:
        """The other runs on the commit of a run, oldest first."""
        commit, origin = run.commit, self.source.origin
        if not commit:
            return []
        names = RunFilter(window)
        runs = self.ask(lambda c: lookups.commit_runs(c, names, commit, origin))
        key = (run.job_name, run.job_id)
        others = [other for other in runs if (other.job_name, other.job_id) != key]
        return self.with_stored_logs(in_order(others))

    def median(self, window: Window, job: str) -> int | None:
        """The median duration of a job's successes in milliseconds; None without one."""
        names = RunFilter(window, jobs=(job,), statuses=(Status.SUCCESS.value,))
        durations = self.ask(lambda connection: lookups.durations(connection, names))
        return int(median(durations)) if durations else None

    def job_names(self) -> set[str]:
        """All jobs of the table."""
        return self.ask(lambda connection: known_names(connection, "job"))

    def provenance(self, run_filter: RunFilter, rows: int) -> Provenance:
        """Where the runs of an answer come from."""
        return self.ask(lambda connection: provenance(connection, run_filter, rows))

    def _from_state(
        self, question: Callable[[ExtractionStore], dict[tuple[str, int], Extraction]]
    ) -> dict[tuple[str, int], Extraction]:
        try:
            state = self.stored()
            return question(state) if state is not None else {}
        except CiStatError as error:
            log.warning("Our own state cannot be used: %s", visible(error))
            return {}

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask the CI database over a connection; once more if it breaks."""

        def once() -> T:
            with connected(self.source.engine) as connection:
                return question(connection)

        return retry_read(once)


def _key(run: Run) -> tuple[str, int]:
    return run.job_name, run.job_id


def _mentions(run: Run, texts: Sequence[str]) -> bool:
    """Whether the name of a failure contains one of these texts."""
    return any(text in failure.name for failure in run.failures for text in texts)


def narrowed(window: Window, begin: datetime, end: datetime) -> Window:
    """The window with other ends (naive), in its zone."""
    return replace(
        window, begin=begin.replace(tzinfo=window.zone), end=end.replace(tzinfo=window.zone)
    )

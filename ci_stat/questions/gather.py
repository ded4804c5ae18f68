"""Read from the CI database and our state what an answer needs, through indexes: no window."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TypeVar

from sqlalchemy import Connection

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import Extraction, Provenance, Run, RunFilter, Status, Tally, Window
from ci_stat.result import with_failures
from ci_stat.result.result import in_order
from ci_stat.runs.database import Source
from ci_stat.runs.loading import provenance
from ci_stat.runs.progress import LogProgress
from ci_stat.store.ci_data import lookups
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.extractions import ExtractionStore

T = TypeVar("T")
NEWEST = 3_000  # rows that are searched for similar names
NEAR = 5  # similar names in an error
Stored = Callable[[], ExtractionStore | None]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Gatherer:
    """The CI database, and the stored failures of build logs. All methods raise DatabaseError.

    - `stored`: opens the stored failures; None without a log place.
    - `read_logs`: whether the logs of a pull request's own runs are read.
    """

    source: Source
    stored: Stored
    read_logs: bool = True
    log_progress: LogProgress | None = None

    def window(self, end: datetime | None, since: timedelta) -> Window:
        """The window of this length up to `end` (naive), by default up to the newest row."""
        last = end or self.source.latest_end()
        return self.source.window(last - since, last)

    def pull_runs(self, window: Window, number: int) -> list[Run]:
        """The runs of pull requests with this number, oldest first."""
        origin, names = self.source.origin, RunFilter(window)
        return in_order(self._ask(lambda c: lookups.pull_runs(c, names, number, origin)))

    def similar_pulls(self, number: int, window: Window) -> list[str]:
        """Pull requests of the newest rows with the most similar numbers, most similar first."""
        names = RunFilter(window)
        pulls = self._ask(lambda connection: lookups.newest_pulls(connection, names, NEWEST))
        by_number = {str(pull): f"{repo}#{pull}" for repo, pull in pulls}
        similar = get_close_matches(str(number), by_number, n=NEAR, cutoff=0.6)
        return [by_number[text] for text in similar]

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

        failed = [run for run in self._ask(read) if run.status == Status.FAILURE]
        return with_failures(in_order(failed), extractions)

    def failed_runs(self, window: Window) -> list[Run]:
        """All failed runs of a short window, with the failures of logs that were read before."""
        names, origin = RunFilter(window), self.source.origin
        runs = self._ask(lambda connection: lookups.failed_runs(connection, names, origin))
        return self.with_stored_logs(in_order(runs))

    def count_places(self, window: Window, jobs: Iterable[str]) -> dict[lookups.Place, Tally]:
        """Runs of these jobs by outcome, for each job, repository and branch."""
        names = RunFilter(window, jobs=tuple(sorted(jobs)))
        return self._ask(lambda connection: lookups.count_places(connection, names))

    def provenance(self, run_filter: RunFilter, rows: int) -> Provenance:
        """Where the runs of an answer come from."""
        return self._ask(lambda connection: provenance(connection, run_filter, rows))

    def _from_state(
        self, question: Callable[[ExtractionStore], dict[tuple[str, int], Extraction]]
    ) -> dict[tuple[str, int], Extraction]:
        try:
            state = self.stored()
            return question(state) if state is not None else {}
        except CiStatError as error:
            log.warning("Our own state cannot be used: %s", visible(error))
            return {}

    def _ask(self, question: Callable[[Connection], T]) -> T:
        def once() -> T:
            with connected(self.source.engine) as connection:
                return question(connection)

        return retry_read(once)


def narrowed(window: Window, begin: datetime, end: datetime) -> Window:
    """The window with other ends (naive), in its zone."""
    return replace(
        window, begin=begin.replace(tzinfo=window.zone), end=end.replace(tzinfo=window.zone)
    )

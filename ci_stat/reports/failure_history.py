"""First sightings of failures. The days before a window are read once and kept in our state."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from msgspec import structs

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import CaseFailure, FailureKey, Run, RunFilter, Sighting, Status, Window
from ci_stat.reports.windows import DAY
from ci_stat.result import failure_key
from ci_stat.result.packages import key_in, package_of
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.store.state.failure_history import StoredSightings

log = logging.getLogger(__name__)

# A row appears after the end of its build, and the longest builds take hours: the last hours before
# the previous look are looked through again.
LOOK_BACK = timedelta(hours=12)

Sighted = Mapping[FailureKey, Sighting]
Stretch = tuple[datetime, datetime]


class _CIDataError(CiStatError):
    """The CI database failed, not our state."""

    def __init__(self, error: CiStatError) -> None:
        super().__init__(error.message, error.hint)
        self.error = error


@dataclass(frozen=True)
class FailureHistory:
    """First sightings of failures of one CI database. `stored`: None without our state."""

    source: Source
    stored: StoredSightings | None
    now: datetime
    progress: ProgressDisplay = field(default_factory=ProgressDisplay)

    def first_seen(
        self,
        window: RunFilter,
        runs: Sequence[Run],
        oldest: datetime,
        days: int,
        news_since: datetime | None = None,
    ) -> tuple[Sighted, datetime | None]:
        """First sightings of the failures of these runs, and the begin of the history.

        - `oldest`: time of the oldest row of the table.
        - `days`: length of the history before `news_since` (naive; by default the window's begin).

        Without our state there are no sightings, and the begin is None. Raises DatabaseError for
        the CI database.
        """
        if self.stored is None:
            return {}, None
        try:
            begin, _ = window.window.wall()
            first = max(oldest, min(begin, news_since or begin) - timedelta(days=days))
            since = self._backfill(self.stored, window.window, first)
            own = sightings_of(runs)
            self.stored.add(own)
            self._mark_covered(self.stored, window)
            return self.stored.first_seen(own), since
        except _CIDataError as error:
            raise error.error from None
        except CiStatError as error:
            reason = visible(error)
            log.warning("Our own state cannot be used, so nothing is called new: %s", reason)
            return {}, None

    def failed_runs(self, window: Window, names: RunFilter | None = None) -> list[Run]:
        """The failed runs of a window, with their failures; `names` narrows to its names."""
        every = replace(names, window=window) if names else RunFilter(window)
        failed = replace(every, statuses=(Status.FAILURE.value,))
        progress = self.progress
        return self.source.load(failed, progress.rows, log_progress=progress.logs).all_runs

    def _backfill(self, stored: StoredSightings, window: Window, first: datetime) -> datetime:
        """Look through the time before the window from `first`; return where it was begun."""
        begin, _ = window.wall()
        first = min(begin, first)
        rule_set = self._rule_set()
        for start, end in _uncovered(stored.span(), first, begin, rule_set):
            self.progress.step(f"Looking through {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}")
            try:
                failed = self.failed_runs(Window.of(start, end, window.zone))
            except CiStatError as error:
                raise _CIDataError(error) from None
            stored.add(sightings_of(failed))
            stored.extend(start, end, rule_set)
        return first

    def _mark_covered(self, stored: StoredSightings, window: RunFilter) -> None:
        """Record that the window was looked through. One that is narrowed to names was not."""
        begin, end = window.window.wall()
        now = self.now.astimezone(window.window.zone).replace(tzinfo=None, microsecond=0)
        until = min(end, now)
        if not window.names and until > begin:
            stored.extend(begin, until, self._rule_set())

    def _rule_set(self) -> str:
        reader = self.source.logs()
        return reader.options.rule_set if reader else ""


def sightings_of(runs: Sequence[Run]) -> dict[FailureKey, Sighting]:
    """The first and the last sighting of each failure. `runs`: oldest first."""
    sightings: dict[FailureKey, Sighting] = {}
    for run in runs:
        if run.status != Status.FAILURE or run.time is None:
            continue
        for key in _keys(run.failures):
            own = Sighting(run.time, run.time, run.job_name, run.job_id)
            first = sightings.setdefault(key, own)
            sightings[key] = structs.replace(first, last_seen=run.time)
    return sightings


def _keys(failures: Iterable[CaseFailure]) -> Iterator[FailureKey]:
    """The key of each failure; that of a test also with its package, where it is known."""
    for failure in failures:
        key, package = failure_key(failure), package_of(failure)
        yield key
        if package:
            yield key_in(key, package)


def _uncovered(
    covered: tuple[datetime, datetime, str] | None, first: datetime, end: datetime, rule_set: str
) -> Iterator[Stretch]:
    """Days of [first, end) to read. After each of them the covered period is in one piece."""
    if covered is None:
        yield from _days_back(first, end)
        return

    covered_from, covered_to, covered_rules = covered
    is_apart = covered_from >= end or covered_to < first
    if covered_rules != rule_set or is_apart:
        yield from _days_back(first, end)
        return

    if covered_to < end + LOOK_BACK:
        yield from reversed(list(_days_back(max(first, covered_to - LOOK_BACK), end)))
    if covered_from > first:
        yield from _days_back(first, covered_from)


def _days_back(first: datetime, end: datetime) -> Iterator[Stretch]:
    """[first, end) in days, newest first."""
    while end > first:
        begin = max(first, end - DAY)
        yield begin, end
        end = begin

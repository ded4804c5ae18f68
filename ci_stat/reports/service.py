"""Make a report: load the window, judge the data, compare, look up its failures, then build."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ci_stat.errors import DatabaseError, UsageError
from ci_stat.records import Run, RunFilter, Window
from ci_stat.reports.build import build
from ci_stat.reports.comparison import compare_day, compare_hour
from ci_stat.reports.counted_windows import CountedWindows
from ci_stat.reports.data_problem import problem, silence, stale_data, unusually_empty
from ci_stat.reports.failure_history import FailureHistory
from ci_stat.reports.inputs import Comparison, KnownFailures, LoadedWindow, ReportRequest
from ci_stat.reports.model import Report
from ci_stat.reports.windows import DAILY, DAY
from ci_stat.result.collector import collector_off
from ci_stat.result.outages import SPAN
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay


@dataclass(frozen=True)
class Reporter:
    """Makes reports of a CI database. `now`: aware; `known_issues`: links by the key of a case."""

    source: Source
    counted: CountedWindows
    history: FailureHistory
    now: datetime
    progress: ProgressDisplay = field(default_factory=ProgressDisplay)
    stale_after: timedelta = timedelta(hours=2)
    history_days: int = 14
    known_issues: Mapping[str, str] = field(default_factory=dict)

    def report(self, kind: str, window: RunFilter) -> Report:
        """The report of a window, or the report of a data problem.

        Raises SettingsError for logs that cannot be read and UsageError; never DatabaseError.
        """
        begin = window.window.begin
        return self.reports(kind, window, [begin])[begin]

    def reports(
        self, kind: str, window: RunFilter, news_since: Collection[datetime], name: str = ""
    ) -> dict[datetime, Report]:
        """The reports of a window for recipients whose last reports are of these times (aware).

        They differ in which failures are new. `name`: of the report in the settings. Raises as
        `report`.
        """
        request = replace(self._request(kind, window), name=name)
        try:
            return self._reports(request, window, sorted(set(news_since)))
        except DatabaseError as error:
            failed = problem(request, "database", error.message, error.hint)
            return dict.fromkeys(news_since, failed)
        except OverflowError:
            message = "The baseline windows would start before year 1."
            raise UsageError(message, "Choose a later window.") from None

    def _reports(
        self, request: ReportRequest, window: RunFilter, news_since: Sequence[datetime]
    ) -> dict[datetime, Report]:
        loaded = self._load(request, window)
        stale = stale_data(request, loaded, self.stale_after)
        if stale:
            return dict.fromkeys(news_since, stale)

        comparison = self._compare(request, window, loaded)
        empty = unusually_empty(request, loaded, comparison)
        if empty:
            return dict.fromkeys(news_since, empty)

        self.counted.keep(window, loaded.result)
        news = {since: _before_window(since, window.window) for since in news_since}
        known = self._known_failures(request, window, loaded, news[min(news)])
        with collector_off():
            return {
                since: build(replace(request, news_since=before), loaded.result, comparison, known)
                for since, before in news.items()
            }

    def _request(self, kind: str, window: RunFilter) -> ReportRequest:
        zone = window.window.zone
        made_at = self.now.astimezone(zone).replace(tzinfo=None, microsecond=0)
        return ReportRequest(kind, window.window, window.names, made_at, self.source.name)

    def _load(self, request: ReportRequest, window: RunFilter) -> LoadedWindow:
        self.progress.step("Loading runs")
        result = self.source.load(window, self.progress.rows, log_progress=self.progress.logs)
        newest = result.provenance.newest
        if newest and newest > request.made_at:
            newest = self.source.newest(request.made_at) or newest

        oldest = self.source.oldest() or result.begin_time
        loaded = LoadedWindow(result, newest, oldest)
        quiet_for = silence(request, loaded)
        if newest is None or quiet_for <= self.stale_after:
            return loaded
        rows = self._rows_on_other_days(request.window, newest, newest + quiet_for, oldest)
        return LoadedWindow(result, newest, oldest, rows)

    def _rows_on_other_days(
        self, window: Window, newest: datetime, end: datetime, oldest: datetime
    ) -> list[int]:
        """Rows of any job in the hours from `newest` to `end`, on each of the days before."""
        shifts = [DAY * back for back in range(1, self.history_days + 1)]
        begin = newest + timedelta(seconds=1)
        same_hours = [
            RunFilter(Window.of(begin - shift, end - shift, window.zone))
            for shift in shifts
            if newest - shift >= oldest
        ]
        return self.source.count_rows(same_hours)

    def _compare(
        self, request: ReportRequest, window: RunFilter, loaded: LoadedWindow
    ) -> Comparison:
        self.progress.step("Counting baseline windows")
        if request.kind == DAILY:
            return compare_day(window, loaded, self.counted)
        return compare_hour(window, loaded, self.counted, self.history_days)

    def _known_failures(
        self,
        request: ReportRequest,
        window: RunFilter,
        loaded: LoadedWindow,
        news_since: datetime | None,
    ) -> KnownFailures:
        """`news_since`: naive; the earliest of all recipients, None if nobody missed a report."""
        missed = self._missed_runs(request.window, window, news_since)
        first_seen, since = self.history.first_seen(
            window,
            [*missed, *loaded.result.all_runs],
            loaded.oldest,
            self.history_days,
            news_since,
        )
        earlier = self._runs_before(request, window, loaded)
        return KnownFailures(first_seen, since, self.known_issues, earlier, missed)

    def _missed_runs(
        self, window: Window, names: RunFilter, news_since: datetime | None
    ) -> list[Run]:
        if news_since is None:
            return []
        begin, _ = window.wall()
        before = Window.of(news_since, begin.replace(fold=0), window.zone)
        return self.history.failed_runs(before, names)

    def _runs_before(
        self, request: ReportRequest, window: RunFilter, loaded: LoadedWindow
    ) -> list[Run]:
        """Failed runs in which an outage of an hour may have begun. A day has room for its own.

        An outage is one of the whole CI: a report that is limited to names also gets the failed
        runs of the others.
        """
        begin, end = window.window.wall()
        first = begin if request.kind == DAILY else begin - SPAN
        if window.names:
            others = self.history.failed_runs(Window.of(first, end, window.window.zone))
            own = {(run.job_name, run.job_id) for run in loaded.result.all_runs}
            return [run for run in others if (run.job_name, run.job_id) not in own]
        if first == begin:
            return []
        return self.history.failed_runs(Window.of(first, begin, window.window.zone))


def _before_window(since: datetime, window: Window) -> datetime | None:
    """The time as in the CI database, naive; None if it is not before the window."""
    begin, _ = window.wall()
    wall = since.astimezone(window.zone).replace(tzinfo=None, fold=0)
    return wall if wall < begin else None

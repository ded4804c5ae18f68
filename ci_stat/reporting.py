"""The shell around reports: a window, what lies around it, and the history of failures become a report's value."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import structs

from ci_stat import __version__
from ci_stat.analysis.report import LateRuns, Report, TroubleReport
from ci_stat.analysis.window_report import Surroundings, daily, hourly
from ci_stat.config import Settings
from ci_stat.errors import CiStatError, DatabaseError, SettingsError
from ci_stat.escape import visible, web_link
from ci_stat.failures import case_key
from ci_stat.loading import LogProgress, Progress, Source, no_progress
from ci_stat.records import FailureKey, Provenance, Run, RunFilter, Sighting, Status, Window
from ci_stat.reports.words import clock, filters, plural, span
from ci_stat.result import Result, failure_key
from ci_stat.store.sightings import Sightings

log = logging.getLogger(__name__)

HOURLY, DAILY = "hourly", "daily"
# Rows appear up to a quarter of an hour after the end of a build, and a build takes an hour or two: what began shortly
# before the last look is looked at again.
LOOK_BACK = timedelta(hours=3)
_DAY = timedelta(days=1)
_CHART_DAYS = 14
_QUIET_SHARE = 0.5  # of the days before: where the hour was empty on more, an empty hour is nothing to shout about

Step = Callable[[str], None]  # told what is being done now


def no_step(_what: str) -> None:
    """For callers that nobody watches."""


@dataclass(frozen=True)
class Watched:
    """What a person who waits is shown."""

    step: Step = no_step
    rows: Progress = no_progress
    logs: LogProgress | None = None


@contextmanager
def watching() -> Iterator[Watched]:
    """Progress lines, one after the other, where a person watches; a new step ends the line of the one before."""
    from ci_stat.progress import loading

    with ExitStack() as lines:
        shown: tuple[Progress, LogProgress] = (no_progress, lambda _total: no_progress)

        def step(what: str) -> None:
            nonlocal shown
            lines.close()
            shown = lines.enter_context(loading(what))

        yield Watched(step, lambda rows: shown[0](rows), lambda total: shown[1](total))


@dataclass(frozen=True)
class Reporter:
    """Makes reports from one CI database. `now`: aware; it is only said in the report, and decides what is old."""

    source: Source
    history: Sightings | None
    now: datetime
    stale_after: timedelta = timedelta(hours=2)
    history_days: int = 14
    known_issues: Mapping[str, str] = field(default_factory=dict)
    watched: Watched = field(default_factory=Watched)

    def report(self, kind: str, wanted: RunFilter) -> Report:
        """The report of a window, or why there is none. Raises SettingsError and the like; never DatabaseError."""
        try:
            return self._report(kind, wanted)
        except DatabaseError as error:
            return self._trouble(kind, wanted, "database", error.message, error.hint, None)

    def _report(self, kind: str, wanted: RunFilter) -> Report:
        self.watched.step("Loading runs")
        res = self.source.load(wanted, self.watched.rows, log_progress=self.watched.logs)
        trouble = self._old_data(kind, wanted, res.provenance)
        if trouble:
            return trouble
        self.watched.step("Counting the windows before")
        around = self._around(kind, wanted)
        if not res.all_runs and not _usually_empty(around):
            newest = clock(res.provenance.newest)
            message = f"No runs in this window; the newest row is of {newest}."
            return self._trouble(kind, wanted, "no data", message, _NO_DATA, res.provenance.newest)
        around = self._with_history(wanted.window, res, around)
        make = daily if kind == DAILY else hourly
        return make(res, self._made_at(wanted), around, filters(wanted), __version__)

    def _made_at(self, wanted: RunFilter) -> datetime:
        return self.now.astimezone(wanted.window.zone).replace(tzinfo=None, microsecond=0)

    def _trouble(
        self, kind: str, wanted: RunFilter, trouble: str, message: str, hint: str, newest: datetime | None
    ) -> TroubleReport:
        return TroubleReport(
            kind, wanted.window, self._made_at(wanted), trouble, visible(message), visible(hint), newest,
            self.source.name, filters(wanted), __version__,
        )  # fmt: skip

    def _old_data(self, kind: str, wanted: RunFilter, source: Provenance) -> TroubleReport | None:
        if source.newest is None:
            return self._trouble(kind, wanted, "no data", "The table is empty.", _NO_DATA, None)
        # A window that ends in the future is judged by what could be there now.
        end = min(source.window.wall()[1], self._made_at(wanted))
        behind = end - source.newest
        if behind <= self.stale_after:
            return None
        message = f"Nothing newer than {clock(source.newest)}, {span(behind)} before the window's end."
        return self._trouble(kind, wanted, "old data", message, _NO_DATA, source.newest)

    def _around(self, kind: str, wanted: RunFilter) -> Surroundings:
        oldest = self.source.oldest() or wanted.window.wall()[0]
        return self._around_day(wanted, oldest) if kind == DAILY else self._around_hour(wanted, oldest)

    def _around_hour(self, wanted: RunFilter, oldest: datetime) -> Surroundings:
        length = wanted.window.length
        before, days = _moved(wanted, -length), [-_DAY * days for days in range(1, self.history_days + 1)]
        # Days before the first row would make every number look large.
        usual = [moved for moved in (_moved(wanted, by) for by in days) if moved.window.wall()[0] >= oldest]
        counted = self.source.count_windows([before, *usual])
        named = (
            (f"{span(length)} before", (counted[0],)),
            (f"usual (median of {plural(len(usual), 'day')})", tuple(counted[1:])),
        )
        return Surroundings(beside=named, late=self._late(wanted, before), history_since=oldest)

    def _around_day(self, wanted: RunFilter, oldest: datetime) -> Surroundings:
        day, week = _moved(wanted, -wanted.window.length), _moved(wanted, -_DAY * 7)
        there = [each for each in (day, week) if each.window.wall()[1] > oldest]
        counted = dict(zip(there, self.source.count_windows(there), strict=True))
        names = ((f"{span(wanted.window.length)} before", day), ("a week before", week))
        named = tuple((name, (counted[each],) if each in counted else ()) for name, each in names)
        begin = wanted.window.end - _DAY * _CHART_DAYS
        chart = replace(wanted, window=Window.of(begin, wanted.window.end, wanted.window.zone))
        days = (day for day in self.source.count_periods(chart) if day.label >= str(oldest.date()))
        return Surroundings(
            beside=named, late=self._late(wanted, day), durations=self.source.durations([day, week]),
            days=tuple(days), history_since=oldest,
        )  # fmt: skip

    def _late(self, wanted: RunFilter, before: RunFilter) -> LateRuns | None:
        """None where all of the window's builds must have ended, or nothing speaks for others."""
        age = self.now - wanted.window.end
        if not timedelta(0) <= age < LOOK_BACK * 2:
            return None
        late, runs = self.source.ended_later(before, age)
        return LateRuns(late, runs) if late else None

    def _with_history(self, window: Window, res: Result, around: Surroundings) -> Surroundings:
        """Raises SettingsError for a file of known issues that cannot be used."""
        oldest = around.history_since or window.wall()[0]
        around = replace(around, known_issues=self.known_issues, history_since=None)
        if self.history is None:
            return around
        try:
            since = self._look_back(self.history, window, oldest)
            own = sightings_of(res.all_runs)
            self.history.add(own)
            seen = self.history.first_seen(own)
        except CiStatError as error:
            log.warning("Our own state cannot be used, so nothing is called new: %s", visible(error))
            return around
        return replace(around, seen=seen, history_since=since)

    def _look_back(self, history: Sightings, window: Window, oldest: datetime) -> datetime:
        """See to it that the history knows the failures of the days before the window; returns since when it does."""
        begin, _ = window.wall()
        first = min(begin, max(oldest, begin - timedelta(days=self.history_days)))
        reader = self.source.logs()
        rule_set = reader.asked.rule_set if reader else ""
        for stretch in _unknown(history.span(), first, begin, rule_set):
            self.watched.step(f"Looking through {stretch[0]:%Y-%m-%d %H:%M} to {stretch[1]:%Y-%m-%d %H:%M}")
            failed = RunFilter(Window.of(*stretch, window.zone), statuses=(Status.FAILURE.value,))
            res = self.source.load(failed, self.watched.rows, log_progress=self.watched.logs)
            history.add(sightings_of(res.all_runs))
            history.extend(*stretch, rule_set)
        return first


_NO_DATA = "Look at the writer of ci_data: `ci-stat config --check` shows the newest row."


def sightings_of(runs: list[Run]) -> dict[FailureKey, Sighting]:
    """When each failure of failed runs, oldest first, was first and last seen."""
    found: dict[FailureKey, Sighting] = {}
    for run in runs:
        if run.status != Status.FAILURE or run.time is None:
            continue
        for failure in run.failures:
            key = failure_key(failure)
            first = found.get(key)
            found[key] = (
                structs.replace(first, last_seen=run.time)
                if first
                else Sighting(run.time, run.time, run.job_name, run.job_id)
            )
    return found


def _unknown(
    known: tuple[datetime, datetime, str] | None, first: datetime, end: datetime, rule_set: str
) -> Iterator[tuple[datetime, datetime]]:
    """What of [first, end) is not known yet, newest day first: killed midway, what was looked through stays known."""
    if known is None or known[2] != rule_set or known[0] >= end or known[1] < first:
        yield from _days(first, end)
        return
    known_from, known_to, _ = known
    if known_to < end + LOOK_BACK:
        # Oldest first, so that it stays one stretch.
        yield from reversed(list(_days(max(first, known_to - LOOK_BACK), end)))
    if known_from > first:
        yield from _days(first, known_from)


def _days(first: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while end > first:
        begin = max(first, end - _DAY)
        yield begin, end
        end = begin


def _moved(wanted: RunFilter, by: timedelta) -> RunFilter:
    """The same hours on another day, by the clock: what people compare with."""
    begin, end = wanted.window.wall()
    return replace(wanted, window=_window(begin + by, end + by, wanted.window.zone))


def _window(begin: datetime, end: datetime, zone: ZoneInfo) -> Window:
    return Window.of(begin, end, zone)


def _usually_empty(around: Surroundings) -> bool:
    """Whether the windows before are mostly empty too: nights of a project that sleeps."""
    counts = around.beside[-1][1]
    return bool(counts) and sum(not count.tally.total for count in counts) > _QUIET_SHARE * len(counts)


def report_window(kind: str, now: datetime, zone: ZoneInfo, delay: timedelta = timedelta(0)) -> Window:
    """The last whole hour, or the last whole day, that ended at least `delay` before `now`."""
    last = (now - delay).astimezone(zone)
    if kind == DAILY:
        end = last.replace(hour=0, minute=0, second=0, microsecond=0)
        return Window.of(end - _DAY, end, zone)
    # In UTC: an hour that the clock skips or shows twice is an hour all the same.
    end = last.replace(minute=0, second=0, microsecond=0)
    return Window.of((end.astimezone(UTC) - timedelta(hours=1)), end, zone)


def known_issues(file: str | None) -> dict[str, str]:
    """Links by the key of a case, from a JSON file `{case: link}`. Raises SettingsError."""
    if not file:
        return {}
    path = Path(file).expanduser()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is not JSON"
        raise SettingsError(f"known_issues: {path} cannot be read: {reason}.") from None
    if not isinstance(found, dict) or not all(isinstance(link, str) and web_link(link) for link in found.values()):
        raise SettingsError(
            f"known_issues: {path} does not map cases to links.", 'Write {"testSuite.TestName": "https://..."}.'
        )
    return {case_key(name): link for name, link in found.items()}


def reporter(settings: Settings, source: Source, now: datetime, watched: Watched | None = None) -> Reporter:
    """A reporter as the settings say."""
    return Reporter(
        source,
        _history(settings, source),
        now,
        timedelta(hours=settings.number("stale_hours")),
        settings.number("history_days"),
        known_issues(settings.get("known_issues")),
        watched or Watched(),
    )


def _history(settings: Settings, source: Source) -> Sightings | None:
    from ci_stat.loading import state_engine
    from ci_stat.store.state import State

    try:
        engine = state_engine(settings)
        State(engine, source.name).prepare()
        return Sightings(engine, source.name)
    except CiStatError as error:
        log.warning("Our own state cannot be used, so nothing is called new: %s", visible(error))
        return None

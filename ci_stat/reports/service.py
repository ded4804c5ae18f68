"""The shell around reports: a window, what lies around it, and trouble on the way, become a report's value."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from ci_stat import __version__
from ci_stat.errors import CiStatError, DatabaseError, SettingsError, UsageError
from ci_stat.escape import visible, web_link
from ci_stat.failures import case_key
from ci_stat.records import Provenance, Run, RunFilter, Window, WindowFacts
from ci_stat.rendering.format import clock, plural, span
from ci_stat.reports.build import Surroundings, daily, hourly
from ci_stat.reports.comparison import SETTLED, Around, moved
from ci_stat.reports.model import LateRuns, Report, TroubleReport
from ci_stat.reports.outages import SPAN
from ci_stat.reports.windows import DAILY, DAY
from ci_stat.result import Result
from ci_stat.runs.database import Source, collector_off
from ci_stat.runs.progress import Watched
from ci_stat.store.state.failure_history import Sightings
from ci_stat.store.state.window_counts import Facts

log = logging.getLogger(__name__)

_CHART_DAYS = 14
_QUIET_SHARE = 0.5  # of the days before: where the hour was empty on more, an empty hour is nothing to shout about
_NO_DATA = "Look at the writer of ci_data: `ci-stat config --check` shows the newest row."


@dataclass(frozen=True)
class Reporter:
    """Makes reports from one CI database."""

    around: Around
    stale_after: timedelta = timedelta(hours=2)
    history_days: int = 14
    known_issues: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> Source:
        return self.around.source

    @property
    def now(self) -> datetime:
        """Aware; said in the report, and what decides which data is old."""
        return self.around.now

    def report(self, kind: str, wanted: RunFilter) -> Report:
        """The report of a window, or why there is none. Raises SettingsError and the like; never DatabaseError."""
        try:
            return self._report(kind, wanted)
        except DatabaseError as error:
            return self._trouble(kind, wanted, "database", error.message, error.hint, None)
        except OverflowError:
            raise UsageError(
                "What lies around the window would reach beyond the year 1.", "Name a later one."
            ) from None

    def _report(self, kind: str, wanted: RunFilter) -> Report:
        watched = self.around.watched
        watched.step("Loading runs")
        res = self.source.load(wanted, watched.rows, log_progress=watched.logs)
        trouble = self._old_data(kind, wanted, res.provenance)
        if trouble:
            return trouble
        watched.step("Counting the windows before")
        oldest = self.source.oldest() or res.begin_time
        found = (
            self._of_day(wanted, res, oldest) if kind == DAILY else self._of_hour(wanted, oldest)
        )
        if not res.all_runs and not _usually_empty(found):
            newest = clock(res.provenance.newest)
            message = f"No runs in this window; the newest row is of {newest}."
            return self._trouble(kind, wanted, "no data", message, _NO_DATA, res.provenance.newest)
        self.around.keep(wanted, res)
        seen, since = self.around.first_seen(wanted, res.all_runs, oldest, self.history_days)
        found = replace(
            found,
            seen=seen,
            history_since=since,
            known_issues=self.known_issues,
            earlier=self._earlier(kind, wanted),
        )
        make = daily if kind == DAILY else hourly
        with collector_off():
            return make(res, self._made_at(wanted), found, wanted.names, __version__)

    def _earlier(self, kind: str, wanted: RunFilter) -> list[Run]:
        """Failed runs in which an outage of the window may have begun. A day has room for its own outages."""
        if kind == DAILY:
            return []
        begin, _ = wanted.window.wall()
        return self.around.failed(Window.of(begin - SPAN, begin, wanted.window.zone), wanted)

    def _made_at(self, wanted: RunFilter) -> datetime:
        return self.now.astimezone(wanted.window.zone).replace(tzinfo=None, microsecond=0)

    def _trouble(
        self,
        kind: str,
        wanted: RunFilter,
        trouble: str,
        message: str,
        hint: str,
        newest: datetime | None,
    ) -> TroubleReport:
        return TroubleReport(
            kind, wanted.window, self._made_at(wanted), trouble, visible(message), visible(hint), newest,
            self.source.name, wanted.names, __version__,
        )  # fmt: skip

    def _old_data(self, kind: str, wanted: RunFilter, source: Provenance) -> TroubleReport | None:
        if source.newest is None:
            return self._trouble(
                kind,
                wanted,
                "no data",
                "The table is empty, or its newest time cannot be read.",
                _NO_DATA,
                None,
            )
        # A window that ends in the future is judged by what could be there now, and so is a row of the future.
        now = self._made_at(wanted)
        end, newest = min(source.window.wall()[1], now), source.newest
        if newest > now:
            newest = self.source.newest(now) or newest
        behind = end - newest
        if behind <= self.stale_after or self._usually_silent(wanted, newest, end):
            return None
        message = f"Nothing newer than {clock(newest)}, {span(behind)} before the window's end."
        return self._trouble(kind, wanted, "old data", message, _NO_DATA, newest)

    def _usually_silent(self, wanted: RunFilter, newest: datetime, end: datetime) -> bool:
        """Whether most of the days before had no run either from this time of day on: a project that sleeps at night.

        Whatever the names: it is the writer of the table that may have stopped.
        """
        zone = wanted.window.zone
        oldest = self.source.oldest()
        days = [
            DAY * back
            for back in range(1, self.history_days + 1)
            if oldest and newest - DAY * back >= oldest
        ]
        since = [Window.of(newest + timedelta(seconds=1) - back, end - back, zone) for back in days]
        rows = self.source.count_rows([RunFilter(window) for window in since])
        return bool(rows) and sum(n == 0 for n in rows) > _QUIET_SHARE * len(rows)

    def _of_hour(self, wanted: RunFilter, oldest: datetime) -> Surroundings:
        """The hour before, and the same hour of the days before, as far as there are rows."""
        length = wanted.window.length
        days = (
            [moved(wanted, -DAY * back) for back in range(1, self.history_days + 1)]
            if length <= DAY
            else []
        )
        usual = [day for day in days if _has_rows(day, oldest)]
        near = [each for each in (moved(wanted, -length),) if _has_rows(each, oldest)]
        facts = self.around.facts_of([*near, *usual])
        before, others = facts[: len(near)], facts[len(near) :]
        named = (
            (f"{span(length)} before", tuple(each.count for each in before)),
            (
                f"usual (median of {plural(len(usual), 'day')})",
                tuple(each.count for each in others),
            ),
        )
        return Surroundings(beside=named, late=self._late(wanted, before[0]) if before else None)

    def _of_day(self, wanted: RunFilter, res: Result, oldest: datetime) -> Surroundings:
        """The day before, the same weekday of last week, and the days of the chart, as far as there are rows."""
        names = (f"{span(wanted.window.length)} before", "a week before")
        windows = (moved(wanted, -wanted.window.length), moved(wanted, -DAY * 7))
        there = [
            each
            for each in windows
            if _has_rows(each, oldest) and each.window.end <= wanted.window.begin
        ]
        facts = dict(zip(there, self.around.facts_of(there), strict=True))
        days = self.around.days(wanted, res.tally + res.special_tally, _CHART_DAYS)
        return Surroundings(
            beside=tuple(
                (name, (facts[each].count,) if each in facts else ())
                for name, each in zip(names, windows, strict=True)
            ),
            late=self._late(wanted, facts[windows[0]]) if windows[0] in facts else None,
            durations=_together(facts.values()),
            days=[day for day in days if day.label >= str(oldest.date())],
        )

    def _late(self, wanted: RunFilter, before: WindowFacts) -> LateRuns | None:
        """None where all of the window's builds must have ended, or nothing speaks for others."""
        age = self.now - wanted.window.end
        if not timedelta(0) <= age < SETTLED:
            return None
        late = sum(after > age.total_seconds() for after in before.ended_after)
        return LateRuns(late, before.count.tally.total) if late else None


def _together(facts: Iterable[WindowFacts]) -> dict[str, list[int]]:
    """Durations of several windows by job."""
    found: dict[str, list[int]] = {}
    for each in facts:
        for job, took in each.durations.items():
            found.setdefault(job, []).extend(took)
    return found


def _has_rows(wanted: RunFilter, oldest: datetime) -> bool:
    """Whether at least half of a window lies behind the first row of the table."""
    begin, end = wanted.window.wall()
    return begin + (end - begin) / 2 >= oldest


def _usually_empty(around: Surroundings) -> bool:
    """Whether the windows before are mostly empty too: nights of a project that sleeps."""
    counts = around.beside[-1][1]
    return bool(counts) and sum(not count.tally.total for count in counts) > _QUIET_SHARE * len(
        counts
    )


def known_issues(path: Path | None) -> dict[str, str]:
    """Links by the key of a case, from a JSON file `{case: link}`. Raises SettingsError."""
    if path is None:
        return {}
    try:
        found = json.loads(path.expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError) as error:  # RuntimeError: ~nobody
        reason = getattr(error, "strerror", None) or "it is not JSON"
        raise SettingsError(f"known_issues: {path} cannot be read: {reason}.") from None
    if not isinstance(found, dict) or not all(
        isinstance(link, str) and web_link(link) for link in found.values()
    ):
        raise SettingsError(
            f"known_issues: {path} does not map cases to links.",
            'Write {"testSuite.TestName": "https://..."}.',
        )
    return {case_key(name): link for name, link in found.items()}


def with_known_issues(own: dict[str, str], file: Path | None) -> dict[str, str]:
    """Our own issues, and those of the file, which win. A file that cannot be used is a warning."""
    try:
        return own | known_issues(file)
    except SettingsError as error:
        log.warning("%s", visible(error))
        return own


def around(
    source: Source, open_state: Callable[[], Engine], now: datetime, watched: Watched | None = None
) -> Around:
    """What reports compare a window with. Without our own state nothing is called new."""
    watched = watched or Watched()
    try:
        engine = open_state()
    except CiStatError as error:
        log.warning("Our own state cannot be used, so nothing is called new: %s", visible(error))
        return Around(source, None, None, now, watched)
    return Around(source, Facts(engine, source.name), Sightings(engine, source.name), now, watched)

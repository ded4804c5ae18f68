"""Counts of other windows: from our state if they are final, else from the CI database."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import PeriodCount, RunFilter, Tally, WindowFacts, names_key
from ci_stat.reports.windows import DAY, shifted
from ci_stat.result import Result
from ci_stat.result.counting import window_facts
from ci_stat.runs.database import Source
from ci_stat.store.state.window_counts import CountKey, StoredCounts

log = logging.getLogger(__name__)

SETTLED = timedelta(hours=6)  # a window that ended this long ago gets no more rows
# Stored counts of younger windows are compared with the table. Older rows change only by `import`
# and `sync`, which delete the counts that they make wrong.
CHECKED = timedelta(days=3)
_FACTS, _TALLY = "facts", "tally"

T = TypeVar("T")
Stored = WindowFacts | Tally


@dataclass(frozen=True)
class CountedWindows:
    """Counts of windows of one CI database. `stored`: None without our state; `now`: aware."""

    source: Source
    stored: StoredCounts | None
    now: datetime

    def counts(self, windows: Sequence[RunFilter]) -> list[WindowFacts]:
        """The counts of these windows, in their order. Raises DatabaseError for the CI database."""
        valid = self._valid(windows)
        missing = [window for window in windows if window not in valid]
        counted = dict(zip(missing, self.source.window_facts(missing), strict=True))
        self._store(_FACTS, counted)
        return [(valid | counted)[window] for window in windows]

    def _valid(self, windows: Sequence[RunFilter]) -> dict[RunFilter, WindowFacts]:
        """Stored counts, but for recent windows whose number of rows has changed since."""
        stored = self._load(_FACTS, windows, WindowFacts)
        recent = [window for window in stored if self.now - window.window.end < CHECKED]
        rows = self.source.count_rows(recent)

        for window, count in zip(recent, rows, strict=True):
            if count != stored[window].count.tally.total:
                del stored[window]
        return stored

    def keep(self, window: RunFilter, result: Result) -> None:
        """Store the counts of a loaded window for later reports."""
        if self._is_settled(window):
            facts = window_facts(result)
            self._store(_FACTS, {window: facts})
            self._store(_TALLY, {window: facts.count.tally})

    def days(self, window: RunFilter, own: Tally, days: int) -> list[PeriodCount]:
        """Runs of the days up to the end of the window, oldest first. `own`: runs of the window."""
        periods = [shifted(window, -DAY * back, DAY) for back in reversed(range(days))]
        known = self._load(_TALLY, periods, Tally) | {window: own}
        missing = [day for day in periods if day not in known]
        counted = {day: self._tally(day) for day in missing}
        self._store(_TALLY, counted)

        tallies = known | counted
        return [PeriodCount(f"{day.window.begin:%Y-%m-%d}", tallies[day]) for day in periods]

    def _tally(self, day: RunFilter) -> Tally:
        periods = self.source.count_periods(day)
        return sum((period.tally for period in periods), Tally())

    def _is_settled(self, window: RunFilter) -> bool:
        return self.now - window.window.end >= SETTLED

    def _load(self, what: str, windows: Sequence[RunFilter], kind: type[T]) -> dict[RunFilter, T]:
        if self.stored is None:
            return {}
        keys = {_key(what, window): window for window in windows}
        try:
            texts = self.stored.get(list(keys))
            return {keys[key]: msgspec.json.decode(text, type=kind) for key, text in texts.items()}
        except (CiStatError, msgspec.MsgspecError) as error:
            log.warning(
                "Stored counts cannot be read, so windows are recounted: %s", visible(error)
            )
            return {}

    def _store(self, what: str, values: Mapping[RunFilter, Stored]) -> None:
        final = {window: value for window, value in values.items() if self._is_settled(window)}
        if self.stored is None or not final:
            return
        rows = {_key(what, window): msgspec.json.encode(value) for window, value in final.items()}
        try:
            self.stored.put(rows)
        except CiStatError as error:
            log.warning("Counts cannot be stored: %s", visible(error))


def _key(what: str, window: RunFilter) -> CountKey:
    return CountKey(what, *window.window.wall(), names_key(window.names))

"""The shell around a window: the facts of other windows, counted once and kept, and the history of failures."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from msgspec import structs

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import (
    FailureKey,
    PeriodCount,
    Run,
    RunFilter,
    Sighting,
    Status,
    Tally,
    Window,
    WindowFacts,
    names_key,
)
from ci_stat.reports.windows import DAY
from ci_stat.result import Result, failure_key
from ci_stat.result.counting import window_facts
from ci_stat.runs.database import Source
from ci_stat.runs.progress import Watched
from ci_stat.store.state.failure_history import Sightings
from ci_stat.store.state.window_counts import FactKey, Facts

log = logging.getLogger(__name__)

# Rows appear up to a quarter of an hour after the end of a build, and the longest builds take hours: what began before
# the last look is looked at again.
LOOK_BACK = timedelta(hours=12)
SETTLED = timedelta(hours=6)  # after its end a window gets no more rows, and its facts are kept
T = TypeVar("T")
# Later than that nobody but `import` and `sync` brings rows, and these make us forget.
CHECKED = timedelta(days=3)
_FACTS, _TALLY = "facts", "tally"


class _NotRead(CiStatError):
    """The CI database did not answer: no trouble of our own state."""

    def __init__(self, trouble: CiStatError) -> None:
        super().__init__(trouble.message, trouble.hint)
        self.trouble = trouble


@dataclass(frozen=True)
class Around:
    """What lies around windows of one CI database. `now`: aware; `facts`, `history`: None without our own state."""

    source: Source
    facts: Facts | None
    history: Sightings | None
    now: datetime
    watched: Watched

    def facts_of(self, wanted: Sequence[RunFilter]) -> list[WindowFacts]:
        """The facts of windows: what was kept, or counted now. Recent ones must still have as many rows."""
        known = self._kept([_key(_FACTS, each) for each in wanted], WindowFacts)
        found = {each: known[key] for each in wanted if (key := _key(_FACTS, each)) in known}
        recent = [each for each in found if self.now - each.window.end < CHECKED]
        for each, rows in zip(recent, self.source.count_rows(recent), strict=True):
            if rows != found[each].count.tally.total:
                del found[each]
        missing = [each for each in wanted if each not in found]
        counted = dict(zip(missing, self.source.window_facts(missing), strict=True))
        self._keep(
            {_key(_FACTS, each): fact for each, fact in counted.items() if self._settled(each)}
        )
        return [found.get(each) or counted[each] for each in wanted]

    def keep(self, wanted: RunFilter, res: Result) -> None:
        """Keep the facts of the window that was loaded, for reports to come."""
        if self._settled(wanted):
            own = window_facts(res)
            self._keep({_key(_FACTS, wanted): own, _key(_TALLY, wanted): own.count.tally})

    def days(self, wanted: RunFilter, own: Tally, days: int) -> list[PeriodCount]:
        """Runs by outcome of so many days up to the window's end, oldest first. `own`: those of the window itself."""
        each = [moved(wanted, -DAY * back, DAY) for back in reversed(range(days))]
        keys = [_key(_TALLY, day) for day in each]
        known = self._kept(keys, Tally) | {_key(_TALLY, wanted): own}
        missing = [day for day, key in zip(each, keys, strict=True) if key not in known]
        counted = self._tallies(missing)
        self._keep(
            {_key(_TALLY, day): tally for day, tally in counted.items() if self._settled(day)}
        )
        tallies = [known.get(key) or counted[day] for day, key in zip(each, keys, strict=True)]
        return [
            PeriodCount(f"{day.window.begin:%Y-%m-%d}", tally)
            for day, tally in zip(each, tallies, strict=True)
        ]

    def _tallies(self, days: Sequence[RunFilter]) -> dict[RunFilter, Tally]:
        """Counted without a look into any JSON."""
        return {
            day: sum((part.tally for part in self.source.count_periods(day)), Tally())
            for day in days
        }

    def _settled(self, wanted: RunFilter) -> bool:
        return self.now - wanted.window.end >= SETTLED

    def _kept(self, keys: Sequence[FactKey], kind: type[T]) -> dict[FactKey, T]:
        if self.facts is None:
            return {}
        try:
            return {
                key: msgspec.json.decode(text, type=kind)
                for key, text in self.facts.get(keys).items()
            }
        except (CiStatError, msgspec.MsgspecError) as error:
            log.warning(
                "What was counted before cannot be read, and is counted anew: %s", visible(error)
            )
            return {}

    def _keep(self, values: Mapping[FactKey, WindowFacts | Tally]) -> None:
        if self.facts is None or not values:
            return
        try:
            self.facts.put({key: msgspec.json.encode(value) for key, value in values.items()})
        except CiStatError as error:
            log.warning("What was counted cannot be kept: %s", visible(error))

    def first_seen(
        self, wanted: RunFilter, runs: Sequence[Run], oldest: datetime, days: int
    ) -> tuple[dict[FailureKey, Sighting], datetime | None]:
        """When the failures of these runs were first seen, and since when that is known: None if it is not."""
        if self.history is None:
            return {}, None
        try:
            since = self._look_back(self.history, wanted.window, oldest, days)
            own = sightings_of(runs)
            self.history.add(own)
            self._extend(self.history, wanted)
            return self.history.first_seen(own), since
        except _NotRead as error:
            raise error.trouble from None
        except CiStatError as error:
            log.warning(
                "Our own state cannot be used, so nothing is called new: %s", visible(error)
            )
            return {}, None

    def _look_back(
        self, history: Sightings, window: Window, oldest: datetime, days: int
    ) -> datetime:
        """See to it that the history knows the failures of the days before the window; returns since when it does."""
        begin, _ = window.wall()
        first = min(begin, max(oldest, begin - timedelta(days=days)))
        rule_set = self._rule_set()
        for stretch in _unknown(history.span(), first, begin, rule_set):
            self.watched.step(
                f"Looking through {stretch[0]:%Y-%m-%d %H:%M} to {stretch[1]:%Y-%m-%d %H:%M}"
            )
            try:
                failed = self.failed(Window.of(*stretch, window.zone))
            except CiStatError as error:
                raise _NotRead(error) from None
            history.add(sightings_of(failed))
            history.extend(*stretch, rule_set)
        return first

    def failed(self, window: Window, wanted: RunFilter | None = None) -> list[Run]:
        """The failed runs of a window, with what their logs say; of the names of `wanted` only."""
        asked = RunFilter(window) if wanted is None else replace(wanted, window=window)
        asked = replace(asked, statuses=(Status.FAILURE.value,))
        return self.source.load(asked, self.watched.rows, log_progress=self.watched.logs).all_runs

    def _extend(self, history: Sightings, wanted: RunFilter) -> None:
        """Note that the window itself was looked through, if all of it was."""
        begin, end = wanted.window.wall()
        until = min(
            end, self.now.astimezone(wanted.window.zone).replace(tzinfo=None, microsecond=0)
        )
        if not wanted.names and until > begin:
            history.extend(begin, until, self._rule_set())

    def _rule_set(self) -> str:
        reader = self.source.logs()
        return reader.asked.rule_set if reader else ""


def _key(what: str, wanted: RunFilter) -> FactKey:
    return FactKey(what, *wanted.window.wall(), names_key(wanted.names))


def moved(wanted: RunFilter, by: timedelta, length: timedelta | None = None) -> RunFilter:
    """The same hours on another day, by the clock: what people compare with. `length`: that much before its end."""
    begin, end = wanted.window.wall()
    begin = begin if length is None else end - length
    return replace(wanted, window=Window.of(begin + by, end + by, wanted.window.zone))


def sightings_of(runs: Sequence[Run]) -> dict[FailureKey, Sighting]:
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
        begin = max(first, end - DAY)
        yield begin, end
        end = begin

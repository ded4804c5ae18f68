"""What ran on past days, as our state keeps it, so that those days are not read again.

The table of a server has no index of pull requests, and counts by place read whole rows. Our state
keeps, for each day, the keys of the runs of pull requests and the counts by place. A day counts as
long as the keys of its rows are the same; else it is read again. The newest days are always read.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from ci_stat.errors import CiStatError, DamagedDatabase
from ci_stat.escape import visible
from ci_stat.questions.gather import Gatherer, narrowed
from ci_stat.records import RunFilter, Window
from ci_stat.store.ci_data import run_days
from ci_stat.store.ci_data.run_days import PlaceStatus, RunsOfDay
from ci_stat.store.embedded import is_embedded
from ci_stat.store.state.window_counts import CountKey

CONNECTIONS = 4  # that read the rows of a server at once
SHORT = timedelta(days=3)
DAY = timedelta(days=1)
NEWEST = 2  # days up to the end of the window, which get rows and are not kept

log = logging.getLogger(__name__)
T = TypeVar("T")
Key = tuple[str, int]  # job, number


class StoredDay(msgspec.Struct, frozen=True):
    """The runs of one day.

    - `check`: of the rows that they were read from. `jobs`: names, to which the runs refer.
    - `pulls`: for each number, the place of a job and the number of a run, in turn.
    - `places`: job, repository, branch, status and number of runs.
    """

    check: str
    jobs: list[str]
    pulls: dict[int, msgspec.Raw]
    places: list[tuple[str, str, str, str, int]]


@dataclass(frozen=True, slots=True)
class SettledDays:
    """Past days that need not be read.

    `days`: those with rows. `newest`: the first day that must be read.
    """

    days: Mapping[date, StoredDay]
    newest: date

    def keys(self, number: int) -> list[Key]:
        """The runs of pull requests with this number."""
        return [key for day in self.days.values() for key in _keys(day, number)]

    def unread(self, window: Window) -> list[Window]:
        """The parts of the window that are no whole settled days."""
        begin, end = window.wall()
        days = [day for day in _days(begin, end) if not self._has_whole(day, begin, end)]
        return list(_stretches(days, window))

    def counts(self, window: Window, jobs: Iterable[str]) -> Counter[PlaceStatus]:
        """The runs of these jobs on whole settled days of the window."""
        begin, end = window.wall()
        wanted = set(jobs)
        counts: Counter[PlaceStatus] = Counter()
        for day, stored in self.days.items():
            if not self._has_whole(day, begin, end):
                continue
            for job, repo, branch, status, runs in stored.places:
                if job in wanted:
                    counts[job, repo, branch, status] += runs
        return counts

    def _has_whole(self, day: date, begin: datetime, end: datetime) -> bool:
        midnight = _midnight(day)
        return day < self.newest and begin <= midnight and midnight + DAY <= end


def settled_days(gatherer: Gatherer, window: Window) -> SettledDays | None:
    """The days of the window before the newest; None if the table is to be asked instead.

    Raises DatabaseError.
    """
    if is_embedded(gatherer.source.engine) or window.length <= SHORT:
        return None
    checks = _checks(gatherer, window)
    if checks is None:
        return None
    newest = (window.wall()[1] - NEWEST * DAY).date()
    settled = {day: check for day, check in checks.items() if day < newest}
    days = _stored_or_read(gatherer, window, settled)
    return None if days is None else SettledDays(days, newest)


def read_at_once(
    gatherer: Gatherer,
    windows: Sequence[Window],
    read: Callable[[Connection, RunFilter], T],
) -> list[T]:
    """Read windows over several connections; a long one by parts of its jobs."""
    names = [
        RunFilter(window, jobs=jobs) for window in windows for jobs in _parts(gatherer, window)
    ]
    return _at_once(gatherer, names, read)


def _at_once(
    gatherer: Gatherer, filters: Sequence[RunFilter], read: Callable[[Connection, RunFilter], T]
) -> list[T]:
    if not filters:
        return []

    def read_part(part: RunFilter) -> T:
        return gatherer.ask(lambda connection: read(connection, part))

    with ThreadPoolExecutor(min(CONNECTIONS, len(filters))) as readers:
        return list(readers.map(read_part, filters))


def _parts(gatherer: Gatherer, window: Window) -> list[tuple[str, ...]]:
    """The jobs in parts that are read at once; one part of all jobs if that is faster.

    Each part of a short window would read the whole window.
    """
    if is_embedded(gatherer.source.engine) or window.length <= SHORT:
        return [()]
    jobs = sorted(gatherer.job_names())
    parts = [tuple(jobs[first::CONNECTIONS]) for first in range(CONNECTIONS)]
    return [part for part in parts if part] or [()]


def _checks(gatherer: Gatherer, window: Window) -> dict[date, str] | None:
    """The checks of all days, read in two parts at once."""
    begin, end = window.wall()
    first, last = _midnight(begin.date()), _midnight(end.date()) + DAY
    middle = first + DAY * ((last - first).days // 2)
    halves = [
        RunFilter(narrowed(window, first, middle)),
        RunFilter(narrowed(window, middle, last)),
    ]
    checks: dict[date, str] = {}
    for half in _at_once(gatherer, halves, run_days.day_checks):
        if half is None:
            return None
        checks |= half
    return checks


def _stored_or_read(
    gatherer: Gatherer, window: Window, checks: Mapping[date, str]
) -> dict[date, StoredDay] | None:
    """These days; None, after a warning, if our state cannot be used."""
    try:
        known = _stored(gatherer, checks)
    except CiStatError as error:
        log.warning("Our own state cannot be used: %s", visible(error))
        return None
    if known is None:
        return None
    missing = [day for day in checks if day not in known]
    read = _read_days(gatherer, window, missing)
    added = {day: _packed(checks[day], read[day]) for day in missing}
    _keep(gatherer, added)
    return known | added


def _stored(gatherer: Gatherer, checks: Mapping[date, str]) -> dict[date, StoredDay] | None:
    """Those days whose rows have not changed; None without our state."""
    stored = gatherer.counts()
    if stored is None:
        return None
    days = {_count_key(day): day for day in checks}
    known: dict[date, StoredDay] = {}
    for key, text in stored.get(days).items():
        day = days[key]
        try:
            runs = msgspec.json.decode(text, type=StoredDay)
        except msgspec.MsgspecError:
            continue
        if runs.check == checks[day]:
            known[day] = runs
    return known


def _read_days(gatherer: Gatherer, window: Window, days: Sequence[date]) -> dict[date, RunsOfDay]:
    read = {day: RunsOfDay() for day in days}
    windows = list(_stretches(days, window, whole_days=True))
    for part in read_at_once(gatherer, windows, run_days.runs_by_day):
        for day, of_part in part.items():
            of_day = read[day]
            of_day.places.update(of_part.places)
            for number, keys in of_part.pulls.items():
                of_day.pulls.setdefault(number, []).extend(keys)
    return read


def _packed(check: str, runs: RunsOfDay) -> StoredDay:
    jobs = sorted({job for keys in runs.pulls.values() for job, _ in keys})
    places = {job: place for place, job in enumerate(jobs)}
    pulls = {}
    for number, keys in runs.pulls.items():
        pairs = [value for job, run in keys for value in (places[job], run)]
        pulls[number] = msgspec.Raw(msgspec.json.encode(pairs))
    counts = [(*place, count) for place, count in sorted(runs.places.items())]
    return StoredDay(check, jobs, pulls, counts)


def _keys(day: StoredDay, number: int) -> list[Key]:
    packed = day.pulls.get(number)
    if packed is None:
        return []
    try:
        pairs = msgspec.json.decode(packed, type=list[int])
        places, runs = pairs[::2], pairs[1::2]
        return [(day.jobs[place], run) for place, run in zip(places, runs, strict=True)]
    except (msgspec.MsgspecError, LookupError, ValueError):
        message = "What our state keeps of the runs of a past day is damaged."
        raise DamagedDatabase(
            message, "docs/recovery.md says how to create the state anew."
        ) from None


def _keep(gatherer: Gatherer, days: Mapping[date, StoredDay]) -> None:
    try:
        stored = gatherer.counts()
        if stored is not None and days:
            values = {_count_key(day): msgspec.json.encode(runs) for day, runs in days.items()}
            stored.put(values)
    except CiStatError as error:
        log.warning("The runs of past days cannot be kept: %s", visible(error))


def _count_key(day: date) -> CountKey:
    return CountKey("runs of a day", _midnight(day), _midnight(day) + DAY)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _days(begin: datetime, end: datetime) -> Iterator[date]:
    """The days that have a part in [begin, end)."""
    day = _midnight(begin.date())
    while day < end:
        yield day.date()
        day += DAY


def _stretches(days: Iterable[date], window: Window, whole_days: bool = False) -> Iterator[Window]:
    """Days in a row as one window, within the window unless `whole_days` is set."""
    begin, end = window.wall()
    parts: list[tuple[datetime, datetime]] = []
    for first in map(_midnight, sorted(days)):
        if parts and parts[-1][1] == first:
            parts[-1] = (parts[-1][0], first + DAY)
        else:
            parts.append((first, first + DAY))
    for first, last in parts:
        if whole_days:
            yield narrowed(window, first, last)
        elif max(first, begin) < min(last, end):
            yield narrowed(window, max(first, begin), min(last, end))

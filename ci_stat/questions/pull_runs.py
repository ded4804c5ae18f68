"""The runs of a pull request, from the days on which it has runs.

The table of a server has no index of pull requests. Our state keeps the pull requests of each day,
so that only the days of the wanted one are read. A day counts as long as the keys of its rows are
the same; else it is read again. The newest days are always read.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.questions.gather import Gatherer, narrowed
from ci_stat.records import Run, RunFilter, Window
from ci_stat.result.result import in_order
from ci_stat.store.ci_data import lookups, pull_days
from ci_stat.store.embedded import is_embedded
from ci_stat.store.state.window_counts import CountKey

CONNECTIONS = 4  # that read the rows of a server at once
SHORT = timedelta(days=3)
DAY = timedelta(days=1)
NEWEST = 2  # days up to the end of the window, which get rows and are not kept

log = logging.getLogger(__name__)
T = TypeVar("T")


class DayPulls(msgspec.Struct, frozen=True):
    """The pull requests of a day. `check`: of the rows that they were read from."""

    check: str
    numbers: list[int]


def pull_runs(gatherer: Gatherer, window: Window, number: int) -> list[Run]:
    """The runs of pull requests with this number, oldest first. Raises DatabaseError."""
    origin = gatherer.source.origin

    def read(connection: Connection, names: RunFilter) -> list[Run]:
        return lookups.pull_runs(connection, names, number, origin)

    parts = _read_at_once(gatherer, _windows(gatherer, window, number), read)
    return in_order(run for part in parts for run in part)


def _windows(gatherer: Gatherer, window: Window, number: int) -> list[Window]:
    """The parts of the window that may have runs of the pull request."""
    if is_embedded(gatherer.source.engine) or window.length <= SHORT:
        return [window]
    checks = _checks(gatherer, window)
    if checks is None:
        return [window]
    first_of_newest = (window.wall()[1] - NEWEST * DAY).date()
    settled = {day: check for day, check in checks.items() if day < first_of_newest}
    numbers = _numbers(gatherer, window, settled)
    if numbers is None:
        return [window]
    days = [day for day in checks if day not in settled or number in numbers[day]]
    return list(_stretches(days, window))


def _checks(gatherer: Gatherer, window: Window) -> dict[date, str] | None:
    begin, end = window.wall()
    whole_days = narrowed(window, _midnight(begin.date()), _midnight(end.date()) + DAY)
    names = RunFilter(whole_days)
    return gatherer.ask(lambda connection: pull_days.day_checks(connection, names))


def _numbers(
    gatherer: Gatherer, window: Window, checks: Mapping[date, str]
) -> dict[date, set[int]] | None:
    """The pull requests of these days; None, after a warning, if our state cannot be used."""
    try:
        known = _known(gatherer, checks)
    except CiStatError as error:
        log.warning("Our own state cannot be used: %s", visible(error))
        return None
    if known is None:
        return None
    missing = [day for day in checks if day not in known]
    added = _read_days(gatherer, window, missing)
    _keep(gatherer, {day: DayPulls(checks[day], sorted(added[day])) for day in missing})
    return known | added


def _known(gatherer: Gatherer, checks: Mapping[date, str]) -> dict[date, set[int]] | None:
    """The pull requests of those days whose rows have not changed; None without our state."""
    stored = gatherer.counts()
    if stored is None:
        return None
    keys = {_key(day): day for day in checks}
    known: dict[date, set[int]] = {}
    for key, text in stored.get(keys).items():
        day = keys[key]
        try:
            pulls = msgspec.json.decode(text, type=DayPulls)
        except msgspec.MsgspecError:
            continue
        if pulls.check == checks[day]:
            known[day] = set(pulls.numbers)
    return known


def _read_days(gatherer: Gatherer, window: Window, days: Sequence[date]) -> dict[date, set[int]]:
    numbers: dict[date, set[int]] = {day: set() for day in days}
    windows = list(_stretches(days, window, whole_days=True))
    for part in _read_at_once(gatherer, windows, pull_days.pulls_by_day):
        for day, of_day in part.items():
            numbers[day] |= of_day
    return numbers


def _keep(gatherer: Gatherer, days: Mapping[date, DayPulls]) -> None:
    try:
        stored = gatherer.counts()
        if stored is not None and days:
            stored.put({_key(day): msgspec.json.encode(pulls) for day, pulls in days.items()})
    except CiStatError as error:
        log.warning("The pull requests of days cannot be kept: %s", visible(error))


def _key(day: date) -> CountKey:
    return CountKey("pulls", _midnight(day), _midnight(day) + DAY)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _stretches(days: Iterable[date], window: Window, whole_days: bool = False) -> Iterator[Window]:
    """Days in a row as one window, within the window unless `whole_days` is set."""
    begin, end = window.wall()
    stretches: list[tuple[datetime, datetime]] = []
    for first in map(_midnight, sorted(days)):
        if stretches and stretches[-1][1] == first:
            stretches[-1] = (stretches[-1][0], first + DAY)
        else:
            stretches.append((first, first + DAY))
    for first, last in stretches:
        if whole_days:
            yield narrowed(window, first, last)
        elif max(first, begin) < min(last, end):
            yield narrowed(window, max(first, begin), min(last, end))


def _read_at_once(
    gatherer: Gatherer,
    windows: Sequence[Window],
    read: Callable[[Connection, RunFilter], T],
) -> list[T]:
    """Read windows over several connections; a long one by parts of its jobs."""
    names = [
        RunFilter(window, jobs=jobs) for window in windows for jobs in _parts(gatherer, window)
    ]
    if not names:
        return []

    def read_part(part: RunFilter) -> T:
        return gatherer.ask(lambda connection: read(connection, part))

    with ThreadPoolExecutor(min(CONNECTIONS, len(names))) as readers:
        return list(readers.map(read_part, names))


def _parts(gatherer: Gatherer, window: Window) -> list[tuple[str, ...]]:
    """The jobs in parts that are read at once; one part of all jobs if that is faster.

    Each part of a short window would read the whole window.
    """
    if is_embedded(gatherer.source.engine) or window.length <= SHORT:
        return [()]
    jobs = sorted(gatherer.job_names())
    parts = [tuple(jobs[first::CONNECTIONS]) for first in range(CONNECTIONS)]
    return [part for part in parts if part] or [()]

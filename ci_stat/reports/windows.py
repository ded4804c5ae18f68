"""The windows of hourly and daily reports."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ci_stat.errors import UsageError
from ci_stat.records import RunFilter, Window

HOURLY = "hourly"
DAILY = "daily"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def report_window(
    kind: str, now: datetime, zone: ZoneInfo, delay: timedelta = timedelta(0)
) -> Window:
    """The last whole hour, or the last whole day, that ended at least `delay` before `now`."""
    last = (now - delay).astimezone(zone)
    if kind == DAILY:
        midnight = last.replace(hour=0, minute=0, second=0, microsecond=0)
        return Window.of(midnight.replace(tzinfo=None) - DAY, midnight, zone)

    end = last.replace(minute=0, second=0, microsecond=0)
    # In UTC: an hour that the clock skips is an hour too.
    begin = end.astimezone(UTC) - HOUR
    try:
        return Window.of(begin, end, zone)
    except UsageError:
        # The clock shows this hour twice, and the table cannot tell which one a row is of: report
        # both, and the hour before them.
        return Window.of(begin - HOUR, end, zone)


def shifted(window: RunFilter, by: timedelta, length: timedelta | None = None) -> RunFilter:
    """The window at another time by the clock. `length`: keep only its last part of this length."""
    begin, end = window.window.wall()
    start = begin if length is None else end - length
    return replace(window, window=Window.of(start + by, end + by, window.window.zone))


def mostly_after(window: RunFilter, oldest: datetime) -> bool:
    """Whether at least half of the window is after `oldest`, the time of the oldest row."""
    begin, end = window.window.wall()
    middle = begin + (end - begin) / 2
    return middle >= oldest


def chosen_window(
    kind: str,
    now: datetime,
    zone: ZoneInfo,
    begin: datetime | None = None,
    end: datetime | None = None,
    delay: timedelta = timedelta(0),
    since: timedelta | None = None,
) -> Window:
    """Return the window from `begin` to `end`, or `report_window` if neither is given.

    If only one of them is given, the window is an hour or a day long. `since`: the length up to
    `end`, or to the end of `report_window`. Raises UsageError.
    """
    if since is not None:
        return _ending(end or report_window(kind, now, zone, delay).end, since, zone)
    length = DAY if kind == DAILY else timedelta(hours=1)
    if begin is None and end is None:
        return report_window(kind, now, zone, delay)
    if begin is None:
        assert end is not None
        return Window.of(end - length, end, zone)
    return Window.of(begin, begin + length if end is None else end, zone)


def _ending(end: datetime, length: timedelta, zone: ZoneInfo) -> Window:
    """The window of this length up to `end`; whole days by the clock, else by time that passed."""
    last = end.astimezone(zone)
    if length % DAY:
        return Window.of(last.astimezone(UTC) - length, last, zone)
    return Window.of(last.replace(tzinfo=None) - length, last, zone)

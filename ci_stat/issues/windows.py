"""Pure: the time spans to load for a window, and the days of a replay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from ci_stat.records import Window

_DAY = timedelta(days=1)
_MAX_HISTORY = 366 * _DAY


def history_begin(window: Window, memory: timedelta, first_failure: datetime | None) -> datetime:
    """Return where the history of the window begins, in UTC.

    It reaches back to the first failure of any open issue of ours, at least for `memory` and at
    most for a year.
    """
    begin = window.begin.astimezone(UTC)
    since = begin - memory
    if first_failure is not None:
        since = min(since, first_failure)
    return max(since, begin - _MAX_HISTORY)


def days_of(window: Window) -> Iterator[tuple[datetime, datetime]]:
    """Yield the window's days by its zone's clock, in UTC, oldest first.

    Days are counted back from the window's end, so the last one is complete. There is at least
    one.
    """
    begin, end = window.wall()
    days = int((end - begin) / _DAY) or 1
    bounds = [end - _DAY * back for back in range(days, -1, -1)]
    yield from pairwise(bound.replace(tzinfo=window.zone).astimezone(UTC) for bound in bounds)

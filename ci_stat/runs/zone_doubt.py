"""Whether the newest row shows that `time_zone` is wrong."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ci_stat.rendering.format import plural

CLOCKS = timedelta(minutes=5)  # by which two clocks may differ
DELAY = timedelta(minutes=15)  # rows appear up to 11 minutes after the end of a build
_HOUR = timedelta(hours=1)
_MOST = 14  # hours between UTC and any zone


def zone_doubt(newest: datetime, now: datetime, zone: ZoneInfo, is_ours: bool = False) -> str:
    """Return why the zone may be wrong, or "".

    `newest`: the time of the newest row, naive, in `zone`. `now`: aware. A row of a wrong zone is
    in the future, or some whole hours older than the delay with which rows appear. `is_ours`:
    ci_stat wrote the time, which it converts to `zone`: its age is no doubt.
    """
    age = now - newest.replace(tzinfo=zone)
    if age < -CLOCKS:
        hours = -(age // _HOUR)
        return f"The newest row lies {_length(-age)} in the future. {_cause(hours, now, zone)}"

    if is_ours:
        return ""
    hours = age // _HOUR
    is_whole = age % _HOUR <= DELAY
    if not is_whole or not 1 <= hours <= _MOST:
        return ""
    return (
        f"The newest row is {_length(age)} old: almost exactly {plural(hours, 'hour')}."
        f" If your CI has run since, {_cause(-hours, now, zone)}"
    )


def _cause(hours: int, now: datetime, zone: ZoneInfo) -> str:
    """What the zone would be if times are `hours` ahead of the real ones."""
    if hours > 2 * _MOST:
        return "Is the clock of the CI or of this computer wrong?"
    offset = (now.astimezone(zone).utcoffset() or timedelta()) + hours * _HOUR
    return (
        f"time_zone may be wrong: it is {zone.key}, and the times look like those of a zone"
        f" {_offset(offset)}."
    )


def _offset(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    sign = "+" if minutes >= 0 else "-"
    return f"UTC{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _length(length: timedelta) -> str:
    """`7 h 58 min`, or days."""
    days, rest = divmod(length, timedelta(days=1))
    hours, minutes = rest // _HOUR, rest % _HOUR // timedelta(minutes=1)
    if days:
        return plural(days, "day") + (f" {hours} h" if hours else "")
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

"""Times and lengths of time as campaigns show them."""

from datetime import datetime, timedelta, tzinfo


def zone_name(moment: datetime, zone: tzinfo) -> str:
    """`Asia/Shanghai`; for a zone without such a name what the clock shows, e.g. `UTC`."""
    key: str | None = getattr(zone, "key", None)
    return key or moment.astimezone(zone).strftime("%Z")


def local(moment: datetime, zone: tzinfo) -> str:
    """`2026-11-30 12:00`, in the zone."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def period(begin: datetime, end: datetime, zone: tzinfo) -> str:
    """`2026-11-30 12:00 to 18:40 Asia/Shanghai`."""
    first, last = begin.astimezone(zone), end.astimezone(zone)
    if first == last:
        return f"{local(begin, zone)} {zone_name(begin, zone)}"
    same_day = first.date() == last.date()
    until = f"{last:%H:%M}" if same_day else local(end, zone)
    return f"{local(begin, zone)} to {until} {zone_name(end, zone)}"


def short(length: timedelta) -> str:
    """`2h 05m`, `12m`; `0m` for what is over."""
    minutes = max(0, int(length.total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours}h {rest:02d}m" if hours else f"{rest}m"

"""The format of numbers, times, durations and names in all texts."""

from datetime import datetime, timedelta, tzinfo

from ci_stat.records import Names, Provenance

# A row appears 1 to 11 minutes after the end of its build, and a build takes up to an hour.
STALE_AFTER = timedelta(hours=2)

_UNKNOWN = "–"


def percent(rate: float | None) -> str:
    """A share as `12.3%`; a dash for None."""
    return _UNKNOWN if rate is None else f"{rate:.1%}"


def clock(moment: datetime | None) -> str:
    """A time as `2021-06-16 14:00:00`; a dash for None."""
    return _UNKNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def minute(moment: datetime | None) -> str:
    """A time as `2021-06-16 14:00`; a dash for None."""
    return _UNKNOWN if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def date(moment: datetime, zone: tzinfo) -> str:
    """The day of an aware time in `zone`, as `2021-06-16`."""
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def duration(milliseconds: int | None) -> str:
    """Milliseconds as `1h 02m`, `3m 07s` or `12s`; a dash for None."""
    if milliseconds is None:
        return _UNKNOWN
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, rest = divmod(minutes, 60)
    if hours:
        return f"{hours}h {rest:02d}m"
    return f"{minutes}m {seconds:02d}s" if minutes else f"{seconds}s"


def span(length: timedelta) -> str:
    """A length of time in its two largest units, e.g. `3 days 4 h`."""
    all_hours, minutes = divmod(int(length.total_seconds() // 60), 60)
    days, hours = divmod(all_hours, 24)
    if days:
        return f"{plural(days, 'day')} {hours} h" if hours else plural(days, "day")
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def plural(n: int, one: str, many: str = "") -> str:
    """`1 run`, `1,204 runs`. `many`: the plural, if it is not `one` with an s."""
    if n == 1:
        return f"{n:,} {one}"
    return f"{n:,} {many or one + 's'}"


def part_of(n: int, all: int, one: str) -> str:
    """`3 of 8 runs`; for all of them `the only run`, `both runs`, `all 8 runs`."""
    if n != all or not n:
        return f"{n:,} of {plural(all, one)}"
    return {1: f"the only {one}", 2: f"both {one}s"}.get(n, f"all {plural(n, one)}")


def times(n: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")


def staleness(source: Provenance) -> str | None:
    """A note on data that is absent or ends early; None for a window that is filled."""
    if source.newest is None:
        return "No runs in this window: the table is empty."
    newest = f"the newest row is from {clock(source.newest)}"
    if source.rows == 0:
        return f"No runs in this window; {newest}."
    if source.behind is not None and source.behind > STALE_AFTER:
        return f"Old data: {newest}, {span(source.behind)} before the window's end."
    return None


def filters(names: Names) -> str:
    """The names that a window is limited to, e.g. `job a, b`; "" for all."""
    kinds = {
        "job": names.jobs,
        "repo": names.repos,
        "branch": names.branches,
        "status": names.statuses,
        "nightly": names.nightly,
    }
    return " · ".join(f"{kind} {_listed(values)}" for kind, values in kinds.items() if values)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    """A name in a list; quoted if it contains a separator."""
    has_separator = "," in name or " · " in name
    return f'"{name}"' if has_separator else name

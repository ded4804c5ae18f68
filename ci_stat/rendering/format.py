"""Numbers, times and windows in words: the same words in every report."""

from datetime import datetime, timedelta, tzinfo

from ci_stat.records import Names, Provenance

STALE_AFTER = timedelta(
    hours=2
)  # rows appear 1-11 minutes after a build's end, and a build takes up to an hour


def percent(rate: float | None) -> str:
    """A share as people read it; a dash where there is nothing to divide by."""
    return "–" if rate is None else f"{rate:.1%}"


def clock(moment: datetime | None) -> str:
    return "–" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def duration(milliseconds: int | None) -> str:
    """Milliseconds as `1h 02m`, `3m 07s` or `12s`."""
    if milliseconds is None:
        return "–"
    seconds = milliseconds // 1000
    if seconds >= 3600:
        return f"{seconds // 3600}h {seconds % 3600 // 60:02d}m"
    return f"{seconds // 60}m {seconds % 60:02d}s" if seconds >= 60 else f"{seconds}s"


def span(length: timedelta) -> str:
    """A length of time in its two largest units, e.g. `3 days 4 h`."""
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {rest} min" if rest else "")
    return f"{rest} min"


def plural(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def staleness(source: Provenance) -> str | None:
    """What to know when the data ends early or is not there; None when the window is well filled."""
    if source.newest is None:
        return "No runs in this window: the table is empty."
    newest = f"the newest row is of {clock(source.newest)}"
    if source.rows == 0:
        return f"No runs in this window; {newest}."
    if source.behind is not None and source.behind > STALE_AFTER:
        return f"Old data: {newest}, {span(source.behind)} before the window's end."
    return None


def filters(names: Names) -> str:
    """The names that a window was narrowed to, e.g. `job a, b`; "" for all."""
    kinds = (
        ("job", names.jobs),
        ("repo", names.repos),
        ("branch", names.branches),
        ("status", names.statuses),
    )
    return " · ".join(f"{kind} {', '.join(map(_listed, given))}" for kind, given in kinds if given)


def _listed(name: str) -> str:
    """A name in a list; quoted where it could be taken for two."""
    return f'"{name}"' if "," in name or " · " in name else name


def times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n:,} times")


def date(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"

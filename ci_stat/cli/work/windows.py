"""What options about times mean: a moment, a length, a window and the names to keep."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.errors import UsageError
from ci_stat.records import RunFilter
from ci_stat.runs.database import Source

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LATEST = "latest"
DEFAULT_SINCE = "24h"


def parse_length(text: str) -> timedelta:
    """`90m`, `24h`, `7d` or `2w`."""
    found = re.fullmatch(r"(\d{1,6})([mhdw])", text.strip())
    if not found or int(found[1]) == 0:
        raise UsageError(
            f"--since {text!r} is no length of time.",
            "Write a number and m, h, d or w: 90m, 24h, 7d, 2w.",
        )
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_time(text: str, option: str, zone: ZoneInfo) -> datetime:
    """ISO 8601, or `today`/`now`; without an offset it is in the database's zone."""
    now = datetime.now(zone)
    if text == "now":
        return now
    if text in ("today", "yesterday"):
        return now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=text == "yesterday"
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is no time.",
            "Write 2021-06-19, 2021-06-19T08:30, with +08:00 behind it, now or today.",
        ) from None


def _before(last: datetime, since: str | None, zone: ZoneInfo) -> datetime:
    """That long before `last` by the sun, not by the clock: on the day when clocks change these differ."""
    aware = last.replace(tzinfo=zone) if last.tzinfo is None else last
    return aware.astimezone(UTC) - parse_length(DEFAULT_SINCE if since is None else since)


def wanted(
    source: Source,
    begin: str | None,
    end: str | None,
    since: str | None,
    jobs: Any,
    repos: Any,
    branches: Any,
) -> RunFilter:
    """What the shared options mean together. Raises UsageError."""
    zone = source.origin.zone
    if begin is not None and since is not None:
        raise UsageError(
            "--begin and --since both say where the window starts.", "Give one of them."
        )
    try:
        last = (
            source.latest_end()
            if end == LATEST
            else parse_time("now" if end is None else end, "--end", zone)
        )
        first = (
            parse_time(begin, "--begin", zone) if begin is not None else _before(last, since, zone)
        )
        window = source.window(first, last)
    except OverflowError:
        raise UsageError(
            "The window would reach beyond the years 1 to 9999.", "Name a shorter one."
        ) from None
    return RunFilter(window, tuple(jobs), tuple(repos), tuple(branches))

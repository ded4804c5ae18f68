"""Window options: parse times and durations, and build the run filter.

Reads the clock and the newest row.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.errors import UsageError
from ci_stat.records import RunFilter, Window
from ci_stat.runs.database import Source

LATEST = "latest"
DEFAULT_SINCE = "24h"

_LENGTH = re.compile(r"(-?)(?=\d)0*(\d*)([mhdw])", re.ASCII)
_DIGITS = 6
_LENGTHS = "Write a number and m, h, d or w: 90m, 24h, 7d, 2w."
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_length(text: str, option: str = "--since") -> timedelta:
    """Parse `90m`, `24h`, `7d` or `2w`. Raises UsageError."""
    match = _length(text)
    if not match:
        raise UsageError(f"{option} {text!r} is not a length of time.", _LENGTHS)
    sign, number, unit = match.groups()
    if sign or not number:
        raise UsageError(f"{option} {text!r} is too short: it must be above 0.", _LENGTHS)
    if len(number) > _DIGITS:
        too_long = f"{option} {text[:40]!r} is too long: its number may have {_DIGITS} digits."
        raise UsageError(too_long, _LENGTHS)
    return timedelta(**{_UNITS[unit]: int(number)})


def _length(text: str) -> re.Match[str] | None:
    """Sign, number without leading zeros, and unit; None for other text."""
    return _LENGTH.fullmatch(text.strip())


def parse_time(text: str, option: str, zone: ZoneInfo, now: datetime | None = None) -> datetime:
    """Parse ISO 8601, `now`, `today` or `yesterday`; aware. `zone` is for times without an offset.

    `now` (aware): by default the clock. Two times of one window need the same one: midnight may lie
    between two looks at the clock. Raises UsageError.
    """
    now = datetime.now(zone) if now is None else now.astimezone(zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    words = {"now": now, "today": midnight, "yesterday": midnight - timedelta(days=1)}
    if text in words:
        return words[text]
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a time.",
            "Write 2021-06-19, 2021-06-19T08:30, 2021-06-19T08:30+08:00, now or today.",
        ) from None
    return time if time.tzinfo else time.replace(tzinfo=zone)


def parse_end(text: str, source: Source, now: datetime | None = None) -> datetime:
    """Parse `latest` or a time, as `parse_time` does; aware. Raises UsageError."""
    zone = source.origin.zone
    if text == LATEST:
        return source.latest_end().replace(tzinfo=zone)
    return parse_time(text, "--end", zone, now)


def before(end: datetime, length: str) -> datetime:
    """Return the time `length` before `end`, in elapsed time, not clock time. Raises UsageError."""
    try:
        return end.astimezone(UTC) - parse_length(length)
    except OverflowError:
        raise UsageError(
            f"--since {length!r} reaches beyond the year 1.", "Use a shorter length."
        ) from None


@contextmanager
def within_calendar() -> Iterator[None]:
    """Turn the overflow of a time into a UsageError."""
    try:
        yield
    except OverflowError:
        raise UsageError(
            "The window reaches beyond the years 1 to 9999.", "Use another window."
        ) from None


def compared_window(source: Source, window: Window, text: str | None, now: datetime) -> Window:
    """Parse `--with`: the window with which `window` is compared. Raises UsageError.

    None is as much time before `window`, a length so much time before it, a time the begin of a
    window of the same length, and BEGIN..END any window.
    """
    begin, dots, end = (text or "").partition("..")
    with within_calendar():
        if dots:
            first = parse_time(begin, "--with", source.origin.zone, now)
            return source.window(first, parse_end(end, source, now))
        if text and not _length(text):
            first = parse_time(text, "--with", source.origin.zone, now)
            return source.window(first, first.astimezone(UTC) + elapsed(window))
        length = parse_length(text, "--with") if text else elapsed(window)
        return source.window(window.begin.astimezone(UTC) - length, window.begin)


def elapsed(window: Window) -> timedelta:
    """The length of a window as time that passed: the clocks may change in it."""
    return window.end.astimezone(UTC) - window.begin.astimezone(UTC)


def run_filter(
    source: Source,
    begin: str | None,
    end: str | None,
    since: str | None,
    jobs: Any,
    repos: Any,
    branches: Any,
    now: datetime | None = None,
) -> RunFilter:
    """Build the filter of the shared window options. `now`: by default the clock.

    Raises UsageError.
    """
    if begin is not None and since is not None:
        raise UsageError(
            "--begin and --since both set the start of the window.", "Use one of them."
        )

    now = now or datetime.now(UTC)
    with within_calendar():
        last = parse_end(end or "now", source, now)
        if begin is None:
            first = before(last, since or DEFAULT_SINCE)
        else:
            first = parse_time(begin, "--begin", source.origin.zone, now)
        window = source.window(first, last)
    return RunFilter(
        window,
        tuple(jobs),
        tuple(repos),
        tuple(branches),
        nightly=source.nightly_jobs(repos),
    )

"""Windows as people write them: `7d`, `14d..7d`, `2026-11-03`, `2026-W45`, `BEGIN..END`. Pure."""

import re
from datetime import UTC, datetime, timedelta

_LENGTH = re.compile(r"(\d{1,6})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_WEEK = re.compile(r"(\d{4})-W(\d{1,2})")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Window = tuple[datetime, datetime]


def parse_window(text: str, newest: datetime) -> Window | None:
    """Return [begin, end), aware; None for other text. Times without an offset are UTC.

    A length counts back from just after `newest`.
    """
    try:
        return _parsed(text.strip(), newest + timedelta(seconds=1))
    except (OverflowError, ValueError):
        return None


def _parsed(text: str, end: datetime) -> Window | None:
    first, dots, last = text.partition("..")
    if dots:
        window = _moment(first, end), _moment(last, end) if last else end
        return window if window[0] < window[1] else None
    if (length := _length(text)) is not None:
        return end - length, end
    if week := _WEEK.fullmatch(text):
        monday = datetime.fromisocalendar(int(week[1]), int(week[2]), 1).replace(tzinfo=UTC)
        return monday, monday + timedelta(weeks=1)
    if _DAY.fullmatch(text):
        day = _moment(text, end)
        return day, day + timedelta(days=1)
    return None


def _moment(text: str, end: datetime) -> datetime:
    """A time, or a length before `end`. Raises ValueError."""
    length = _length(text)
    if length is not None:
        return end - length
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _length(text: str) -> timedelta | None:
    match = _LENGTH.fullmatch(text)
    return int(match[1]) * _UNITS[match[2]] if match and int(match[1]) else None

"""Windows of commands for test results: they need no CI database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ci_stat.cli.work.windows import before, parse_length, parse_time, within_calendar
from ci_stat.errors import UsageError


def parse_end(text: str | None, zone: ZoneInfo) -> datetime:
    """Parse --end; now if it is not given. Aware, UTC. Raises UsageError."""
    return parse_time(text or "now", "--end", zone).astimezone(UTC)


def begin_of(end: datetime, since: str) -> datetime:
    """Return the time --since before `end`, in UTC. Raises UsageError."""
    with within_calendar():
        return before(end, since).astimezone(UTC)


def baseline_length(text: str, end: datetime, window: timedelta) -> timedelta:
    """Parse --baseline. Raises UsageError if it reaches beyond the calendar."""
    length = parse_length(text, "--baseline")
    if length < timedelta(days=1):
        raise UsageError("--baseline must be at least a day.", "Example: --baseline 4w.")
    try:
        _ = end - window - 2 * length - timedelta(days=1)
    except OverflowError:
        raise UsageError(
            f"--baseline {text!r} reaches beyond the year 1.", "Use a shorter length."
        ) from None
    return length

"""The window of time that was asked for, and where an answer came from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ci_stat.errors import UsageError

DEFAULT_ZONE = "Asia/Shanghai"  # the writer's connection uses it since 2020-12-16 (docs/formats.md)


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [begin, end) that was asked for; both ends carry the database's zone."""

    begin: datetime
    end: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, begin: object, end: object, zone: ZoneInfo) -> "Window":
        """A window from what a user passed: naive times are in `zone`, aware ones are converted.

        Raises UsageError for anything that is no time, and for begin >= end.
        """
        first, last = _moment(begin, "begin", zone), _moment(end, "end", zone)
        if _clocks_go_back(first, last):
            raise UsageError(
                f"From begin to end the clocks of {zone.key} are put back, and the table's times have no offset.",
                "Ask for a window that begins before the hour that they show twice, or ends after it.",
            )
        if first >= last:
            swapped = (
                "They look swapped." if first > last else "The window [begin, end) would be empty."
            )
            raise UsageError(
                f"begin ({first:%Y-%m-%d %H:%M:%S}) is not before end ({last:%Y-%m-%d %H:%M:%S}, {zone.key}).",
                f"{swapped} Pass the earlier time first.",
            )
        return cls(first, last, zone)

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    def wall(self) -> tuple[datetime, datetime]:
        """Both ends as the table stores times: naive, in the database's zone."""
        return self.begin.replace(tzinfo=None), self.end.replace(tzinfo=None)

    def __str__(self) -> str:
        return f"[{self.begin:%Y-%m-%d %H:%M:%S}, {self.end:%Y-%m-%d %H:%M:%S}) {self.zone.key}"


def _clocks_go_back(first: datetime, last: datetime) -> bool:
    """Whether `last` comes after `first` by the sun, but not by the clock of their zone."""
    try:
        later = first.astimezone(UTC) < last.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return False
    return later and first.replace(tzinfo=None) >= last.replace(tzinfo=None)


def _moment(value: object, name: str, zone: ZoneInfo) -> datetime:
    if callable(value):
        called = getattr(value, "__name__", "it")
        raise UsageError(
            f"{name} is a function ({called}), not a time.",
            f"Call it: write {called}() instead of {called}.",
        )
    if not isinstance(value, datetime):
        raise UsageError(
            f"{name} is {type(value).__name__} {str(value)[:80]!r}, not a time.",
            "Pass a datetime.datetime, e.g. datetime(2021, 6, 19).",
        )
    if value.tzinfo is None:
        return value.replace(tzinfo=zone)
    return value.astimezone(zone)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where numbers come from, said in every output.

    `rows`: rows of the window that were read or counted; `newest`: the freshest row of the whole table (naive, in
    the window's zone), None for an empty table; `query`: the statement with its parameters; `database`: its URL
    without password; `warnings`: what was wrong with rows, and how often; `logs`: what became of the logs of failed
    runs (a `LogState`), and how often; `rule_set`: the rules they were read by. Both empty where no log was read.
    """

    window: Window
    rows: int
    newest: datetime | None
    database: str
    query: str
    warnings: tuple[tuple[str, int], ...] = ()
    logs: tuple[tuple[str, int], ...] = ()
    rule_set: str = ""

    @property
    def behind(self) -> timedelta | None:
        """How far the newest row lies before the window's end; None if the table reaches the end."""
        if self.newest is None:
            return None
        gap = self.window.wall()[1] - self.newest
        return gap if gap > timedelta(0) else None


@dataclass(frozen=True, slots=True)
class Names:
    """The names that rows are narrowed to; an empty tuple keeps all. Names are exact."""

    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return any((self.jobs, self.repos, self.branches, self.statuses))


ALL_NAMES = Names()


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which rows are meant: a window, and names to keep; an empty tuple keeps all. Names are exact."""

    window: Window
    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    @property
    def names(self) -> Names:
        return Names(self.jobs, self.repos, self.branches, self.statuses)

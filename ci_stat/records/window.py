"""Windows of time, filters of runs, and the provenance of numbers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ci_stat.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [begin, end); both ends have the database's zone."""

    begin: datetime
    end: datetime
    zone: ZoneInfo

    @classmethod
    def of(cls, begin: object, end: object, zone: ZoneInfo) -> "Window":
        """A window from a user's values: naive times are in `zone`, aware ones are converted.

        Raises UsageError for a value that is not a time, for begin >= end, and for a window in
        which the clocks go back.
        """
        first, last = _moment(begin, "begin", zone), _moment(end, "end", zone)
        if _clocks_go_back(first, last):
            raise UsageError(
                f"The clocks of {zone.key} go back between begin and end,"
                " and the table's times have no offset.",
                "Begin the window before the repeated hour, or end it after that hour.",
            )
        if first >= last:
            swapped = (
                "They look swapped." if first > last else "The window [begin, end) would be empty."
            )
            raise UsageError(
                f"begin ({first:%Y-%m-%d %H:%M:%S}) is not before"
                f" end ({last:%Y-%m-%d %H:%M:%S}, {zone.key}).",
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
    """Whether `last` is later than `first`, but not by the wall clock of their zone."""
    try:
        later = first.astimezone(UTC) < last.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return False
    in_two_passes = _first_pass(first) and last.fold == 1 and _is_repeated(last)
    return later and (in_two_passes or first.replace(tzinfo=None) >= last.replace(tzinfo=None))


def _first_pass(moment: datetime) -> bool:
    return moment.fold == 0 and _is_repeated(moment)


def _is_repeated(moment: datetime) -> bool:
    """Whether the wall clock shows this time twice, before and after the clocks go back."""
    first, second = moment.replace(fold=0).utcoffset(), moment.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def _moment(value: object, name: str, zone: ZoneInfo) -> datetime:
    if callable(value):
        called = getattr(value, "__name__", "it")
        raise UsageError(
            f"{name} is a function ({called}), not a time.",
            f"Call it: write {called}() instead of {called}.",
        )
    is_missing = value != value  # pandas' NaT is a datetime
    if is_missing or not isinstance(value, datetime):
        raise UsageError(
            f"{name} is {type(value).__name__} {str(value)[:80]!r}, not a time.",
            "Pass a datetime.datetime, e.g. datetime(2021, 6, 19).",
        )
    if value.tzinfo is None:
        return value.replace(tzinfo=zone)
    return value.astimezone(zone)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where numbers come from; part of every output.

    - `rows`: rows of the window that were read or counted.
    - `newest`: the newest time of the table (naive, in the window's zone); None if it is empty.
    - `database`: its URL without password; `query`: the statement with its parameters.
    - `warnings`: invalid values of rows, by kind.
    - `logs`: logs of failed runs by `LogState`; `rule_set`: the rules they were read by. Both are
      empty if no log was read.
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
        """The time from the newest row to the window's end; None if the table reaches the end."""
        if self.newest is None:
            return None
        gap = self.window.wall()[1] - self.newest
        return gap if gap > timedelta(0) else None


@dataclass(frozen=True, slots=True)
class Names:
    """The exact names that rows must have. An empty tuple accepts all.

    `nightly`: jobs whose runs without a repository count as runs of `repos`.
    """

    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    nightly: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether any name is required."""
        return any((self.jobs, self.repos, self.branches, self.statuses))


ALL_NAMES = Names()


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Selects rows by window and exact names, which are those of `Names`."""

    window: Window
    jobs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    nightly: tuple[str, ...] = ()

    @property
    def names(self) -> Names:
        return Names(self.jobs, self.repos, self.branches, self.statuses, self.nightly)

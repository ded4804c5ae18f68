"""Inputs of a report: the loaded window, its baselines, and the history of its failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ci_stat.records import FailureKey, Names, PeriodCount, Run, Sighting, Window, WindowCount
from ci_stat.reports.model import LateRuns
from ci_stat.result import Result


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The report to make.

    - `made_at`: the present, naive, in the zone of the CI database.
    - `news_since`: failures first seen at or after it are new, naive, before the window; None: at
      or after the begin of the window.
    - `name`: of the report in the settings, or "".
    """

    kind: str
    window: Window
    names: Names
    made_at: datetime
    database: str = ""
    news_since: datetime | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class LoadedWindow:
    """The runs of the window, and how fresh the table is.

    - `newest`: time of the newest row that does not lie in the future; None for an empty table.
    - `oldest`: time of the oldest row; the begin of the window for an empty table.
    - `rows_on_other_days`: rows on each of the days before, in the hours since the newest row;
      empty for a fresh table.
    """

    result: Result
    newest: datetime | None
    oldest: datetime
    rows_on_other_days: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Baseline:
    """Windows to compare with, under one name. A number's baseline is the median over `counts`."""

    name: str
    counts: tuple[WindowCount, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The windows that the window is compared with.

    - `late`: runs of the previous window that finished later than now; None if there are none.
    - `durations`: milliseconds of successful runs of the windows before, by job.
    - `days`: runs of each day of the chart, oldest first.
    """

    baselines: tuple[Baseline, ...] = ()
    late: LateRuns | None = None
    durations: Mapping[str, Sequence[int]] = field(default_factory=dict)
    days: Sequence[PeriodCount] = ()


@dataclass(frozen=True, slots=True)
class KnownFailures:
    """History and issues of the failures of the window.

    - `first_seen`: first sightings; `since`: the begin of the history, None without one.
    - `issues`: links by the key of a case (`case_key`).
    - `earlier`: failed runs shortly before the window, in which an outage may have begun.
    - `missed`: failed runs before the window that no report to a recipient contained.
    """

    first_seen: Mapping[FailureKey, Sighting] = field(default_factory=dict)
    since: datetime | None = None
    issues: Mapping[str, str] = field(default_factory=dict)
    earlier: Sequence[Run] = ()
    missed: Sequence[Run] = ()

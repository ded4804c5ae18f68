"""Decide whether the data is good enough for a report: present, fresh, and not strangely empty."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from ci_stat import __version__
from ci_stat.escape import visible
from ci_stat.rendering.format import clock, span
from ci_stat.reports.inputs import Comparison, LoadedWindow, ReportRequest
from ci_stat.reports.model import DataProblem

# A window is usually empty when more than this share of the windows before are empty.
USUALLY = 0.5
_CHECK_WRITER = (
    "Check the program that fills ci_data: `ci-stat config --check` shows the newest row."
)


def stale_data(
    request: ReportRequest, loaded: LoadedWindow, stale_after: timedelta
) -> DataProblem | None:
    """The problem of an empty table, or of a table that has no new rows; None for a fresh one."""
    if loaded.newest is None:
        message = "The table is empty, or its newest time cannot be read."
        return problem(request, "no data", message, _CHECK_WRITER)

    behind = silence(request, loaded)
    if behind <= stale_after or _mostly_empty(loaded.rows_on_other_days):
        return None

    newest = clock(loaded.newest)
    message = f"No row newer than {newest} ({span(behind)} before the end of the window)."
    return problem(request, "old data", message, _CHECK_WRITER, loaded.newest)


def silence(request: ReportRequest, loaded: LoadedWindow) -> timedelta:
    """How long before the end of the window, or before now, the newest row is."""
    if loaded.newest is None:
        return timedelta.max
    _, end = request.window.wall()
    return min(end, request.made_at) - loaded.newest


def unusually_empty(
    request: ReportRequest, loaded: LoadedWindow, comparison: Comparison
) -> DataProblem | None:
    """The problem of an empty window, if most of the windows before it are not empty."""
    usual = comparison.baselines[-1].counts if comparison.baselines else ()
    if loaded.result.all_runs or _mostly_empty([count.tally.total for count in usual]):
        return None

    newest = loaded.result.provenance.newest
    message = f"No runs in this window; the newest row is from {clock(newest)}."
    return problem(request, "no data", message, _CHECK_WRITER, newest)


def _mostly_empty(rows: Sequence[int]) -> bool:
    empty = rows.count(0)
    return empty > USUALLY * len(rows)


def problem(
    request: ReportRequest,
    cause: str,
    message: str,
    hint: str,
    newest: datetime | None = None,
) -> DataProblem:
    """A report about a data problem, in place of the usual one."""
    return DataProblem(
        kind=request.kind,
        window=request.window,
        made_at=request.made_at,
        cause=cause,
        message=visible(message),
        hint=visible(hint),
        newest=newest,
        database=request.database,
        names=request.names,
        name=request.name,
        version=__version__,
    )

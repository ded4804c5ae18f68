"""`ci-stat compare`: build both filters, compare, print the table or JSON."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests_hint import points_to_tests
from ci_stat.errors import CannotTell, UsageError
from ci_stat.escape import visible
from ci_stat.records import RunFilter
from ci_stat.result.comparing import Comparison
from ci_stat.runs.comparing.data import comparison_data
from ci_stat.runs.comparing.service import Comparer
from ci_stat.runs.comparing.tables import comparison_table
from ci_stat.runs.database import Source
from ci_stat.runs.empty_window import empty_reasons
from ci_stat.runs.progress_bar import counting

_GAP = timedelta(hours=1)  # a quiet hour at the begin of a window is no lack of data


@points_to_tests("`ci-stat tests compare`")
def compare(
    baseline: str | None,
    other_branches: Sequence[str],
    limit: int,
    everything: bool,
    as_json: bool,
    color: str,
    **window: Any,
) -> None:
    context = opening.opened()
    source = context.source
    time = datetime.now(UTC)
    now = windows.run_filter(source, **window, now=time)
    before = _other_side(source, now, baseline, tuple(other_branches), time)

    comparer = Comparer(source, context.existing_extractions())
    with counting("Reading failed runs") as progress:
        comparison = comparer.compare(now, before, progress)
    _explain_empty(source, comparison, now, before)

    data = comparison_data(comparison, limit)
    if begin := _late_begin(source, before):
        data["data_begins"] = begin.isoformat()
        click.echo(
            f"ci-stat: the data begins at {begin:%Y-%m-%d %H:%M:%S}, in the window to compare "
            "with: what is new may be older",
            err=True,
        )
    table = comparison_table(comparison, limit, everything)
    output.print_either(data, table, as_json, color)
    if comparison.is_empty:
        raise CannotTell(
            "One of the windows has no finished run, so nothing can be compared.",
            "Compare with another window: --with 2w, --with BEGIN..END.",
        )


def _explain_empty(
    source: Source, comparison: Comparison, now: RunFilter, before: RunFilter
) -> None:
    """Print to stderr why a window may contain no runs; once, if both have the same reason."""
    sides = ((now, comparison.now), (before, comparison.before))
    reasons = [empty_reasons(source, filter, side.provenance) for filter, side in sides]
    for reason in dict.fromkeys([*reasons[0], *reasons[1]]):
        click.echo(f"ci-stat: {visible(reason)}", err=True)


def _late_begin(source: Source, before: RunFilter) -> datetime | None:
    """The time of the oldest row, if it lies in the window; aware."""
    oldest = source.oldest()
    begin, end = before.window.wall()
    if oldest is None or not begin + _GAP < oldest < end:
        return None
    return oldest.replace(tzinfo=before.window.zone)


def _other_side(
    source: Source,
    now: RunFilter,
    baseline: str | None,
    branches: tuple[str, ...],
    time: datetime,
) -> RunFilter:
    """The other side. `time`: when this comparison is made.

    Raises UsageError if it shares runs with the first one.
    """
    if branches and not now.branches:
        raise UsageError(
            "--with-branch needs a branch to compare.", "Add --branch NAME for the first side."
        )
    if branches and baseline is None:
        before = replace(now, branches=branches)
    else:
        window = windows.compared_window(source, now.window, baseline, time)
        before = replace(now, window=window, branches=branches or now.branches)

    overlap = before.window.begin < now.window.end and now.window.begin < before.window.end
    shared = set(before.branches) & set(now.branches) or not now.branches
    if overlap and shared:
        raise UsageError(
            f"Both windows contain the same runs: {now.window} and {before.window} overlap.",
            "Choose --with so that one ends before the other begins.",
        )
    return before

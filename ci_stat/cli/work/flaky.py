"""`ci-stat flaky`: find what is flaky, print the table or JSON."""

from typing import Any

from ci_stat.cli.work import opening, output, windows
from ci_stat.errors import CannotTell
from ci_stat.rendering.format import filters
from ci_stat.runs.flaky.data import flaky_data
from ci_stat.runs.flaky.service import FlakyFinder
from ci_stat.runs.flaky.tables import flaky_table
from ci_stat.runs.progress_bar import counting


def flaky(limit: int, as_json: bool, color: str, **window: Any) -> None:
    context = opening.opened()
    source = context.source
    filter = windows.run_filter(source, **window)
    finder = FlakyFinder(source, context.existing_extractions())
    with counting("Reading failed runs") as progress:
        flakiness = finder.find(filter, progress)
    opening.explain_empty(source, filter, flakiness.provenance)

    table = flaky_table(flakiness, limit, filters(filter.names))
    output.print_either(flaky_data(flakiness, limit), table, as_json, color)
    if flakiness.is_unknown:
        raise CannotTell(
            "No job ran twice on one commit in this window, so nothing can be told.",
            "Use a longer window, e.g. --since 4w.",
        )

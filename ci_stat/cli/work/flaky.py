"""`ci-stat flaky`: find what is flaky, in runs and logs, then in test results; print both."""

from datetime import UTC
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests.window import Asked, asked_window
from ci_stat.context import Context
from ci_stat.errors import CannotTell
from ci_stat.rendering.format import filters
from ci_stat.runs.flaky.data import flaky_data
from ci_stat.runs.flaky.service import FlakyFinder
from ci_stat.runs.flaky.tables import flaky_table
from ci_stat.runs.progress_bar import counting
from ci_stat.store.results.read import RunFilter

if TYPE_CHECKING:
    from ci_stat.cli.work.tests.flaky_section import TestsSection


def flaky(limit: int, as_json: bool, color: str, **window: Any) -> None:
    context = opening.opened()
    if not context.has_ci_data:
        tests = _flaky_tests(context, asked_window(context, "24h", **window, labels=()))
        if tests is not None:
            _print_tests(tests, limit, as_json, color)
            return

    source = context.source
    filter = windows.run_filter(source, **window)
    finder = FlakyFinder(source, context.existing_extractions())
    with counting("Reading failed runs") as progress:
        flakiness = finder.find(filter, progress)
    opening.explain_empty(source, filter, flakiness.provenance)

    begin, end = (time.astimezone(UTC) for time in (filter.window.begin, filter.window.end))
    names = RunFilter(filter.jobs, filter.repos, filter.branches)
    tests = _flaky_tests(context, Asked(begin, end, names))
    table: RenderableType = flaky_table(flakiness, limit, filters(filter.names))
    data = flaky_data(flakiness, limit) | {"tests": tests.data(limit) if tests else None}
    if tests:
        table = Group(table, "", tests.table(limit))
    output.print_either(data, table, as_json, color)
    if flakiness.is_unknown and (tests is None or tests.is_unknown):
        raise CannotTell(
            "No job ran twice on one commit in this window, so flakiness is unknown.",
            "Use a longer window, e.g. --since 4w.",
        )


def _flaky_tests(context: Context, asked: Asked) -> "TestsSection | None":
    """Return what is flaky by test results; None without a results database, or without runs."""
    engine = context.existing_results
    if engine is None:
        return None

    from ci_stat.cli.work.tests.flaky_section import tests_section  # test_results

    return tests_section(engine, asked, context.settings.results.default_branch)


def _print_tests(tests: "TestsSection", limit: int, as_json: bool, color: str) -> None:
    """Print what test results say: there is no CI database."""
    output.print_either({"tests": tests.data(limit)}, tests.table(limit), as_json, color)
    if tests.is_unknown:
        raise CannotTell(
            "No commit ran twice in this window, and no test was retried.",
            "Use a longer window, e.g. --since 4w.",
        )

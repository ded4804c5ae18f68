"""`ci-stat tests runs`: list the imported runs."""

from typing import Any

from ci_stat.cli.work import opening
from ci_stat.cli.work.tests.tables import print_form
from ci_stat.cli.work.tests.window import asked_window
from ci_stat.test_results.listings.runs import list_runs
from ci_stat.test_results.listings.runs_views import runs_data, runs_document, runs_rows


def runs(limit: int, form: str | None, color: str, **window: Any) -> None:
    context = opening.opened()
    asked = asked_window(context, "7d", **window)
    listing = list_runs(context.results, asked.begin, asked.end, asked.filter, limit)
    print_form(
        form,
        color,
        lambda: runs_data(listing),
        lambda: runs_rows(listing),
        lambda: runs_document(listing),
    )

"""`ci-stat tests slow`: find the slowest tests, print the table, JSON or CSV."""

from typing import Any

import click

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.window import asked_window
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.views.data import to_csv
from ci_stat.test_results.flakiness.gather import gather, require_runs
from ci_stat.test_results.listings.data import slow_data, slow_rows
from ci_stat.test_results.listings.document import slow_document
from ci_stat.test_results.listings.slow import find_slow


def slow(sort: str, limit: int, form: str | None, color: str, **window: Any) -> None:
    context = opening.opened()
    asked = asked_window(context, "7d", **window)
    engine = context.results
    gathered = gather(engine, asked.begin, asked.end, asked.filter)
    require_runs(engine, gathered)
    listing = find_slow(engine, gathered, sort, limit)
    if form == "csv":
        click.echo(to_csv(slow_rows(listing)), nl=False)
    else:
        document = on_terminal(slow_document(listing, sort))
        output.print_either(slow_data(listing), document, form == "json", color)

"""`ci-stat tests new`: find new and gone tests, print the document, JSON or CSV."""

from typing import Any

import click

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.window import asked_window
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.views.data import to_csv
from ci_stat.store.results.read import EVERY_RUN
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.flakiness.gather import gather, require_runs
from ci_stat.test_results.listings.data import new_data, new_rows
from ci_stat.test_results.listings.document import new_document
from ci_stat.test_results.listings.new import find_new


def new(gone: bool, limit: int, form: str | None, color: str, **window: Any) -> None:
    context = opening.opened()
    asked = asked_window(context, "7d", **window)
    engine = context.results
    wanted = gather(engine, asked.begin, asked.end, asked.filter)
    require_runs(engine, wanted)
    is_every = asked.filter == EVERY_RUN
    all_runs = wanted if is_every else gather(engine, asked.begin, asked.end)
    setting = context.settings.results.default_branch
    branch = default_branch(wanted.branch_counts, asked.filter.branches, setting)
    listing = find_new(engine, all_runs, wanted, branch, gone)
    if form == "csv":
        click.echo(to_csv(new_rows(listing, limit)), nl=False)
    else:
        document = on_terminal(new_document(listing, limit))
        output.print_either(new_data(listing, limit), document, form == "json", color)

"""`ci-stat tests flaky`: find flaky tests, print the document, JSON or CSV."""

from typing import Any

import click

from ci_stat.cli.work import opening, output
from ci_stat.cli.work.tests.window import asked_window
from ci_stat.errors import CannotTell
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.views.data import to_csv
from ci_stat.test_results.flakiness.branches import default_branch
from ci_stat.test_results.flakiness.data import flaky_data, flaky_rows
from ci_stat.test_results.flakiness.document import flaky_document
from ci_stat.test_results.flakiness.gather import gather, require_runs
from ci_stat.test_results.flakiness.service import judge
from ci_stat.test_results.flakiness.words import left_out_words


def flaky(limit: int, form: str | None, color: str, **window: Any) -> None:
    context = opening.opened()
    asked = asked_window(context, "30d", **window)
    engine = context.results
    gathered = gather(engine, asked.begin, asked.end, asked.filter)
    require_runs(engine, gathered)
    setting = context.settings.results.default_branch
    branch = default_branch(gathered.branch_counts, asked.filter.branches, setting)
    flaky_tests = judge(engine, gathered, branch)

    if form == "csv":
        click.echo(to_csv(flaky_rows(flaky_tests, limit)), nl=False)
        click.echo(f"ci-stat: {left_out_words(flaky_tests.left_out)}", err=True)
    else:
        document = on_terminal(flaky_document(flaky_tests, limit))
        output.print_either(flaky_data(flaky_tests, limit), document, form == "json", color)
    if flaky_tests.is_unknown:
        raise CannotTell(
            "No commit ran twice, no test was retried, and the default branch has fewer than"
            " 10 runs that count.",
            "Use a longer window, e.g. --since 90d, or import more runs.",
        )

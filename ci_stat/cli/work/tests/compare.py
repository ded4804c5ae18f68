"""`ci-stat tests compare`: compare two sides, and print what changed."""

from collections.abc import Sequence

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.cli.work.tests.labels import labels_of
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.runs.views.data import to_csv
from ci_stat.test_results.comparing.model import Comparison
from ci_stat.test_results.comparing.service import Comparer
from ci_stat.test_results.comparing.sides import Limits
from ci_stat.test_results.views.compare_data import change_rows, comparison_data, counts
from ci_stat.test_results.views.compare_document import compare_document


def compare(
    before: str,
    now: str,
    jobs: Sequence[str],
    branches: Sequence[str],
    labels: Sequence[str],
    since: str,
    limit: int,
    form: str | None,
    color: str,
) -> None:
    length = windows.parse_length(since)
    limits = Limits(tuple(jobs), labels_of(labels), length, tuple(branches))
    comparison = Comparer(opening.opened().results).compare(before, now, limits)
    if form == "json":
        output.print_json(comparison_data(comparison, limit))
    elif form == "csv":
        _print_csv(comparison, limit)
    else:
        output.print_table(on_terminal(compare_document(comparison, limit)), color)


def _print_csv(comparison: Comparison, limit: int) -> None:
    """Print rows, and to stderr what CSV has no place for."""
    click.echo(to_csv(change_rows(comparison, limit)), nl=False)
    numbers = counts(comparison)
    numbers.pop("new_failing")
    for name, number in numbers.items():
        if number > limit:
            words = name.replace("_", " ")
            click.echo(f"ci-stat: {limit:,} of {number:,} {words} tests (--limit)", err=True)

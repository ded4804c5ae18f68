"""Print a document, JSON or CSV."""

from collections.abc import Callable, Sequence
from typing import Any

import click

from ci_stat.cli.work import output
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Document
from ci_stat.runs.views.data import to_csv


def print_form(
    form: str | None,
    color: str,
    data: Callable[[], Any],
    rows: Callable[[], Sequence[dict[str, Any]]],
    document: Callable[[], Document],
) -> None:
    """`form`: "json", "csv", or None for the terminal."""
    if form == "json":
        output.print_json(data())
    elif form == "csv":
        click.echo(to_csv(rows()), nl=False)
    else:
        output.print_table(on_terminal(document()), color)

"""`ci-stat config`: show the effective settings and their sources."""

from dataclasses import asdict

import click
from rich import box
from rich.table import Table
from rich.text import Text

from ci_stat.cli.work import output
from ci_stat.config import PATH_VARIABLE, Settings, load
from ci_stat.escape import visible

_COLUMNS = ("setting", "value", "from", "what it is for")


def config(check: bool, as_json: bool) -> None:
    settings = load()
    output.warn(settings)

    if as_json:
        output.print_json([asdict(row) for row in settings.shown()])
    else:
        _print_table(settings)

    if check:
        from ci_stat.cli.work.check import check_connections  # SQLAlchemy

        check_connections(settings)


def _print_table(settings: Settings) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for row in settings.shown():
        style = "dim" if row.source == "not set" else ""
        table.add_row(
            Text(row.key, "bold"),
            Text(visible(row.value)),
            Text(visible(row.source)),
            Text(row.purpose),
            style=style,
        )
    output.print_table(table, "auto")

    file = settings.file or f"none ({PATH_VARIABLE} is not set)"
    click.echo(f"settings file: {visible(file)}")

"""`ci-stat config` and `ci-stat completion`."""

import json
import sys
from dataclasses import asdict
from typing import Any

import click
from click.shell_completion import get_completion_class
from rich import box
from rich.table import Table
from rich.text import Text

from ci_stat.cli import cli
from ci_stat.cli.work import output
from ci_stat.config import PATH_VARIABLE, Settings, load
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.rendering.terminal import screen


def config(check: bool, as_json: bool) -> None:
    """`ci-stat config`: the settings in force, and where each value came from."""
    settings = load()
    output.warn(settings)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in settings.shown()], indent=2))
    else:
        _table(settings)
    if check:
        from ci_stat.cli.work.check import check_connections  # SQLAlchemy

        check_connections(settings)


def _table(settings: Settings) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("setting", "value", "from", "what it is for"):
        table.add_column(name, overflow="fold")
    for row in settings.shown():
        cells = (Text(visible(row.value)), Text(visible(row.source)), Text(row.purpose))
        style = "dim" if row.source == "not set" else ""
        table.add_row(Text(row.key, "bold"), *cells, style=style)
    screen.show(table, sys.stdout, output.colored("auto"))
    file = settings.file or f"none ({PATH_VARIABLE} is not set)"
    click.echo(f"settings file: {visible(file)}")


def completion(shell: str) -> None:
    """`ci-stat completion`: the completion script of a shell."""
    found: Any = get_completion_class(shell)
    if found is None:
        raise SettingsError(f"No completion for {shell}.")
    click.echo(found(cli, {}, "ci-stat", "_CI_STAT_COMPLETE").source())

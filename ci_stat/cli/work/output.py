"""Output that commands share: tables, JSON, colours, warnings about settings."""

import json
import os
import sys
from typing import Any

import click
from rich.console import RenderableType

from ci_stat.config import Settings, warn_once
from ci_stat.errors import CiStatError
from ci_stat.escape import visible, visible_lines
from ci_stat.rendering.terminal import screen


def print_json(data: Any) -> None:
    """Print `data` as ASCII JSON: characters that control a terminal stay escaped."""
    click.echo(json.dumps(data, indent=2))


def print_table(table: RenderableType, color: str) -> None:
    screen.show(table, sys.stdout, colored(color))
    sys.stdout.flush()  # an error that follows on stderr comes after it on a terminal


def print_either(data: Any, table: RenderableType, as_json: bool, color: str) -> None:
    """Print `data` as JSON, or the table that shows it."""
    if as_json:
        print_json(data)
    else:
        print_table(table, color)


def colored(choice: str) -> bool:
    """Return whether to colour standard output. An explicit `choice` overrides NO_COLOR."""
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def print_check(
    name: str, says: str, error: CiStatError | None, warning: str, err: bool = False
) -> None:
    """Print the result of a check; failures and warnings to stderr, with `err` all."""
    if error:
        click.echo(f"{name}: FAILED: {visible_lines(error)}", err=True)
    else:
        click.echo(f"{name}: {visible(says)}", err=err)
    if warning:
        click.echo(f"ci-stat: warning: {visible(warning)}", err=True)


def warn(settings: Settings) -> None:
    """Print the warnings about the settings to stderr, each once per process."""
    warn_once(settings, lambda warning: click.echo(f"ci-stat: warning: {warning}", err=True))

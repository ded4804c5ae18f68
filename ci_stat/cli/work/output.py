"""Output that commands share: tables, JSON, colours, warnings about settings."""

import json
import os
import sys
from typing import Any

import click
from rich.console import RenderableType

from ci_stat.config import Settings
from ci_stat.escape import visible
from ci_stat.rendering.terminal import screen


def print_json(data: Any) -> None:
    """Print `data` as ASCII JSON: characters that control a terminal stay escaped."""
    click.echo(json.dumps(data, indent=2))


def print_table(table: RenderableType, color: str) -> None:
    screen.show(table, sys.stdout, colored(color))


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


def warn(settings: Settings) -> None:
    """Print the warnings about unknown settings to stderr."""
    for warning in settings.warnings:
        click.echo(f"ci-stat: warning: {visible(warning)}", err=True)

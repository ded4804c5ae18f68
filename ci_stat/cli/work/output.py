"""What all commands print in the same way."""

import os
import sys

import click

from ci_stat.config import Settings
from ci_stat.escape import visible


def colored(choice: str) -> bool:
    """Whether to colour standard output; the command line is stronger than NO_COLOR."""
    if choice == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return choice == "always"


def warn(settings: Settings) -> None:
    for warning in settings.warnings:
        click.echo(f"ci-stat: warning: {visible(warning)}", err=True)

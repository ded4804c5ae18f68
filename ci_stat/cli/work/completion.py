"""`ci-stat completion`: print the completion script of a shell.

It has its own module because it needs no library that prints tables.
"""

import click
from click.shell_completion import get_completion_class

from ci_stat.cli import cli


def completion(shell: str) -> None:
    script_class = get_completion_class(shell)
    assert script_class is not None, "click knows every shell that the argument accepts"
    click.echo(script_class(cli, {}, "ci-stat", "_CI_STAT_COMPLETE").source())

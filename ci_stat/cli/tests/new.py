"""`ci-stat tests new`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import window_options

EPILOG = """\b
Examples:
  ci-stat tests new                              of the last 7 days
  ci-stat tests new --since 30d --gone           also tests that no longer run
  ci-stat tests new --job unit --json
"""


@click.command(epilog=EPILOG)
@window_options("7d")
@click.option("--gone", is_flag=True, help="List tests that no longer run, too.")
@options.limit_option
@options.format_options
@options.work("tests.new")
def new(**_: object) -> None:
    """List tests that first ran in the window, with their first run and their outcomes so far.

    A test is new if no run before the window had it, of any job. The tests of the first run of a
    job and label set are not new: nothing is known before it. A test is gone if runs on the
    default branch had it, and the newest run of no job has it.
    """

"""`ci-stat tests slow`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import window_options

EPILOG = """\b
Examples:
  ci-stat tests slow                             of the last 7 days, by median
  ci-stat tests slow --sort total --job unit     what takes most of the suite's time
  ci-stat tests slow --json | jq '.tests[0]'
"""


@click.command(epilog=EPILOG)
@window_options("7d")
@click.option(
    "--sort",
    type=click.Choice(["p50", "p95", "total"]),
    default="p50",
    show_default=True,
    help="What comes first: median, 95th percentile, or total time.",
)
@options.limit_option
@options.format_options
@options.work("tests.slow")
def slow(**_: object) -> None:
    """List the slowest tests: median, 95th percentile, total time, and share of the suite.

    The time of a test in a run is that of all its attempts. Skipped tests and results without a
    time do not count, nor do runs that were aborted, in which many tests failed at once, or that
    were in an outage.
    """

"""`ci-stat tests trends`: its arguments and help text."""

import click

from ci_stat.cli import options


@click.command()
@click.option(
    "--since",
    metavar="LENGTH",
    default="90d",
    show_default=True,
    help="Length of the window up to its end: 7d, 4w, 90d.",
)
@options.end_option
@click.option(
    "--by",
    "period",
    type=click.Choice(["day", "week"]),
    help="One point for each day or week (UTC). [day up to 60 days, else week]",
)
@options.job_option
@options.default_branch_option
@options.label_option
@options.limit_option
@options.format_options
@options.work("tests.trends")
def trends() -> None:
    """Show how each job develops: pass rate, flaky tests, number of tests, duration.

    Each job has a line of marks for each of them, with the first, the last, the lowest and the
    highest value. --json and --csv have all numbers. Days are those of UTC, and count as a whole.
    Pruned runs count too. Without --branch, runs of other branches, such as those of pull requests,
    do not count.

    \b
    Examples:
      ci-stat tests trends
      ci-stat tests trends --since 30d --job unit
      ci-stat tests trends --since 1w --by day --csv > trends.csv

    \b
    Exit codes: 12 if no run is in the window.
    """

"""`ci-stat tests regressions`: its arguments and help text."""

import click

from ci_stat.cli import options


@click.command()
@click.option(
    "--since",
    metavar="LENGTH",
    default="7d",
    show_default=True,
    help="Length of the window that is judged, up to its end: 24h, 7d, 2w.",
)
@click.option(
    "--baseline",
    metavar="LENGTH",
    default="4w",
    show_default=True,
    help="Length of the time before it, with which it is compared.",
)
@options.end_option
@options.job_option
@options.default_branch_option
@options.label_option
@options.limit_option
@options.format_options
@options.work("tests.regressions")
def regressions() -> None:
    """Show tests that fail more often than before, since when, and tests that became slower.

    Compares the window with the weeks before it. A test has regressed if it failed at least 3
    times, its pass rate fell by more than 5 points, and that is no chance (Fisher's test at 5 %,
    corrected for the number of tests). It stays in the list until it recovers. A new test is judged
    from 6 runs on. Each job, branch and set of labels is judged by itself; runs of pull requests do
    not count.

    The time of a change is an interval: with 99 % certainty the test began to fail after the first
    and at the latest in the second of two runs. Durations are compared run by run, and changes from
    5 % (and 0.05 s) on are shown.

    \b
    Examples:
      ci-stat tests regressions
      ci-stat tests regressions --since 2d --baseline 2w --job unit
      ci-stat tests regressions --branch release-5.1 --label db=tidb
      ci-stat tests regressions --json | jq '.regressions[0].change'

    \b
    Exit codes: 12 if no run of the window counts.
    """

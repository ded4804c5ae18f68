"""`ci-stat tests flaky`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import window_options

EPILOG = """\b
Examples:
  ci-stat tests flaky                            of the last 30 days
  ci-stat tests flaky --since 2w --job unit --label db=tidb
  ci-stat tests flaky --json | jq '.proven.rows[].name'
  ci-stat tests flaky --csv --limit 100000 > flaky.csv

\b
Exit codes: 12 if there is no run, or too few for any answer.
"""


@click.command(epilog=EPILOG)
@window_options("30d")
@options.limit_option
@options.format_options
@options.work("tests.flaky")
def flaky(**_: object) -> None:
    """List tests that are proven flaky, and failure rates on the default branch.

    A test is proven flaky if it passed and failed on one commit, in one job and with the same
    labels, or if a retry within one run passed. Its failure rate is a second fact: failed of
    finished runs on the default branch, which is that of --branch, of the setting default_branch,
    or the one with most runs outside of pull requests.

    Neither counts runs that were aborted, runs in which many tests failed at once, outages, and
    tests that failed four times in a row. The output says how many these are.
    """

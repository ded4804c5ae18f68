"""`ci-stat tests runs`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import window_options

EPILOG = """\b
Examples:
  ci-stat tests runs                             of the last 7 days, newest first
  ci-stat tests runs --job unit --branch main --since 30d
  ci-stat tests runs --label db=tidb --csv
  ci-stat tests runs --json | jq '.runs[].id'
"""


@click.command(epilog=EPILOG)
@window_options("7d")
@options.limit_option
@options.format_options
@options.work("tests.runs")
def runs(**_: object) -> None:
    """List the imported runs, newest first, with their counts of tests.

    A run of a CI is shown as JOB#NUMBER, or JOB#NUMBER.ATTEMPT from the second attempt on. A run
    without a number is shown as JOB id:ID, with its id in this results database. `ci-stat tests
    compare` accepts JOB#NUMBER and id:ID; `ci-stat gate --run` and `ci-stat publish --run` accept
    NUMBER and id:ID. A narrow terminal omits the widest columns; --csv and --json have all.

    Tests are counted by their last outcome. Failed tests include those with errors; flaky tests
    passed after a failure. Runs whose results were pruned are not listed.
    """

"""`ci-stat tests compare`: its arguments and help text."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests compare unit#41 unit#42          two runs of a job
  ci-stat tests compare 1f3a9c2 8d0e7b1          all runs of two commits
  ci-stat tests compare main my-branch           the runs of two branches
  ci-stat tests compare 14d..7d 7d --job unit    the week before with this week
  ci-stat tests compare 2026-W44 2026-W45 --csv
"""


@click.command(epilog=EPILOG)
@click.argument("before", metavar="A")
@click.argument("now", metavar="B")
@options.job_option
@click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="NAME",
    help="Only runs on this branch; can be repeated.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only runs with this label, such as an entry of a matrix; can be repeated.",
)
@click.option(
    "--since",
    metavar="LENGTH",
    default="14d",
    show_default=True,
    help="How far back runs of a branch count, from its newest run.",
)
@options.limit_option
@options.format_options
@options.work("tests.compare")
def compare() -> None:
    """Compare the tests of B with those of A: what broke, what is fixed, new, gone, or slower.

    A and B are runs (JOB#NUMBER, JOB#NUMBER.ATTEMPT, or an id of the JSON output), commits or their
    first 4 characters or more, branches, or windows up to the newest run (7d, 14d..7d), days
    (2026-11-03), weeks (2026-W45) or BEGIN..END. If a name has several meanings, write run:NAME,
    id:NAME, commit:NAME, branch:NAME or window:NAME.

    Of several runs, the newest result of each test in each job and set of labels counts. Jobs that
    only one side has are named, and not compared. A test that passed and failed on one commit is
    flaky: it is listed separately, unless it failed 4 times in a row. Durations are judged by a
    statistical test over all tests at once, and must differ by 20 % and 0.1 seconds; if A has few
    runs, those before it are read too.
    """

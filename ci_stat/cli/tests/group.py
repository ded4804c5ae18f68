"""`ci-stat tests`: the newest run, and the group of its subcommands."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests import build/test-results        import the result files below a folder
  ci-stat tests import 'out/**/*.xml' --job unit --run 7
  go test -json ./... | ci-stat tests import -
  ci-stat tests                                  the newest run: what failed, and since when
  ci-stat tests --package com.acme.cart          the failed tests of one package
  ci-stat tests --job unit --json
  ci-stat tests runs                             the imported runs, newest first
  ci-stat tests flaky                            what passed and failed on one commit
  ci-stat tests regressions                      what fails more often than before, and since when
  ci-stat tests trends                           pass rate, flaky tests and duration of each job
"""


@click.group(cls=options.Group, epilog=EPILOG, invoke_without_command=True)
@click.option("--job", metavar="NAME", help="The newest run of this job. [of any job]")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only runs with this label, such as an entry of a matrix; can be repeated.",
)
@click.option("--branch", metavar="NAME", help="The newest run on this branch. [on any branch]")
@click.option("--package", metavar="NAME", help="List only failed tests of this package.")
@options.limit_option
@options.json_option
@options.color_option
@click.pass_context
def tests(command: click.Context, /, **arguments: object) -> None:
    """Import results of tests, and show what fails and since when.

    Without a subcommand: the newest run with its counts, the failed tests with their age in runs
    and days, and whether they are new or known to be flaky. A test is known to be flaky if it
    passed and failed on the same commit. If more tests fail than are listed, their packages (class,
    file or suite) come first, with counts; --package opens one.
    """
    if command.invoked_subcommand is None:
        from ci_stat.cli.work.tests import newest as work

        work.tests(**arguments)  # type: ignore[arg-type]

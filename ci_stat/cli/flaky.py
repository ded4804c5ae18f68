"""`ci-stat flaky`: its arguments and help text."""

import click

from ci_stat.cli import options


@click.command()
@options.window_options
@options.limit_option
@options.json_option
@options.color_option
@options.work("flaky")
def flaky(**_: object) -> None:
    """List what passed and failed on one commit: flaky tests, machines, jobs, the surest first.

    A failure is flaky if it broke a run of a job, and another run of this job passed on the same
    commit. Failures of machines and services are listed separately, and outages are not counted as
    flaky tests. Counts have a 95 % interval; they are lower bounds, as most commits ran once.

    The database counts; ci-stat loads no window. Failures are those of build logs that were read
    before (ci-stat failures reads them), else those of the table. If there are test results
    (ci-stat tests import), a section says which tests they prove to be flaky; ci-stat tests flaky
    has labels and CSV. Without a CI database, they alone answer.

    \b
    Examples:
      ci-stat flaky --since 2w
      ci-stat flaky --since 7d --job tidb_ghpr_unit_test
      ci-stat flaky --since 2w --json | jq '.cases.rows[0]'

    \b
    Exit codes: 12 if no job ran twice on one commit.
    """


COMMANDS = {"flaky": flaky}

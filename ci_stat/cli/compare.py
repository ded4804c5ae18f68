"""`ci-stat compare`: its arguments and help text."""

import click

from ci_stat.cli import options


@click.command()
@options.window_options
@click.option(
    "--with",
    "baseline",
    metavar="WINDOW",
    help="Compare with this window: a length up to the begin of the window (4w), the begin of a"
    " window of the same length (2021-06-12), or BEGIN..END. [as much time before it]",
)
@click.option(
    "--with-branch",
    "other_branches",
    multiple=True,
    metavar="NAME",
    help="Compare with this branch, in the same window unless --with is given; can be repeated.",
)
@options.limit_option
@click.option("--all", "everything", is_flag=True, help="Also show all changes that may be chance.")
@options.json_option
@options.color_option
@options.work("compare")
def compare(**_: object) -> None:
    """Compare a window with the time before it: what fails more, what fails less, what is slower.

    Shows failures that are new, gone, worse or better, jobs that fail more or less often, and jobs
    that became slower or faster: the largest change first. Each rate has its counts and its 95 %
    interval. What may be chance is marked: of the changes that are not, about 1 in 10 is expected
    to be chance, however many are compared.

    The database counts; ci-stat loads no window. Failures are those of build logs that were read
    before (ci-stat failures reads them), else those of the table.

    \b
    Examples:
      ci-stat compare --since 7d                             this week with the week before
      ci-stat compare --since 1d --with 4w                   the last day with the four weeks before
      ci-stat compare --begin 2021-06-19 --end 2021-06-20 --with 2021-06-12
      ci-stat compare --since 7d --branch release-5.1 --with-branch master

    \b
    Exit codes: 12 if one of the windows has no finished run.
    """


COMMANDS = {"compare": compare}

"""`ci-stat summary`, `jobs`, `prs` and `failures`: their arguments and help texts."""

import click

from ci_stat.cli import options


@click.command()
@options.window_options
@options.format_options
@options.work("show")
def summary() -> None:
    """Show counts and rates of a window, for pull requests and nightly runs, over time.

    The database counts; ci-stat loads no rows, even for a large window.

    \b
    Examples:
      ci-stat summary                               the last 24 hours
      ci-stat summary --since 2w --end latest       two weeks up to the newest row
      ci-stat summary --begin 2021-06-19 --end 2021-06-21 --repo pingcap/tidb
    """


@click.command()
@options.window_options
@options.limit_option
@options.format_options
@options.work("show")
def jobs() -> None:
    """List jobs, most failures first.

    \b
    Examples:
      ci-stat jobs --since 7d
      ci-stat jobs --since 24h --branch master --csv > jobs.csv
    """


@click.command()
@options.window_options
@options.limit_option
@options.format_options
@options.work("show")
def prs() -> None:
    """List pull requests, most failures first.

    \b
    Examples:
      ci-stat prs --since 24h
      ci-stat prs --since 7d --job tidb_ghpr_unit_test --limit 5 --json
    """


@click.command()
@options.window_options
@options.limit_option
@options.format_options
@click.option("--no-logs", is_flag=True, help="Do not read build logs; use only the table.")
@options.work("show")
def failures() -> None:
    """List failures, most broken runs first, with these runs and their pull requests.

    The failures come from the failed runs and, if log_dir or jenkins_url is set, from their build
    logs. Each log is read once. The table alone gives a lower bound: since 2021 it contains only
    one case per run.

    \b
    Examples:
      ci-stat failures --since 7d
      ci-stat failures --since 24h --job tidb-unit-test-nightly
    """


COMMANDS = {"summary": summary, "jobs": jobs, "prs": prs, "failures": failures}

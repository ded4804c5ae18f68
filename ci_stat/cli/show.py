"""`ci-stat summary`, `jobs`, `prs`, `failures`: counted in the database, shown as tables, JSON or CSV."""

import click

from ci_stat.cli import options


@click.command()
@options.window_options
@options.format_options
@options.work("show")
def summary() -> None:
    """Show counts and rates of a window, for pull requests and nightly runs, over time.

    Counted in the database: no row is loaded, however large the window.

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
@click.option(
    "--no-logs", is_flag=True, help="Leave the build logs alone: only what the table says."
)
@options.work("show")
def failures() -> None:
    """List failures, those that broke most runs first, with the runs and pull requests that they broke.

    Reads the failed runs, and their build logs where a place is set (log_dir, jenkins_url); each log is read once.
    The table's own list is a lower bound: it keeps one case a run since 2021.

    \b
    Examples:
      ci-stat failures --since 7d
      ci-stat failures --since 24h --job tidb-unit-test-nightly
    """


COMMANDS = {"summary": summary, "jobs": jobs, "prs": prs, "failures": failures}

"""`ci-stat sync`: the builds of a Jenkins into the CI database."""

import click

from ci_stat.cli import options

_SHOWN = 20  # jobs that failed, printed one by one


@click.group()
def sync() -> None:
    """Copy runs from another system into the CI database."""


@sync.command()
@click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="NAME|PATTERN",
    help="Only this job; can be repeated. folder/name, or a pattern: * ? [..] within a part, ** over folders. [all]",
)
@click.option(
    "--since",
    metavar="TIME|LENGTH",
    help="Only builds that started since: 2021-06-19, or 24h, 7d, 2w.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000_000),
    metavar="N",
    help="Maximum number of builds per job.",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say how many builds would be stored; read no logs, store nothing.",
)
@click.option("--no-logs", is_flag=True, help="Read no logs: the failures of builds stay unknown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.work("sync")
def jenkins() -> None:
    """Copy missing builds from Jenkins into the CI database (settings jenkins_url, _user and _token).

    Running it again brings what is new; run it from cron. Builds that still run come next time. For each build
    that did not succeed, its log is read for what failed.

    \b
    Examples:
      ci-stat sync jenkins
      ci-stat sync jenkins --job 'tidb_ghpr_*' --job 'pingcap/**' --since 7d
      ci-stat sync jenkins --dry-run
    """


COMMANDS = {"sync": sync}

"""`ci-stat sync`: the arguments and help texts of its subcommands."""

import click

from ci_stat.cli import options


@click.group()
def sync() -> None:
    """Copy runs from another system into the CI database."""


@sync.command()
@click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="NAME|PATTERN",
    help="Only this job; can be repeated. folder/name, or a pattern: * ? [..] within one part "
    "of the path, ** over several. [all]",
)
@click.option(
    "--since",
    metavar="TIME|LENGTH",
    help="Only builds that started after this time: 2021-06-19, or 24h, 7d, 2w.",
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
    help="Print how many builds would be stored; read no logs, store nothing.",
)
@click.option("--no-logs", is_flag=True, help="Read no logs; the failures of builds stay unknown.")
@options.json_option
@options.work("sync")
def jenkins() -> None:
    """Copy missing builds from Jenkins into the CI database.

    It uses the settings jenkins_url, jenkins_user and jenkins_token. Run it from cron: each time it
    copies the new builds. A running build is copied once it has ended. The log of each
    unsuccessful build is read for its failures.

    \b
    Examples:
      ci-stat sync jenkins
      ci-stat sync jenkins --job 'tidb_ghpr_*' --job 'pingcap/**' --since 7d
      ci-stat sync jenkins --dry-run
    """


COMMANDS = {"sync": sync}

"""`ci-stat sync`: the arguments and help texts of its subcommands."""

import click

from ci_stat.cli import options


def _extent(since: str, limit: str, dry_run: str, no_logs: str) -> options.Decorator:
    """How much is copied; with the help texts of the system."""
    count = click.IntRange(1, 1_000_000_000)
    return options.stack(
        click.option("--since", metavar="TIME|LENGTH", help=since),
        click.option("--limit", type=count, metavar="N", help=limit),
        click.option("--dry-run", is_flag=True, help=dry_run),
        click.option("--no-logs", is_flag=True, help=no_logs),
        options.json_option,
    )


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
@_extent(
    since="Only builds that started after this time: 2021-06-19, or 24h, 7d, 2w.",
    limit="Maximum number of builds per job.",
    dry_run="Print how many builds would be stored; read no logs, store nothing.",
    no_logs="Read no logs; the failures of builds stay unknown.",
)
@options.work("sync.jenkins")
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


@sync.command()
@click.option(
    "--repo",
    "repos",
    multiple=True,
    metavar="OWNER/NAME",
    help="The repository; can be repeated. [github_repo]",
)
@click.option(
    "--workflow",
    "workflows",
    multiple=True,
    metavar="NAME",
    help="Only this workflow, by its name or its file; can be repeated. [all]",
)
@_extent(
    since="Only runs that were created on this day (UTC) or later: 2021-06-19, or 7d, 12w. [30d at"
    " first, then what is missing]",
    limit="Maximum number of workflow runs per repository; the next sync continues.",
    dry_run="Print how many workflow runs would be read; read no jobs, store nothing.",
    no_logs="Read no logs; the failures of jobs stay unknown.",
)
@options.work("sync.github")
def github() -> None:
    """Copy the jobs of GitHub Actions into the CI database, each attempt of each run.

    It uses the setting gh_token: a token with the permissions Actions: read and Pull requests:
    read. Without a token it reads public repositories, with 60 requests an hour and without logs.
    Run it from cron: each time it copies what is new. A run is copied once it has ended. The log of
    each failed job is read for its failures.

    \b
    Examples:
      ci-stat sync github --repo owner/name
      ci-stat sync github --repo owner/name --since 90d --workflow ci.yml
      ci-stat sync github --repo owner/name --dry-run
    """


COMMANDS = {"sync": sync}

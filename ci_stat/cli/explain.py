"""`ci-stat explain`: its arguments and help text."""

from pathlib import Path

import click

from ci_stat.cli import options


@click.command()
@click.argument("logs", nargs=-1, required=True, metavar="LOG... | JOB NUMBER | -")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also show lines that only report that something failed.",
)
@click.option(
    "--against",
    metavar="LOG",
    help="A log of the same job that passed; lines in it are not causes.",
)
@click.option(
    "--context",
    type=click.IntRange(0, 1000),
    default=0,
    metavar="N",
    help="Lines to add above and below each failure. [0]",
)
@click.option("--brief", is_flag=True, help="Only the causes, without their context.")
@click.option("--show-secrets", is_flag=True, help="Do not mask tokens, passwords and keys.")
@click.option(
    "--job", default="", metavar="NAME", help="Name of the job, for rules that are limited to jobs."
)
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own rules (TOML).",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Number of processes. [one per core, for many logs]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json prints one object per log.",
)
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@options.color_option
@options.work("explain")
def explain() -> None:
    """Show why a build failed: the failing part of its log, the case, the kind, and the rule.

    Below the cause of the first failure stands its context: what else the failed command printed
    that a diagnosis needs. Tokens, passwords and keys in the log are masked as ***.

    LOG is a file (plain, .gz, .zst, .xz, .bz2, or a .zip of logs) or - for standard input. It needs
    no database and no settings. JOB NUMBER is a build (7, or 7.2 for a second attempt); its log is
    read from the configured places (log_dir, jenkins_url).

    \b
    Examples:
      ci-stat explain build.log
      ci-stat explain --brief build.log
      ci-stat explain --context 5 --against last-good.log.gz build.log.gz
      curl -s "$URL/consoleText" | ci-stat explain -
      ci-stat explain tidb_ghpr_unit_test 48210
      ci-stat explain --format json logs/*.log > answers.jsonl
    """


COMMANDS = {"explain": explain}

"""`ci-stat matrix`: its arguments and help text."""

import click

from ci_stat.cli import options

FORMATS = click.Choice(["github", "gitlab", "json", "lines", "env", "table"])

EPILOG = """\b
Examples:
  ci-stat matrix matrix.toml                              all entries, for GitHub Actions
  ci-stat matrix matrix.toml --type smoke --format table  for people
  ci-stat matrix matrix.toml --cron '0 3 * * 0'           the type that this cron line starts
  ci-stat matrix matrix.toml --set spark=3.5.7 --set db=tidb
  ci-stat matrix matrix.toml --format gitlab > matrix.json
  ci-stat matrix matrix.toml --format env                 a line of variables for each entry
"""


@click.command(epilog=EPILOG)
@click.argument("file", metavar="FILE")
@click.option("--type", "type_", metavar="NAME", help="Entries of this type. [all of them]")
@click.option(
    "--cron",
    metavar="LINE",
    help="Entries of the type that this cron line starts, as github.event.schedule has it.",
)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only entries with this value; values of one dimension are alternatives.",
)
@click.option(
    "--format",
    "form",
    type=FORMATS,
    default="github",
    show_default=True,
    help="Form of the output.",
)
@options.color_option
@options.work("tests.matrix")
def matrix() -> None:
    """Print the entries of a matrix that a TOML file describes.

    github prints {"include": [...]} on one line, gitlab parallel:matrix, json a list, lines the key
    of each entry, env assignments of MATRIX_... variables, quoted for a shell.

    Each entry has a stable key such as db=tidb,spark=3.5.7. Name artifacts by it: then `ci-stat
    gate` knows the entry of each file. An unknown type, dimension, value or cron line is an error,
    and so are an empty matrix, an exclude that excludes nothing, and more entries than the CI takes
    (GitHub 256, GitLab 200). docs/gates.md describes the file.
    """


COMMANDS = {"matrix": matrix}

"""`ci-stat tests aggregate`: its arguments and help text."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests aggregate artifacts/
  ci-stat tests aggregate artifacts/ --expect matrix.json --output summary/
  ci-stat tests aggregate artifacts/ --output summary.html
  ci-stat tests aggregate artifacts/ --output summary/ --format json,html,junit,markdown
  ci-stat tests aggregate artifacts/ --label-from 'results-{spark}-{scenario}' --json
  ci-stat tests aggregate artifacts/ --expect spark=3.5.7,db=tidb --expect spark=4.0.0,db=tidb
"""


@click.command("aggregate", epilog=EPILOG)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--output", metavar="PATH", help="A folder for all formats, or one file.")
@click.option(
    "--format",
    "formats",
    metavar="LIST",
    help="Formats of --output: json, html, junit, markdown. [from its name; of a folder: all]",
)
@click.option(
    "--expect",
    multiple=True,
    metavar="FILE|KEY=VALUE,...",
    help="Entries that must be there: a matrix in GitHub's JSON, or one entry; can be repeated.",
)
@click.option(
    "--label-from",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Take labels from names of folders and files: 'results-{spark}-{scenario}'.",
)
@options.limit_option
@options.json_option
@options.color_option
@options.work("tests.aggregate")
def aggregate() -> None:
    """Join the result files of a matrix into one summary by category and matrix entry.

    PATH is a folder, a file, an archive or a pattern: results of any format that `ci-stat tests
    import` reads, and files of `ci-stat tests run --output`. The entry of a file is known from
    --label-from, from properties label.KEY in the file, or from names such as
    results-spark=3.5.7-db=tidb; without a label, the first folder below PATH is the entry.

    The command ends with 11 if a test failed, else with 12 if an expected entry is missing or a
    file is not whole, else with 0. The files of --output are written in each case.
    """

"""`ci-stat tests report`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import label_option

EPILOG = """\b
Examples:
  ci-stat tests report build/test-results
  ci-stat tests report artifacts/ --output site/ --policy gates.toml
  ci-stat tests report results.zip --json | jq .decision

\b
Files in the folder of --output:
  page.html      all results as one self-contained page
  comment.md     draft of the comment at a pull request
  verdict.json   the verdict with all its reasons
"""


@click.command("report", epilog=EPILOG)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--output",
    metavar="FOLDER",
    default="test-report",
    show_default=True,
    help="Folder to write to; it is created.",
)
@click.option("--policy", metavar="FILE", help="Policy in TOML. [every test must pass]")
@click.option("--job", metavar="NAME", help="Name of the job. [from the environment]")
@label_option
@click.option(
    "--history",
    is_flag=True,
    help="Use the results database: earlier runs say what is new, and count for the policy.",
)
@options.limit_option
@options.json_option
@options.color_option
@options.work("tests.report")
def report() -> None:
    """Write a page and the draft of a comment from result files, and print the verdict.

    PATH is a file, a folder, an archive or a pattern in quotes, as in `ci-stat tests import`. No
    settings, no database and no token are needed, and nothing is sent: without --history, the
    answer rests on the files alone.

    The command ends as `ci-stat gate` does: with 0 for pass, 11 for fail, and 12 if a file is not
    whole or no test ran. The files of --output are written in each case.
    """

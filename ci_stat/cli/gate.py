"""`ci-stat gate`: its arguments and help text."""

import click

from ci_stat.cli import options
from ci_stat.cli.tests.options import run_name_option

EPILOG = """\b
Examples:
  ci-stat gate --init > gates.toml                    a policy with comments, to begin with
  ci-stat gate build/test-results --policy gates.toml
  ci-stat gate out/ --policy gates.toml --job nightly with the history of a job
  ci-stat gate --job nightly --run 17 --policy gates.toml
  ci-stat gate --replay 30d --policy gates.toml       what would it have said?

\b
Exit codes:
  0   pass
  11  fail: a must-pass test failed, or another rule of the policy is broken
  12  cannot tell: a file is not whole, or results are missing
"""


@click.command(epilog=EPILOG)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--policy", metavar="FILE", help="Policy in TOML. [every test must pass]")
@click.option(
    "--job",
    metavar="NAME",
    help="Job of the results database: with PATH its runs are the history, else its run is judged.",
)
@run_name_option(
    "The run to judge, as `ci-stat tests runs` shows it: its number, or id:ID. [the newest] With"
    " PATH: not a part of its history.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="Label of all files, or of the stored runs to judge; can be repeated.",
)
@click.option(
    "--retries",
    is_flag=True,
    help="The files are attempts of the same tests, in this order: the last attempt counts.",
)
@click.option(
    "--matrix", metavar="FILE", help="Matrix file: each of its entries must have results."
)
@click.option("--type", "type_", metavar="NAME", help="With --matrix: only the entries of a type.")
@click.option("--replay", metavar="LENGTH", help="Judge the stored runs of this time, e.g. 30d.")
@click.option("--now", metavar="TIME", help="Judge as of this time, e.g. 2026-12-31T08:00+00:00.")
@click.option("--init", "init_", is_flag=True, help="Print a policy with comments, and exit.")
@click.option("--output", metavar="FILE", help="Also write the JSON to this file.")
@options.limit_option
@options.json_option
@options.color_option
@options.work("tests.gate")
def gate() -> None:
    """Judge test results by a policy: which tests must pass, and which may fail, until when.

    PATH is a file, a folder, a pattern in quotes, or - for standard input, as in `ci-stat tests
    import`; no database is needed. Without PATH the stored run of --job is judged.

    Folders named KEY=VALUE,KEY=VALUE are the labels of the files below them. A failure in one file
    is not undone by a pass in another one, unless you say --retries.

    Without --policy every test must pass. docs/gates.md describes the policy.
    """


COMMANDS = {"gate": gate}

"""`ci-stat tests import`: its arguments and help text."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests import build/test-results        import the result files below a folder
  ci-stat tests import 'out/**/*.xml' --job unit --run 7
  go test -json ./... | ci-stat tests import -
"""


@click.command("import", epilog=EPILOG)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--job", metavar="NAME", help="Name of the job.")
@options.run_option("Number of the run in its CI.", options.RUN_NUMBER)
@click.option("--attempt", type=click.IntRange(1, 10_000), help="Attempt of that run, from 1.")
@click.option("--repo", metavar="OWNER/NAME", help="Repository.")
@click.option("--commit", metavar="HASH", help="Tested commit.")
@click.option("--branch", metavar="NAME", help="Branch.")
@click.option(
    "--pr", "pull", type=click.IntRange(1, 10**15 - 1), help="Number of the pull request."
)
@click.option("--trigger", metavar="WORD", help="What started the run, e.g. schedule.")
@click.option("--url", metavar="URL", help="Link to the run.")
@click.option("--time", metavar="TIME", help="Start of the run. [now, or the time of the files]")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="A label of the run, such as an entry of a matrix; can be repeated.",
)
@options.json_option
@options.work("tests.imports")
def import_() -> None:
    """Import result files into the results database (setting results_url).

    PATH is a file, a folder, a pattern in quotes, or - for standard input. Formats: JUnit XML of
    any producer, go test -json or -v, TRX, NUnit 3, CTRF; plain or as .gz .zst .xz .bz2 .zip. The
    content decides, not the name. Retries become attempts of one test.

    What no option says about the run comes from the environment of GitHub Actions, GitLab CI,
    Jenkins, Buildkite, CircleCI or Azure Pipelines, else from git.

    You can repeat an import: a file that a run has already is skipped. The command ends with 12 if
    a file is empty, cut, broken, missing, or has no test: then it is unknown whether all tests
    passed. What could be read is kept.
    """

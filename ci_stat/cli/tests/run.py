"""`ci-stat tests run`: its arguments and help text."""

import click

from ci_stat.cli import options

RUNNER_NAMES = ("pytest", "go", "gradle", "maven", "jest", "nextest", "ctest")

EPILOG = """\b
Examples:
  ci-stat tests run -- pytest tests/
  ci-stat tests run --workers 4 --retries 2 --junit out.xml --output out.json -- pytest tests/
  ci-stat tests run --retries 1 --retry-budget 10m -- go test ./...
  ci-stat tests run --retries 1 --retry-only out.json --output out.json -- pytest tests/
  ci-stat tests run --results 'build/*.xml' --retry-command 'make check ONLY={test}' -- make check

\b
Runners: pytest, go test, jest (with jest-junit), ctest, cargo nextest, maven, gradle; also behind
uv run, poetry run, npx and others. Any other command: --results, or {results} in the command.
"""


@click.command("run", epilog=EPILOG, context_settings={"allow_interspersed_args": False})
@click.argument("command", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED, required=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes that run tests at the same time.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 20),
    help="Attempts of a failed test beyond the first. [0; 1 with --retry-only]",
)
@click.option(
    "--retry-budget",
    "budgets",
    multiple=True,
    metavar="N|LENGTH",
    help="Limit of all retries: a number of tests, or a time such as 10m; can be repeated. [100]",
)
@click.option(
    "--max-failed-share",
    type=click.FloatRange(0, 100),
    default=25.0,
    show_default=True,
    metavar="PERCENT",
    help="If more of the tests fail (and at least 3), nothing is retried: it is an outage.",
)
@click.option("--timeout", metavar="LENGTH", help="Time limit of each shard, e.g. 90s or 20m.")
@click.option("--output", metavar="FILE", help="Write the run with all attempts as JSON.")
@click.option("--junit", metavar="FILE", help="Write the run as one JUnit XML file.")
@click.option("--logs", metavar="FOLDER", help="Keep the output of the runner in this folder.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="A label of the run, such as an entry of a matrix; can be repeated.",
)
@click.option(
    "--job",
    metavar="NAME",
    help="Name of the job: --import stores the run under it [from the environment], and durations"
    " are those of its runs [from all].",
)
@click.option("--policy", metavar="FILE", help="Judge the run by this gate: gates.toml.")
@click.option("--import", "imports", is_flag=True, help="Import the run into the results database.")
@click.option("--retry-only", metavar="FILE", help="Run only what failed in this --output file.")
@click.option("--runner", type=click.Choice(RUNNER_NAMES), help="The runner. [from the command]")
@click.option(
    "--results",
    multiple=True,
    metavar="PATTERN",
    help="Result files that a command without an adapter writes.",
)
@click.option(
    "--retry-command",
    metavar="COMMAND",
    help="Command that repeats tests; {test} {class} {name} {file} {list} {results} are filled in.",
)
@click.option(
    "--files", multiple=True, metavar="PATTERN", help="Test files, for {files} in the command."
)
@options.limit_option
@options.json_option
@options.color_option
@options.work("tests.run")
def run() -> None:
    """Run tests in shards, and retry only what failed.

    The tests are divided among workers by their durations in the results database, if there is one.
    A test that passes at a retry is flaky: it passed, and every attempt stays in the files. Nothing
    is retried when more than a quarter of the tests failed, because then the tests are not the
    cause.

    The command ends with 0 if all tests passed and with 11 if one failed. It ends with 12 if no
    test failed and the run is not whole: a runner was killed, ran out of time, wrote no results,
    ended with an error, or did not report a test. Ctrl-C and SIGTERM end all runners, and keep what
    was finished; a second one kills the runners at once, and writes no file.

    The command is not given to a shell: words are passed on as they are.
    """

"""`ci-stat pr`, `case`, `job` and `run`: their arguments and help texts."""

import click

from ci_stat.cli import options

_since = click.option(
    "--since",
    metavar="LENGTH",
    default="90d",
    show_default=True,
    help="How far to look back from the end: 24h, 7d, 12w.",
)
_end = click.option(
    "--end",
    metavar="TIME",
    default="latest",
    show_default=True,
    help="Answer as of this time; 'latest' is the newest row.",
)
_limit = click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000_000),
    default=20,
    show_default=True,
    help="Maximum number of lines of each list, also in JSON.",
)
_no_logs = click.option("--no-logs", is_flag=True, help="Read no further build log.")
_shared = options.stack(_since, _end, _limit, _no_logs, options.json_option, options.color_option)


@click.command()
@click.argument("pull", metavar="PULL")
@_shared
@options.work("questions")
def pr() -> None:
    """Show whether the failures of a pull request are its own, with the evidence.

    PULL is a number, REPO#NUMBER or a link. The verdict comes first: `yours`, if the jobs pass
    elsewhere and fail only here; `not yours`, if other pull requests or nightly runs have the same
    failures, or an outage caused them; `cannot tell`, with what is missing. Then come its runs by
    commit and job.

    Ends with exit code 12 if the verdict is `cannot tell`; the other verdicts are answers and end
    with 0.

    \b
    Examples:
      ci-stat pr 25036
      ci-stat pr tikv/tikv#10437
      ci-stat pr https://github.com/pingcap/tidb/pull/25036 --since 30d --json
    """


@click.command()
@click.argument("name", metavar="NAME")
@_shared
@options.work("case")
def case() -> None:
    """Show since when a test case fails, how often, where, and with which messages.

    NAME is a case in any spelling (file_test.go:Suite.Test, tests/test_a.py::TestX::test_y[1],
    or its end: Suite.Test), the name of another failure, or a fingerprint. If several tests have
    the name, they are listed with their counts and keys; a key (c1:1f3a) is a name too. For an
    unknown name, the nearest ones are shown.

    The answer joins test results (ci-stat tests import) with the runs and build logs of the CI
    database. Either of them is enough. A run that both know counts once.

    \b
    Examples:
      ci-stat case TestCheckout
      ci-stat case 'tests/test_cart.py::TestCart::test_total[3]' --json
      ci-stat case testEvictSuite.TestEvictUnderPressure
      ci-stat case "FAIL: evict_test.go:87: testEvictSuite.TestEvictUnderPressure" --since 30d
    """


@click.command()
@click.argument("name", metavar="NAME")
@_shared
@options.work("questions")
def job() -> None:
    """Show how often a job fails, since when, on which branches, and of which failures.

    \b
    Examples:
      ci-stat job tidb-unit-test-nightly
      ci-stat job tidb_ghpr_unit_test --since 30d --json
    """


@click.command()
@click.argument("job", metavar="JOB|LINK")
@click.argument("number", metavar="[NUMBER]", required=False)
@_limit
@_no_logs
@options.json_option
@options.color_option
@options.work("questions")
def run() -> None:
    """Show one run: its facts, its failures, the runs around it, and those on its commit.

    NUMBER is the build number, with the attempt if it is not the first: 7, 7.2. The link of the
    run's page does as well.

    \b
    Examples:
      ci-stat run tidb_ghpr_unit_test 71631
      ci-stat run https://ci.example/job/unit/71631/
    """


COMMANDS = {"pr": pr, "case": case, "job": job, "run": run}

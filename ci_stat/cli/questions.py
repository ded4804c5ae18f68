"""`ci-stat pr`: its arguments and help text."""

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

    \b
    Examples:
      ci-stat pr 25036
      ci-stat pr tikv/tikv#10437
      ci-stat pr https://github.com/pingcap/tidb/pull/25036 --since 30d --json
    """


COMMANDS = {"pr": pr}

"""`ci-stat alert`: its arguments and help text."""

import click

from ci_stat.cli import options

_EPILOG = """\b
Examples:
  ci-stat alert --dry-run               what each recipient would receive
  ci-stat alert                         after each import, or every few minutes by cron
  ci-stat alert --job nightly --branch release-8.5 --channel slack

\b
Exit codes: 0 sent, or nothing new; 8 an alert did not arrive, or may not have arrived;
12 no run on these branches.
"""


@click.command(epilog=_EPILOG)
@options.job_option
@click.option(
    "--branch",
    "branches",
    multiple=True,
    metavar="NAME",
    help="Only runs of this branch; can be repeated."
    " [setting default_branch, else main, master, trunk, develop]",
)
@click.option(
    "--channel",
    "channels",
    type=click.Choice(["feishu", "mail", "slack"]),
    multiple=True,
    help="Only this channel; can be repeated. [all configured]",
)
@click.option(
    "--policy",
    metavar="FILE",
    help="Policy of a gate in TOML, as for `ci-stat gate`: it decides when a job turns red.",
)
@click.option("--dry-run", is_flag=True, help="Print the alerts, and send nothing.")
@click.option("--force", is_flag=True, help="Also send what may have arrived before.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100),
    default=10,
    show_default=True,
    help="Maximum number of tests in each list; the others are counted.",
)
@options.json_option
@options.color_option
@options.work("tests.alert")
def alert() -> None:
    """Send a message to Slack, mail or Feishu when the state of tests changes.

    Each recipient of the reports is notified once when a test of a job newly fails or recovers,
    when it fails more often than in the weeks before, and when a job turns red or green again; not
    after each red run. Failures of tests that are known
    to be flaky are not news until they fail in 4 runs in a row. What an alert that did not arrive
    would have said is in the next one. The first alert says what is red now.
    """


COMMANDS = {"alert": alert}

"""`ci-stat tests prune`: its arguments and help text."""

import click

from ci_stat.cli import options

EPILOG = """\b
Examples:
  ci-stat tests prune --older-than 90d --dry-run    what would be deleted
  ci-stat tests prune --older-than 90d              the same, done; repeat it daily
"""


@click.command("prune", epilog=EPILOG)
@click.option(
    "--older-than",
    metavar="LENGTH",
    required=True,
    help="Prune days (UTC) that ended this long ago or earlier: 90d, 26w.",
)
@click.option("--dry-run", is_flag=True, help="Only count what would be deleted.")
@options.json_option
@options.work("tests.prune")
def prune() -> None:
    """Delete the results of old runs, and keep their counts of each day.

    Attempts, messages and output of old runs are deleted. For each day, job, repository, branch,
    set of labels and test, the counts stay: runs, failures, errors, skips, commits on which the
    test was flaky, attempts and durations. So `tests trends` shows the same as before; all other
    commands no longer see these runs. The last day of each job is kept.

    Each day is one transaction: you can interrupt the command, repeat it, and run it while others
    import.
    """

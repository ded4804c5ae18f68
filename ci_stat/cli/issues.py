"""`ci-stat issues`: the arguments and help texts of its subcommands."""

from pathlib import Path

import click

from ci_stat.cli import options
from ci_stat.cli.issue_notes import accept, mute

_EPILOG = """\b
Examples:
  ci-stat issues plan                            plan issues for yesterday's failures
  ci-stat issues plan --plan-out plan.json       save the plan, to read and apply it later
  ci-stat issues show plan.json --drafts         read the plan
  ci-stat issues apply plan.json                 apply the plan, unless the tracker has changed
  ci-stat issues plan --post                     plan and apply in one step, for cron
  ci-stat issues plan --evidence campaign        what a stability campaign found yesterday
  ci-stat issues explain testSuite.TestName      why a case has an issue, or has none
  ci-stat issues mute testSuite.TestName --until 2021-07-01 --why "known, #123"
  ci-stat issues accept plan.json --why "the backlog of the first day"
  ci-stat issues replay --since 30d              what the rules would have done, and their mistakes

\b
Exit codes: 7 GitHub failed or sent an invalid response; 8 an action failed;
9 no run of the job in the window; 10 nothing was changed: the plan is implausible, the list of
issues is incomplete, the tracker has changed, or another process is filing issues.
"""


@click.group(epilog=_EPILOG)
def issues() -> None:
    """Plan, explain and file GitHub issues for the failed cases of a nightly job.

    Without --post, ci-stat changes nothing. The plan has a line for each failing case: file,
    comment, update, reopen, close, or why it does none of these.
    """


_plan_options = options.stack(
    click.option("--begin", metavar="TIME", help="Start of the window. [yesterday]"),
    click.option(
        "--end", metavar="TIME", help="End of the window, not included. [a day after --begin]"
    ),
    click.option(
        "--now",
        metavar="TIME",
        help="Use this as the current time, e.g. 2021-06-16T08:17. [now]",
    ),
    click.option(
        "--job",
        "jobs",
        multiple=True,
        metavar="NAME",
        help="Only this job; can be repeated. [setting issue_jobs; of campaigns, all]",
    ),
    click.option(
        "--evidence",
        type=click.Choice(["logs", "tests", "both", "campaign"]),
        help="What shows failures: logs, results of tests, or both; or the jobs of stability"
        " campaigns. [setting issue_evidence]",
    ),
    click.option(
        "--per",
        type=click.Choice(["case", "job"]),
        help="With test results, one issue for each case or each job. [setting issue_per]",
    ),
    click.option(
        "--label",
        "labels",
        multiple=True,
        metavar="KEY=VALUE",
        help="Only test results with this label, an entry of a matrix; can be repeated.",
    ),
)


@issues.command(epilog=_EPILOG)
@_plan_options
@click.option("--post", is_flag=True, help="Apply the plan.")
@click.option("--plan-out", metavar="FILE", help="Save the plan, for `ci-stat issues apply`.")
@click.option("--drafts", is_flag=True, help="Also print the texts of the issues.")
@options.json_option
@options.color_option
@options.work("issues")
def plan() -> None:
    """Plan issues for the failures of a window, with a reason for each case.

    The window is yesterday, unless you set --begin or --end.
    """


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--drafts", is_flag=True, help="Also print the texts of the issues.")
@options.color_option
@options.work("issues")
def show() -> None:
    """Show a saved plan. This sends no request and changes nothing."""


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--now", metavar="TIME", help="Use this as the current time. [now]")
@options.json_option
@options.color_option
@options.work("issues")
def apply() -> None:
    """Apply a saved plan, unless it is older than a day or the tracker has changed since then."""


@issues.command()
@click.argument("case", required=False)
@click.option("--since", metavar="LENGTH", help="Only calls of this period: 24h, 7d. [all]")
@click.option("--mutes", "notes", flag_value="mutes", help="List the active mutes instead.")
@click.option(
    "--accepted",
    "notes",
    flag_value="accepted",
    help="List the accepted new issues instead.",
)
@options.limit_option
@options.json_option
@options.color_option
@options.work("issues")
def history() -> None:
    """List all calls to the tracker, with their responses.

    Newest first. With --mutes or --accepted, list mutes or accepted issues instead.
    """


@issues.command()
@click.option(
    "--since",
    metavar="LENGTH",
    default="30d",
    show_default=True,
    help="Length of the replay: 30d, 8w.",
)
@click.option(
    "--end",
    metavar="TIME",
    help="End of the replay; 'latest' is the newest row. [the last midnight]",
)
@options.job_option
@options.json_option
@options.color_option
@options.work("issues")
def replay() -> None:
    """Show what the rules would have done in the past.

    It replays the window day by day against an empty in-memory tracker. It changes nothing.
    """


@issues.command()
@click.argument("case")
@_plan_options
@options.json_option
@options.color_option
@options.work("issues")
def explain() -> None:
    """Show why a case has an issue, or has none.

    This shows its failures, the rule that applied, and earlier actions.
    """


issues.add_command(mute)
issues.add_command(accept)

COMMANDS = {"issues": issues}

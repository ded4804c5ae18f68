"""`ci-stat issues`: what would be filed for failed cases, and with --post filed; its history, mutes and a replay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ci_stat.cli import options
from ci_stat.cli.issue_notes import accept, mute

_EPILOG = """\b
Examples:
  ci-stat issues plan                            what yesterday's nightly failures would have us do, and why
  ci-stat issues plan --plan-out plan.json       the same, to be read and applied later
  ci-stat issues show plan.json --drafts         read it
  ci-stat issues apply plan.json                 do it, unless the tracker has moved on since
  ci-stat issues plan --post                     plan and do it in one go: for cron
  ci-stat issues explain testSuite.TestName      why a case has an issue, or has none
  ci-stat issues mute testSuite.TestName --until 2021-07-01 --why "known, #123"
  ci-stat issues accept plan.json --why "the backlog of the first day"
  ci-stat issues replay --since 30d              what the rules would have done, and what of it was wrong

\b
Exit codes, beside those of ci-stat: 7 GitHub gave no usable answer; 8 something was not done;
10 nothing was done: the plan is not plausible, the list of issues is not whole, the tracker moved on,
or another filer is at work.
"""


@click.group(epilog=_EPILOG)
def issues() -> None:
    """Issues for the failed cases of a nightly job: planned, explained, and with --post filed.

    Dry by default. Every failing case gets an answer: file, comment, update, reopen, close, or why not.
    """


def _plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--begin", metavar="TIME", help="Start of the window. [of yesterday]"),
        click.option("--end", metavar="TIME", help="End of the window, not included. [a day after --begin]"),
        click.option("--now", metavar="TIME", help="Take this for the present, e.g. 2021-06-16T08:17. [now]"),
        click.option("--job", "jobs", multiple=True, metavar="NAME",
                     help="Look at this job (may be repeated). [tidb-unit-test-nightly]"),
    )):  # fmt: skip
        command = option(command)
    return command


_post_option = click.option("--post", is_flag=True, help="Do what the plan says.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@issues.command(epilog=_EPILOG)
@_plan_options
@_post_option
@click.option("--plan-out", metavar="FILE", help="Save the plan, for `ci-stat issues apply`.")
@click.option(
    "--drafts", is_flag=True, help="Print the texts too, as they would stand at the tracker."
)
@_json_option
@options.color_option
@options.work("issues")
def plan() -> None:
    """What is to be done, and why not for the others.

    For the failures of a window: yesterday, unless --begin says another day.
    """


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--drafts", is_flag=True, help="The texts too, as they would stand at the tracker.")
@options.color_option
@options.work("issues")
def show() -> None:
    """A saved plan, to be read by a person. Nothing is asked and nothing done."""


@issues.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--now", metavar="TIME", help="Take this for the present. [now]")
@_json_option
@options.color_option
@options.work("issues")
def apply() -> None:
    """Do what a saved plan says. Refused if it is older than a day, or the tracker has moved on since it was made."""


@issues.command()
@click.argument("case", required=False)
@click.option("--since", metavar="LENGTH", help="Calls of this long: 24h, 7d. [all]")
@click.option("--mutes", "notes", flag_value="mutes", help="The mutes in force instead.")
@click.option(
    "--accepted",
    "notes",
    flag_value="accepted",
    help="The new issues that somebody accepted instead.",
)
@options.limit_option
@_json_option
@options.color_option
@options.work("issues")
def history() -> None:
    """All calls to the tracker, with their answers.

    Newest first. --mutes and --accepted show what people said of cases instead.
    """


@issues.command()
@click.option(
    "--since", metavar="LENGTH", default="30d", show_default=True, help="How far back: 30d, 8w."
)
@click.option(
    "--end", metavar="TIME", help="Where it ends; 'latest' is the newest row. [the last midnight]"
)
@click.option(
    "--job", "jobs", multiple=True, metavar="NAME", help="Look at this job (may be repeated)."
)
@_json_option
@options.color_option
@options.work("issues")
def replay() -> None:
    """What the rules would have done in the past.

    Day after day, at an empty tracker in memory: nothing is touched.
    """


@issues.command()
@click.argument("case")
@_plan_options
@_json_option
@options.color_option
@options.work("issues")
def explain() -> None:
    """Why a case has an issue, or has none.

    Its failures, the rule that spoke, and what was done before.
    """


for _note in (mute, accept):
    issues.add_command(_note)
COMMANDS = {"issues": issues}

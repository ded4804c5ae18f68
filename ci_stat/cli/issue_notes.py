"""`ci-stat issues mute` and `accept`: their arguments and help texts."""

from pathlib import Path

import click

from ci_stat.cli import options

_why_option = click.option("--why", default="", help="Reason, shown in `issues history`.")


@click.command()
@click.argument("case")
@click.option("--until", metavar="DATE", help="Day on which the mute ends, e.g. 2021-07-01.")
@_why_option
@click.option("--off", is_flag=True, help="End the mute now.")
@options.work("issue_notes")
def mute() -> None:
    """Stop all actions for a case until a day.

    Until then, ci-stat does not file, comment on, reopen or close an issue for it.
    """


@click.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@_why_option
@click.option("--off", is_flag=True, help="Withdraw the confirmation.")
@options.work("issue_notes")
def accept() -> None:
    """Confirm the new issues of a saved plan.

    Use it for a plan that ci-stat refuses because it has too many new issues, such as the backlog
    of the first day. For 90 days, the confirmed issues do not count towards that limit; ci-stat
    files a few of them each day while they still fail. Other new issues count as before. This
    command files nothing. `ci-stat issues history --accepted` lists the confirmed issues.
    """

"""What people say of failures: `ci-stat issues mute` and `ci-stat issues accept`."""

from datetime import timedelta
from pathlib import Path

import click

from ci_stat.cli import options

LAST_YEAR = 9999  # whose last day has no UTC in some zones
HOLDS = timedelta(days=90)  # three new issues a day: 270 of them


@click.command()
@click.argument("case")
@click.option("--until", metavar="DATE", help="Day on which the mute ends, e.g. 2021-07-01.")
@click.option("--why", default="", help="A sentence for those who wonder later.")
@click.option("--off", is_flag=True, help="End it now.")
@options.work("issue_notes")
def mute() -> None:
    """Stop all actions for a case until a day.

    Nothing is filed, commented, reopened or closed for it.
    """


@click.command()
@click.argument("file", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--why", default="", help="A sentence for those who wonder later.")
@click.option("--off", is_flag=True, help="Take it back.")
@options.work("issue_notes")
def accept() -> None:
    """Confirm the new issues of a saved plan.

    For plans that are stopped because too many are new at once to be believed: a backlog. For 90 days these no longer
    count as too many; they are filed a few a day, while they still fail. Others that are new count as before. Nothing
    is filed by this. `ci-stat issues history --accepted` shows them.
    """

"""`ci-stat report hourly|daily` and `ci-stat deliveries`: made, shown, and with --post delivered."""

from collections.abc import Callable
from typing import Any

import click

from ci_stat.cli import options

STATES = ("sent", "failed", "uncertain", "sending", "preparing")
FORMS = ("terminal", "card", "card1", "post", "text", "slack", "markdown", "mail", "html", "json")

_EPILOG = """\b
Examples:
  ci-stat report hourly                                 the last whole hour, shown here
  ci-stat report hourly --post                          sent to every channel that is set up
  ci-stat report daily --begin 2021-06-16 --preview     the card of that day, drawn here
  ci-stat report daily --preview-html card.html         the card as a page
  ci-stat report hourly --as card | jq .                what goes to Feishu
Crontab lines and systemd timers: docs/reports.md.

\b
Exit codes, beside those of ci-stat: 8 not delivered; 3 the database does not answer and
9 no data, or none that is new: these two are reports of their own, and are sent too.
"""


@click.group(epilog=_EPILOG)
def report() -> None:
    """What CI did in an hour or a day: for Feishu, mail, Slack, or here.

    Dry by default: it shows the report and says to whom it would go. --post sends it, once to everybody,
    however often it is called.
    """


def _report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed((
        click.option("--begin", metavar="TIME", help="Start of the window. [of the last whole hour or day]"),
        click.option("--end", metavar="TIME", help="End of the window, not included. [an hour or a day after --begin]"),
        click.option("--now", metavar="TIME", help="Take this for the present, e.g. 2021-06-16T15:07. [now]"),
        click.option("--job", "jobs", multiple=True, metavar="NAME", help="Keep this job (may be repeated)."),
        click.option("--repo", "repos", multiple=True, metavar="OWNER/NAME", help="Keep this repository."),
        click.option("--branch", "branches", multiple=True, metavar="NAME", help="Keep this branch."),
        click.option("--post", is_flag=True, help="Send it to everybody who has not got it."),
        click.option("--force", is_flag=True, help="With --post: send it again, even where it has arrived."),
        click.option("--channel", "channels", multiple=True, type=click.Choice(["feishu", "mail", "slack"]),
                     help="Only this channel; may be repeated. [all that are set up]"),
        click.option("--preview", is_flag=True, help="Draw the Feishu card in the terminal."),
        click.option("--preview-html", metavar="FILE", help="Write the Feishu card as a page."),
        click.option("--as", "form", type=click.Choice(FORMS), help="Print it in this form."),
        click.option("--json", "form", flag_value="json", help="Print the numbers as JSON."),
        options.color_option,
    )):  # fmt: skip
        command = option(command)
    return command


@report.command(epilog=_EPILOG)
@_report_options
@options.work("report")
def hourly() -> None:
    """The last whole hour, beside the hour before and what is usual at this hour."""


@report.command(epilog=_EPILOG)
@_report_options
@options.work("report")
def daily() -> None:
    """The last whole day, beside the day before and the same weekday last week."""


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Keep this state; may be repeated.",
)
@click.option("--since", metavar="LENGTH", help="Those of this long: 24h, 7d. [all]")
@options.limit_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.color_option
@options.work("deliveries")
def deliveries() -> None:
    """What became of reports that were sent: newest first.

    A delivery is uncertain when the far end took the message and gave no answer, or when we were killed while sending.
    It is not sent again unless asked for: `ci-stat report hourly --begin ... --post --force`.
    """


COMMANDS = {"report": report, "deliveries": deliveries}

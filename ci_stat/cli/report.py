"""`ci-stat report hourly|daily` and `ci-stat deliveries`: their arguments and help texts."""

import click

from ci_stat.cli import options

STATES = ("sent", "failed", "uncertain", "sending", "preparing")
FORMS = ("terminal", "card", "card1", "post", "text", "slack", "markdown", "mail", "html", "json")

_EPILOG = """\b
Examples:
  ci-stat report hourly                                 show the last whole hour
  ci-stat report hourly --post                          send it once to each recipient
  ci-stat report daily --begin 2021-06-16 --preview     draw the Feishu card of a day
  ci-stat report daily --since 7d                       the last seven whole days
  ci-stat report hourly --since 3h --end latest         the three hours up to the newest row
  ci-stat report daily --preview-html card.html         write the card as a web page
  ci-stat report hourly --as card | jq .                print the card for Feishu
  ci-stat report daily --name storage --post            send the report of one team
Crontab and systemd timers: docs/production.md.

\b
Exit codes: 8 not delivered; 3 database error; 9 no data, or no new data.
With --post, ci-stat sends a short report about 3 and 9.
"""


@click.group(epilog=_EPILOG)
def report() -> None:
    """Report what CI did in an hour or a day: in the terminal, to Feishu, mail or Slack.

    Without --post, the report is only shown. With --post, each recipient gets it once, even if
    the command is repeated.
    """


_report_options = options.stack(
    click.option(
        "--begin", metavar="TIME", help="Start of the window. [the last whole hour or day]"
    ),
    click.option(
        "--end",
        metavar="TIME",
        help="End of the window, not included; 'latest' is the newest row."
        " [an hour or a day after --begin]",
    ),
    click.option(
        "--since",
        metavar="LENGTH",
        help="Length of the window up to its end, e.g. 7d. [an hour or a day]",
    ),
    click.option(
        "--now",
        metavar="TIME",
        help="Use this as the current time, e.g. 2021-06-16T15:07. [now]",
    ),
    click.option(
        "--name",
        default="",
        metavar="NAME",
        help="The report with this name in the setting `reports`: its filter, its recipients.",
    ),
    options.name_options,
    click.option("--post", is_flag=True, help="Send it to each recipient who has not received it."),
    click.option("--force", is_flag=True, help="With --post: send it again to all recipients."),
    click.option(
        "--channel",
        "channels",
        multiple=True,
        type=click.Choice(["feishu", "mail", "slack"]),
        help="Only this channel; can be repeated. [all configured]",
    ),
    click.option("--preview", is_flag=True, help="Draw the Feishu card in the terminal."),
    click.option("--preview-html", metavar="FILE", help="Write the Feishu card as a web page."),
    click.option("--as", "form", type=click.Choice(FORMS), help="Print the report in this format."),
    click.option("--json", "form", flag_value="json", help="Print the numbers as JSON."),
    options.color_option,
)


@report.command(epilog=_EPILOG)
@_report_options
@options.work("report")
def hourly() -> None:
    """Report the last whole hour, compared with the hour before and the median of earlier days."""


@report.command(epilog=_EPILOG)
@_report_options
@options.work("report")
def daily() -> None:
    """Report the last whole day, compared with the day before and a week before."""


@click.command()
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES),
    help="Only this state; can be repeated.",
)
@click.option("--since", metavar="LENGTH", help="Only deliveries of this period: 24h, 7d. [all]")
@options.limit_option
@options.json_option
@options.color_option
@options.work("deliveries")
def deliveries() -> None:
    """List sent reports with their outcomes, newest first.

    A delivery is uncertain if the server received the message but did not respond, or if ci-stat
    was killed while it was sending. Such a delivery is not repeated automatically. To send it
    again: `ci-stat report hourly --begin ... --post --force`.
    """


COMMANDS = {"report": report, "deliveries": deliveries}

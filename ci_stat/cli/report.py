"""`ci-stat report hourly|daily` and `ci-stat deliveries`: made, shown, and with --post delivered."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ci_stat.cli import options
from ci_stat.errors import DatabaseError, DataTrouble, NotDelivered, UsageError, WriteError

if TYPE_CHECKING:
    from ci_stat.context import Context
    from ci_stat.records import Delivery, RunFilter
    from ci_stat.rendering.document import Document
    from ci_stat.reports.delivery import Delivered
    from ci_stat.reports.model import Report
    from ci_stat.reports.recipients import Audience
    from ci_stat.runs.database import Source

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
def hourly(**given: Any) -> None:
    """The last whole hour, beside the hour before and what is usual at this hour."""
    _run("hourly", **given)


@report.command(epilog=_EPILOG)
@_report_options
def daily(**given: Any) -> None:
    """The last whole day, beside the day before and the same weekday last week."""
    _run("daily", **given)


def _run(kind: str, *, post: bool, force: bool, channels: Sequence[str], now: str | None, color: str,
         form: str | None, preview: bool, preview_html: str | None, **window: Any) -> None:  # fmt: skip
    from ci_stat.runs.progress_bar import watching

    if force and not post:
        raise UsageError("--force sends again, and nothing is sent without --post.", "Add --post.")
    context = options.opened()
    source = context.source
    try:
        moment = _now(now, source)
        wanted = _wanted(kind, context, moment, **window)
    except OverflowError:
        raise UsageError(
            "The window would reach beyond the years 1 to 9999.", "Name another one."
        ) from None
    # Before any work: whoever cannot be reached for want of a setting is told so at once.
    receivers = context.audiences(channels) if post else []
    with watching() as watched:
        made = context.reporter(moment, watched).report(kind, wanted)
    # Sent before it is shown: a full disk or a closed pipe must not cost anybody the report.
    missed = _post(made, receivers, context, force, quiet=form is not None) if post else None
    _show(made, form, preview, preview_html, color)
    _hint(made, source, wanted)
    if not post and form is None:
        _say_to_whom(context, channels)
    if missed:
        raise missed
    _raise_trouble(made)


def _hint(made: "Report", source: "Source", wanted: "RunFilter") -> None:
    """Why a report of chosen names may be empty: a name that no run has. The others say so themselves."""
    from ci_stat.reports.model import WindowReport

    if isinstance(made, WindowReport) and made.about:
        options.hint(source, wanted, made.provenance)


def _now(text: str | None, source: "Source") -> datetime:
    zone = source.origin.zone
    moment = options.parse_time(text or "now", "--now", zone)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _wanted(kind: str, context: "Context", now: datetime, begin: str | None, end: str | None,
            jobs: Any, repos: Any, branches: Any) -> "RunFilter":  # fmt: skip
    from ci_stat.records import RunFilter
    from ci_stat.reports.windows import report_window

    source, zone = context.source, context.source.origin.zone
    delay = timedelta(minutes=context.settings.reports.delay)
    window = report_window(kind, now, zone, delay)
    if begin is not None or end is not None:
        length = timedelta(days=1) if kind == "daily" else timedelta(hours=1)
        last = None if end is None else options.parse_time(end, "--end", zone)
        first = (
            (last or now) - length if begin is None else options.parse_time(begin, "--begin", zone)
        )
        window = source.window(first, last or first + length)
    # Each name once, in one order: the same names are the same report.
    return RunFilter(window, *(tuple(sorted(set(names))) for names in (jobs, repos, branches)))


def _show(made: "Report", form: str | None, preview: bool, page: str | None, color: str) -> None:
    from ci_stat.reports.document import report_document

    document = report_document(made)
    if page:
        _write_page(document, page)
    if form == "json":
        from ci_stat.reports.data import report_data

        click.echo(json.dumps(report_data(made), indent=2))
    elif form and form != "terminal":
        click.echo(_in_form(document, form, made.kind))
    elif not page:
        _on_terminal(document, preview, color)


def _on_terminal(document: "Document", preview: bool, color: str) -> None:
    from ci_stat.rendering.as_terminal import on_terminal
    from ci_stat.rendering.feishu.forms import on_card
    from ci_stat.rendering.terminal import screen

    shown = on_card(document).document if preview else document
    screen.show(on_terminal(shown), sys.stdout, options.colored(color))


def _write_page(document: "Document", page: str) -> None:
    from ci_stat.rendering.as_html import page as html_page
    from ci_stat.rendering.feishu.forms import on_card

    shown = on_card(document).document
    try:
        Path(page).write_text(html_page(shown, looks="card"), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{page} cannot be written: {error.strerror}.") from None
    click.echo(f"ci-stat: the card is drawn in {page}", err=True)


def _in_form(document: "Document", form: str, kind: str) -> str:
    """The report as a channel gets it; JSON is ASCII, so that a terminal acts on nothing in it."""
    from ci_stat.rendering import as_html as document_html
    from ci_stat.rendering import as_markdown as document_markdown
    from ci_stat.rendering import slack
    from ci_stat.rendering.feishu import forms as feishu_forms

    if form == "markdown":
        return document_markdown.as_markdown(document).rstrip("\n")
    if form == "html":
        return document_html.page(feishu_forms.on_card(document).document, looks="card").rstrip(
            "\n"
        )
    if form == "mail":
        return _mail_text(document, kind)
    if form == "slack":
        return json.dumps(slack.slack(document), indent=2)
    names = {"card": "card 2.0", "card1": "card 1.0"}
    wanted = names.get(form, form)
    made = feishu_forms.forms(document, feishu_forms.webhook_bytes, feishu_forms.WEBHOOK_BYTES)
    return json.dumps(next(each.content for each in made if each.name == wanted), indent=2)


def _mail_text(document: "Document", kind: str) -> str:
    from email.policy import SMTP

    from ci_stat.rendering.mail import mail

    message = mail(
        document, kind=kind, sender="ci_stat@localhost", recipient="you@localhost", domain_of_ids="localhost",
        unique=document.summary, date=datetime.now(UTC),
    )  # fmt: skip
    return message.as_bytes(policy=SMTP).decode("ascii", "backslashreplace").replace("\r\n", "\n")


def _say_to_whom(context: "Context", channels: Sequence[str]) -> None:
    """What --post would do. Nobody need be set up for a look."""
    from ci_stat.errors import SettingsError
    from ci_stat.escape import visible, visible_lines

    try:
        for receiver in context.audiences(channels):
            click.echo(
                f"ci-stat: would send it to {visible(receiver.name)} (--post sends)", err=True
            )
    except SettingsError as error:
        click.echo(f"ci-stat: --post would send it to nobody: {visible_lines(error)}", err=True)


def _post(
    made: "Report",
    receivers: "Sequence[Audience]",
    context: "Context",
    force: bool,
    quiet: bool,
) -> NotDelivered | None:
    """What to complain about when the report is not known to have arrived everywhere. `quiet`: say no successes."""
    from ci_stat.errors import CiStatError
    from ci_stat.reports.delivery import deliver

    try:
        ledger = context.deliveries()
    except CiStatError as error:
        return NotDelivered(
            f"Nothing was delivered: our own state cannot be used: {error.message}", error.hint
        )
    told = deliver(made, receivers, ledger, datetime.now(UTC), force)
    for each in told:
        _say(each, quiet)
    failed = [each.audience for each in told if not _fine(each)]
    if not failed:
        return None
    return NotDelivered(
        f"Not delivered to {', '.join(failed)}.", "`ci-stat deliveries` shows what is known."
    )


def _fine(told: "Delivered") -> bool:
    """Arrived, or somebody else is at it right now."""
    from ci_stat.records import DeliveryState

    busy = (DeliveryState.PREPARING, DeliveryState.SENDING)
    return told.arrived or (told.skipped and told.outcome.state in busy)


def _say(told: "Delivered", quiet: bool) -> None:
    """Trouble on stderr; what went well on standard output: cron mails what stands on stderr."""
    from ci_stat.escape import visible

    outcome = told.outcome
    if told.arrived or (told.skipped and _fine(told)):
        words = (
            f"not sent to {told.audience}: {outcome.reason}"
            if told.skipped
            else f"sent to {told.audience}"
        )
        if not quiet:
            click.echo(f"{visible(words)}{'' if told.skipped else f' as {told.form}'}\n")
        return
    words = (
        f"not sent to {told.audience}" if told.skipped else f"{outcome.state} for {told.audience}"
    )
    click.echo(f"ci-stat: {visible(words)}: {visible(outcome.reason)}", err=True)
    if outcome.hint:
        click.echo(f"  {visible(outcome.hint)}", err=True)


def _raise_trouble(made: "Report") -> None:
    from ci_stat.reports.model import TroubleReport

    if isinstance(made, TroubleReport):
        kind = DatabaseError if made.trouble == "database" else DataTrouble
        raise kind(made.message, made.hint)


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
def deliveries(
    states: Sequence[str], since: str | None, limit: int, as_json: bool, color: str
) -> None:
    """What became of reports that were sent: newest first.

    A delivery is uncertain when the far end took the message and gave no answer, or when we were killed while sending.
    It is not sent again unless asked for: `ci-stat report hourly --begin ... --post --force`.
    """
    from ci_stat.records import DeliveryState

    context = options.opened()
    try:
        after = datetime.now(UTC) - options.parse_length(since) if since else None
    except OverflowError:
        raise UsageError(
            f"--since {since!r} reaches beyond the year 1.", "Name a shorter length."
        ) from None
    kept = [DeliveryState(state) for state in states]
    found = context.deliveries().list(limit, kept or None, after)
    if as_json:
        from ci_stat.reports.deliveries_view import delivery_rows

        click.echo(json.dumps({"deliveries": delivery_rows(found)}, indent=2))
        return
    _show_deliveries(found, color, context.source)


def _show_deliveries(found: "Sequence[Delivery]", color: str, source: "Source") -> None:
    from ci_stat.rendering.terminal import screen
    from ci_stat.reports.deliveries_view import deliveries_table

    if not found:
        click.echo("No delivery is known.")
        return
    screen.show(deliveries_table(found, source.origin.zone), sys.stdout, options.colored(color))


COMMANDS = {"report": report, "deliveries": deliveries}

"""`ci-stat report`: a report is made, shown, and with --post delivered."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from pathlib import Path
from typing import Any

import click

from ci_stat.cli.work import opening, output, windows
from ci_stat.context import Context
from ci_stat.errors import (
    CiStatError,
    DatabaseError,
    NoNewData,
    NotDelivered,
    SettingsError,
    UsageError,
    WriteError,
)
from ci_stat.escape import visible, visible_lines
from ci_stat.records import DeliveryState, RunFilter
from ci_stat.rendering import as_html as document_html
from ci_stat.rendering import as_markdown as document_markdown
from ci_stat.rendering import slack
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu import forms as feishu_forms
from ci_stat.rendering.mail import mail
from ci_stat.rendering.terminal import screen
from ci_stat.reports.data import report_data
from ci_stat.reports.delivery import Delivered, deliver
from ci_stat.reports.document import report_document
from ci_stat.reports.model import Report, TroubleReport, WindowReport
from ci_stat.reports.recipients import Audience
from ci_stat.reports.windows import report_window
from ci_stat.runs.database import Source
from ci_stat.runs.progress_bar import show_progress


def hourly(**given: Any) -> None:
    """`ci-stat report hourly`: the last whole hour."""
    _run("hourly", **given)


def daily(**given: Any) -> None:
    """`ci-stat report daily`: the last whole day."""
    _run("daily", **given)


def _run(kind: str, *, post: bool, force: bool, channels: Sequence[str], now: str | None, color: str,
         form: str | None, preview: bool, preview_html: str | None, **window: Any) -> None:  # fmt: skip
    if force and not post:
        raise UsageError("--force sends again, and nothing is sent without --post.", "Add --post.")
    context = opening.opened()
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
    with show_progress() as watched:
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


def _hint(made: Report, source: Source, wanted: RunFilter) -> None:
    """Why a report of chosen names may be empty: no run has a name. Other reports say so."""
    if isinstance(made, WindowReport) and made.about:
        opening.hint(source, wanted, made.provenance)


def _now(text: str | None, source: Source) -> datetime:
    zone = source.origin.zone
    moment = windows.parse_time(text or "now", "--now", zone)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)


def _wanted(kind: str, context: Context, now: datetime, begin: str | None, end: str | None,
            jobs: Any, repos: Any, branches: Any) -> RunFilter:  # fmt: skip
    source, zone = context.source, context.source.origin.zone
    delay = timedelta(minutes=context.settings.reports.delay)
    window = report_window(kind, now, zone, delay)
    if begin is not None or end is not None:
        length = timedelta(days=1) if kind == "daily" else timedelta(hours=1)
        last = None if end is None else windows.parse_time(end, "--end", zone)
        first = (
            (last or now) - length if begin is None else windows.parse_time(begin, "--begin", zone)
        )
        window = source.window(first, last or first + length)
    # Each name once, in one order: the same names are the same report.
    return RunFilter(window, *(tuple(sorted(set(names))) for names in (jobs, repos, branches)))


def _show(made: Report, form: str | None, preview: bool, page: str | None, color: str) -> None:
    document = report_document(made)
    if page:
        _write_page(document, page)
    if form == "json":
        click.echo(json.dumps(report_data(made), indent=2))
    elif form and form != "terminal":
        click.echo(_in_form(document, form, made.kind))
    elif not page:
        _on_terminal(document, preview, color)


def _on_terminal(document: Document, preview: bool, color: str) -> None:
    shown = feishu_forms.on_card(document).document if preview else document
    screen.show(on_terminal(shown), sys.stdout, output.colored(color))


def _write_page(document: Document, page: str) -> None:
    try:
        Path(page).write_text(
            document_html.page(feishu_forms.on_card(document).document, looks="card"),
            encoding="utf-8",
        )
    except OSError as error:
        raise WriteError(f"{page} cannot be written: {error.strerror}.") from None
    click.echo(f"ci-stat: the card is drawn in {page}", err=True)


def _in_form(document: Document, form: str, kind: str) -> str:
    """The report as a channel gets it; JSON is ASCII, so that a terminal acts on nothing in it."""
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


def _mail_text(document: Document, kind: str) -> str:
    message = mail(
        document, kind=kind, sender="ci_stat@localhost", recipient="you@localhost", domain_of_ids="localhost",
        unique=document.summary, date=datetime.now(UTC),
    )  # fmt: skip
    return message.as_bytes(policy=SMTP).decode("ascii", "backslashreplace").replace("\r\n", "\n")


def _say_to_whom(context: Context, channels: Sequence[str]) -> None:
    """What --post would do. Nobody need be set up for a look."""
    try:
        for receiver in context.audiences(channels):
            click.echo(
                f"ci-stat: would send it to {visible(receiver.name)} (--post sends)", err=True
            )
    except SettingsError as error:
        click.echo(f"ci-stat: --post would send it to nobody: {visible_lines(error)}", err=True)


def _post(
    made: Report,
    receivers: Sequence[Audience],
    context: Context,
    force: bool,
    quiet: bool,
) -> NotDelivered | None:
    """The error when the report may not have arrived everywhere. `quiet`: print no successes."""
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


def _fine(told: Delivered) -> bool:
    """Arrived, or somebody else is at it right now."""
    busy = (DeliveryState.PREPARING, DeliveryState.SENDING)
    return told.arrived or (told.skipped and told.outcome.state in busy)


def _say(told: Delivered, quiet: bool) -> None:
    """Failures on stderr, which cron mails; successes on standard output."""
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


def _raise_trouble(made: Report) -> None:
    if isinstance(made, TroubleReport):
        kind = DatabaseError if made.trouble == "database" else NoNewData
        raise kind(made.message, made.hint)

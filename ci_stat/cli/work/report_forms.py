"""`ci-stat report`: print a report in the format that an option names."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.policy import SMTP
from pathlib import Path

import click

from ci_stat.cli.work import output
from ci_stat.errors import WriteError
from ci_stat.rendering import as_html, slack
from ci_stat.rendering.as_markdown import as_markdown
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu import forms as feishu_forms
from ci_stat.rendering.mail import mail
from ci_stat.reports.data import report_data
from ci_stat.reports.model import Report

_CARD_NAMES = {"card": "card 2.0", "card1": "card 1.0"}


@dataclass(frozen=True)
class Output:
    """The options --as, --preview, --preview-html and --color."""

    form: str | None
    preview: bool
    page: str | None
    color: str


def print_report(report: Report, document: Document, to: Output) -> None:
    """Print the report. Raises WriteError if the web page cannot be written."""
    if to.page:
        _write_page(document, to.page)

    if to.form == "json":
        output.print_json(report_data(report))
    elif to.form and to.form != "terminal":
        click.echo(_in_form(document, to.form, report.kind))
    elif not to.page:
        shown = feishu_forms.on_card(document).document if to.preview else document
        output.print_table(on_terminal(shown), to.color)


def _write_page(document: Document, page: str) -> None:
    try:
        Path(page).write_text(_card_page(document), encoding="utf-8")
    except OSError as error:
        raise WriteError(f"{page} cannot be written: {error.strerror}.") from None
    click.echo(f"ci-stat: card written to {page}", err=True)


def _card_page(document: Document) -> str:
    return as_html.page(feishu_forms.on_card(document).document, style="card")


def _in_form(document: Document, form: str, kind: str) -> str:
    """The report as a channel gets it. JSON is ASCII: characters that control a terminal escape."""
    if form == "markdown":
        return as_markdown(document).rstrip("\n")
    if form == "html":
        return _card_page(document).rstrip("\n")
    if form == "mail":
        return _mail_text(document, kind)
    content = slack.slack(document) if form == "slack" else _feishu_content(document, form)
    return json.dumps(content, indent=2)


def _feishu_content(document: Document, form: str) -> object:
    name = _CARD_NAMES.get(form, form)
    forms = feishu_forms.forms(document, feishu_forms.webhook_bytes, feishu_forms.WEBHOOK_BYTES)
    return next(candidate.content for candidate in forms if candidate.name == name)


def _mail_text(document: Document, kind: str) -> str:
    message = mail(
        document,
        kind=kind,
        sender="ci_stat@localhost",
        recipient="you@localhost",
        domain_of_ids="localhost",
        unique=document.summary,
        date=datetime.now(UTC),
    )
    return message.as_bytes(policy=SMTP).decode("ascii", "backslashreplace").replace("\r\n", "\n")

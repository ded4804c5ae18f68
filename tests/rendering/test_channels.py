"""One report, many channels: each channel shows every number, and none acts on a name."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from io import StringIO

from hypothesis import given, settings

from ci_stat.rendering.as_html import page
from ci_stat.rendering.as_markdown import as_markdown
from ci_stat.rendering.as_terminal import on_terminal
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.card import card_v2
from ci_stat.rendering.feishu.card_v1 import card_v1
from ci_stat.rendering.feishu.text import plain_message, post
from ci_stat.rendering.mail import mail
from ci_stat.rendering.slack import _payload, slack
from ci_stat.rendering.terminal import screen
from ci_stat.reports.data import report_data
from ci_stat.reports.document import number, report_document
from ci_stat.reports.model import DataProblem, Report
from ci_stat.reports.notes import with_notes
from tests.support.feishu.cards import visible_text
from tests.support.reports import ANY, compared, numbers
from tests.support.slack import fault_of, live_mentions

NOW = datetime(2021, 6, 19, 7, 7, tzinfo=UTC)


def terminal(document: Document) -> str:
    out = StringIO()
    screen.show(on_terminal(document), out, color=False)
    return out.getvalue()


def message(document: Document) -> EmailMessage:
    return mail(
        document,
        kind="hourly",
        sender="ci@example.com",
        recipient="you@example.com",
        domain_of_ids="example.com",
        unique="x",
        date=NOW,
    )


def mail_page(document: Document) -> str:
    part = message(document).get_body(preferencelist=("html",))
    assert part is not None
    return html.unescape(part.get_content())  # with the words that stand for the picture


def mail_text(document: Document) -> str:
    part = message(document).get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


def without_markup(document: Document) -> str:
    return as_markdown(document).replace("\\", "").replace("\u200b", "")


def slack_words(document: Document) -> str:
    """All of it, before it is cut to Slack's limits."""
    return html.unescape(json.dumps(_payload(document), ensure_ascii=False)).replace("\u200b", "")


CHANNELS: dict[str, Callable[[Document], str]] = {
    "terminal": terminal,
    "card 2.0": lambda document: visible_text(card_v2(document)),
    "card 1.0": lambda document: visible_text(card_v1(document)),
    "post": lambda document: visible_text(post(document)),
    "text": lambda document: plain_message(document)["text"],
    "slack": slack_words,
    "markdown": without_markup,
    "mail's text": mail_text,
    "mail's page": mail_page,
    "page": lambda document: html.unescape(page(document, style="card")),
}


@settings(max_examples=settings.default.max_examples // 2 if settings.default else 20)
@given(report=ANY)
def test_every_number_stands_in_every_channel(report: Report) -> None:
    document = report_document(report)
    for channel, render in CHANNELS.items():
        words = " ".join(render(document).split())
        assert (
            channel,
            [number for number in numbers(report) if not _is_shown(number, words)],
        ) == (
            channel,
            [],
        )
        assert (channel, [other for other in compared(report) if number(other) not in words]) == (
            channel,
            [],
        )


def _is_shown(number: int, words: str) -> bool:
    """Whether the words have it as people write it, as the number of a run, or as chart data.

    The client itself writes the numbers of a chart.
    """
    return (
        re.search(rf"(?<![\d,.]){number:,}(?!\d|,\d)|#{number}(?!\d)|\b{number}\b", words)
        is not None
    )


@given(report=ANY)
def test_json_is_the_value_itself(report: Report) -> None:
    data = json.loads(json.dumps(report_data(report)))
    flat = re.findall(r"-?\d+", json.dumps(data))
    assert [number for number in numbers(report) if str(number) not in flat] == []


@given(report=ANY)
def test_slack_takes_it_and_calls_nobody(report: Report) -> None:
    payload = slack(with_notes(report_document(report), ["<!channel> the previous report failed"]))
    assert fault_of(payload) == ""
    assert live_mentions(payload) == []


@given(report=ANY)
def test_markdown_has_no_markup_of_others(report: Report) -> None:
    shown = as_markdown(with_notes(report_document(report), ["@everyone #1 www.evil.example"]))
    # Whole links of the report are left; nothing else may be one.
    rest = re.sub(r"\]\(https?://[^()\s<>]*\)", "]", shown)
    assert not re.search(
        r"(?<!\\)[<>]|@(?!\u200b)\w|(?<![\\&])#(?!#* )\d|\]\(|https?://|(?i:www\.)", rest
    )


@given(report=ANY)
def test_a_mail_can_be_sent(report: Report) -> None:
    sent = message(report_document(report)).as_bytes(policy=SMTP)
    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert b"\n" not in sent.replace(b"\r\n", b"")


@given(report=ANY)
def test_equal_reports_give_equal_messages(report: Report) -> None:
    """A data problem is a report too, and none is empty."""
    one, two = report_document(report), report_document(report)
    assert one == two
    assert message(one).as_bytes(policy=SMTP) == message(two).as_bytes(policy=SMTP)
    assert one.title
    assert isinstance(report, DataProblem) or one.foot

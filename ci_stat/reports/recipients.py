"""The shell around channels: each audience gets a document in the form that it takes."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from ci_stat.connectors.feishu import FeishuApp, FeishuMessage, FeishuWebhook
from ci_stat.connectors.mail.client import MailServer
from ci_stat.connectors.slack.client import SlackBot, SlackWebhook
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.forms import APP_BYTES, WEBHOOK_BYTES, Form, forms
from ci_stat.rendering.mail import address, mail
from ci_stat.rendering.slack import slack, slack_words

log = logging.getLogger(__name__)

Sending = Callable[[str], None]  # told the form, right before the message leaves
Told = tuple[Outcome, str]  # and the form in which it was sent


def no_sending(_form: str) -> None:
    """For what is sent without a ledger."""


@dataclass(frozen=True)
class Ticket:
    """One attempt to deliver one report of a kind. `name`: the same for every attempt; `attempt`: the same for one that
    is taken up again; `now`: aware; `sending`: told right before something leaves."""

    kind: str
    name: str
    attempt: str
    now: datetime
    sending: Sending


@dataclass(frozen=True)
class Audience:
    """One place that a report goes to. `name`: without secrets, the same each time: the ledger knows it by that.

    `resumable`: how long the far end itself takes the same message only once.
    """

    name: str
    deliver: Callable[[Document, Ticket], Told] = field(repr=False)
    resumable: timedelta | None = None


@dataclass(frozen=True)
class FeishuSender:
    """The ways to one chat, the better one first: the app, and the webhook as the spare one."""

    app: FeishuApp | None
    webhook: FeishuWebhook | None
    keyword: str = ""

    def send_card(self, card: dict[str, Any]) -> Outcome:
        """A card as it is, by the first way that takes it."""
        form = Form("card", "interactive", card)
        outcome = Outcome(DeliveryState.FAILED, "no way to Feishu is set up")
        for way in self._ways():
            outcome = self._send(way, form, uuid4().hex, no_sending)
            if outcome.state != DeliveryState.FAILED:
                break
        return outcome

    def deliver(self, document: Document, ticket: Ticket) -> Told:
        """A report in the best form that gets through."""
        document = self._with_keyword(document)
        outcome, form = Outcome(DeliveryState.FAILED, "no way to Feishu is set up"), ""
        for way in self._ways():
            if outcome.reason and form:
                log.warning(
                    "Feishu's app failed, the webhook is tried: %s", visible(outcome.reason)
                )
            outcome, form = self._by_forms(way, document, ticket)
            if way is self.webhook and self.app is not None:
                form = f"{form} by the webhook"
            if outcome.state != DeliveryState.FAILED:
                break
        return outcome, form

    def _ways(self) -> Iterator[FeishuApp | FeishuWebhook]:
        yield from (way for way in (self.app, self.webhook) if way is not None)

    def _with_keyword(self, document: Document) -> Document:
        title = document.title
        missing = self.keyword and self.keyword not in title
        return replace(document, title=f"{self.keyword} {title}") if missing else document

    def _by_forms(self, way: FeishuApp | FeishuWebhook, document: Document, ticket: Ticket) -> Told:
        """Until one form is taken: a report is never lost to its form."""
        outcome, used = Outcome(DeliveryState.FAILED), ""
        for form in forms(document, _size_of(way), APP_BYTES if way is self.app else WEBHOOK_BYTES):
            if outcome.foreign and not form.own_words:
                continue
            if used:
                log.warning(
                    "Feishu refused the %s, the %s is tried: %s",
                    used,
                    form.name,
                    visible(outcome.reason),
                )
            outcome, used = self._send(way, form, ticket.attempt, ticket.sending), form.name
            if not (outcome.rejected or outcome.foreign):
                break
        return outcome, used

    def _send(
        self, way: FeishuApp | FeishuWebhook, form: Form, uuid: str, sending: Sending
    ) -> Outcome:
        message, about_to_send = (
            FeishuMessage(form.msg_type, form.content),
            partial(sending, form.name),
        )
        if isinstance(way, FeishuApp):
            return way.send(message, uuid, about_to_send)
        return way.send(message, about_to_send)


def _size_of(way: FeishuApp | FeishuWebhook) -> Callable[[str, dict[str, Any]], int]:
    return lambda msg_type, content: way.wire_size(FeishuMessage(msg_type, content))


def send_to_slack(client: SlackBot | SlackWebhook, document: Document, ticket: Ticket) -> Told:
    """A report as blocks, or as text where Slack refuses the blocks."""
    outcome = client.send(slack(document), partial(ticket.sending, "blocks"))
    if not outcome.rejected:
        return outcome, "blocks"
    log.warning("Slack refused the blocks, the text is tried: %s", visible(outcome.reason))
    return client.send(slack_words(document), partial(ticket.sending, "text")), "text"


def send_mail(
    server: MailServer,
    sender: str,
    recipient: str,
    domain: str,
    document: Document,
    ticket: Ticket,
) -> Told:
    """A report to one recipient."""
    message = mail(
        document,
        kind=ticket.kind,
        sender=sender,
        recipient=recipient,
        domain_of_ids=domain,
        unique=ticket.name,
        date=ticket.now,
    )
    envelope = address(sender).addr_spec, address(recipient).addr_spec
    return server.send(message, *envelope, partial(ticket.sending, "mail")), "mail"

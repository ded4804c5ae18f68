"""Recipients of reports: each turns a document into the messages of its channel and sends one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import uuid4

from ci_stat.connectors.feishu import FeishuApp, FeishuMessage, FeishuWebhook
from ci_stat.connectors.mail.client import MailServer
from ci_stat.connectors.slack.client import SlackBot, SlackWebhook
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.forms import APP_BYTES, WEBHOOK_BYTES, Form, forms
from ci_stat.rendering.mail import address, mail
from ci_stat.rendering.slack import slack, slack_plain

log = logging.getLogger(__name__)

Sending = Callable[[str], None]  # called with the form right before the message leaves
FeishuClient = FeishuApp | FeishuWebhook


class SendResult(NamedTuple):
    """The outcome of a message, and the form in which it was sent."""

    outcome: Outcome
    form: str


def no_sending(_form: str) -> None:
    """For a message that the ledger does not record."""


@dataclass(frozen=True)
class Ticket:
    """One attempt to deliver a report.

    - `kind`: kind of the report; mails of one kind form one thread.
    - `name`: id of the delivery, the same for each attempt.
    - `attempt`: id of the attempt, the same if it is resumed.
    - `now`: aware.
    - `sending`: to be called right before the message leaves. Raises LostClaim: do not send it.
    """

    kind: str
    name: str
    attempt: str
    now: datetime
    sending: Sending


@dataclass(frozen=True)
class Recipient:
    """One chat or address that gets reports.

    - `name`: key in the ledger; without secrets, and the same at each start.
    - `resumable`: how long the server itself drops a repeated message; None if it never does.
    """

    name: str
    deliver: Callable[[Document, Ticket], SendResult] = field(repr=False)
    resumable: timedelta | None = None


@dataclass(frozen=True)
class FeishuSender:
    """The clients for one chat, at least one: the app, and the webhook as its fallback."""

    app: FeishuApp | None
    webhook: FeishuWebhook | None
    keyword: str = ""

    def send_card(self, card: dict[str, Any]) -> Outcome:
        """Send a card unchanged; without a ledger, so each call sends it."""
        form = Form("card", "interactive", card)
        outcome = Outcome(DeliveryState.FAILED, "Feishu is not set up")
        for client in self._clients():
            outcome = _send_form(client, form, uuid4().hex, no_sending)
            if outcome.state != DeliveryState.FAILED:
                break
        return outcome

    def deliver(self, document: Document, ticket: Ticket) -> SendResult:
        """Send a report in the best form that Feishu accepts."""
        document = self._with_keyword(document)
        client, *fallbacks = self._clients()
        result = _send_best_form(client, document, ticket)
        for webhook in fallbacks:
            if result.outcome.state != DeliveryState.FAILED:
                break
            reason = visible(result.outcome.reason)
            log.warning("The Feishu app failed; trying the webhook: %s", reason)
            outcome, form = _send_best_form(webhook, document, ticket)
            result = SendResult(outcome, f"{form} by the webhook")
        return result

    def _clients(self) -> list[FeishuClient]:
        return [client for client in (self.app, self.webhook) if client is not None]

    def _with_keyword(self, document: Document) -> Document:
        if self.keyword in document.title:
            return document
        return replace(document, title=f"{self.keyword} {document.title}")


def _send_best_form(client: FeishuClient, document: Document, ticket: Ticket) -> SendResult:
    """Send one form after the other until Feishu accepts one. Text is the last one."""
    limit = APP_BYTES if isinstance(client, FeishuApp) else WEBHOOK_BYTES
    result = SendResult(Outcome(DeliveryState.FAILED), "")
    for form in forms(document, _size_of(client), limit):
        outcome = result.outcome
        if outcome.foreign and not form.own_words:
            continue
        if result.form:
            reason = visible(outcome.reason)
            log.warning("Feishu refused the %s; trying the %s: %s", result.form, form.name, reason)

        outcome = _send_form(client, form, ticket.attempt, ticket.sending)
        result = SendResult(outcome, form.name)
        is_refused = outcome.rejected or outcome.foreign
        if not is_refused:
            break
    return result


def _size_of(client: FeishuClient) -> Callable[[str, dict[str, Any]], int]:
    return lambda msg_type, content: client.wire_size(FeishuMessage(msg_type, content))


def _send_form(client: FeishuClient, form: Form, uuid: str, sending: Sending) -> Outcome:
    message = FeishuMessage(form.msg_type, form.content)
    before_sending = partial(sending, form.name)
    if isinstance(client, FeishuApp):
        return client.send(message, uuid, before_sending)
    return client.send(message, before_sending)


def send_to_slack(
    client: SlackBot | SlackWebhook, document: Document, ticket: Ticket
) -> SendResult:
    """Send a report as blocks; as text if Slack refuses the blocks."""
    outcome = client.send(slack(document), partial(ticket.sending, "blocks"))
    if not outcome.rejected:
        return SendResult(outcome, "blocks")
    log.warning("Slack refused the blocks; trying the text: %s", visible(outcome.reason))
    outcome = client.send(slack_plain(document), partial(ticket.sending, "text"))
    return SendResult(outcome, "text")


@dataclass(frozen=True)
class MailSender:
    """Sends reports to one address. `domain`: of message ids."""

    server: MailServer
    sender: str
    recipient: str
    domain: str

    def deliver(self, document: Document, ticket: Ticket) -> SendResult:
        """Send a report as a mail."""
        message = mail(
            document,
            kind=ticket.kind,
            sender=self.sender,
            recipient=self.recipient,
            domain_of_ids=self.domain,
            unique=ticket.name,
            date=ticket.now,
        )
        from_address = address(self.sender).addr_spec
        to_address = address(self.recipient).addr_spec
        sending = partial(ticket.sending, "mail")
        outcome = self.server.send(message, from_address, to_address, sending)
        return SendResult(outcome, "mail")

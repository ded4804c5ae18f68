"""The shell around channels: settings to audiences, each of which gets a document in the form that it takes."""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import getaddresses
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from ci_stat.config import Settings
from ci_stat.config.clients import Mail
from ci_stat.errors import SettingsError
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document
from ci_stat.rendering.feishu.forms import APP_BYTES, WEBHOOK_BYTES, Form, forms

if TYPE_CHECKING:
    from ci_stat.connectors.feishu import FeishuApp, FeishuWebhook
    from ci_stat.connectors.mail.client import MailServer, Tls

log = logging.getLogger(__name__)

CHANNELS = ("feishu", "mail", "slack")
# Feishu forgets a uuid after an hour; the margin is for clocks that differ.
_UUID_LIFE = timedelta(minutes=50)

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


def audiences(settings: Settings, only: Sequence[str] = ()) -> list[Audience]:
    """Everybody who gets reports, by the settings; `only` narrows to these channels.

    A channel that is set up wrongly is an audience that nothing reaches: the others get theirs. Raises SettingsError
    if no channel can be used.
    """
    made = {"feishu": _feishu, "mail": _mail, "slack": _slack}
    named = tuple(dict.fromkeys(only)) or _named_channels(settings)
    chosen, wanted = named or CHANNELS, bool(named)
    found: list[Audience] = []
    broken: list[tuple[str, SettingsError]] = []
    for channel in chosen:
        try:
            found += made[channel](settings, wanted)
        except SettingsError as error:
            broken.append((channel, error))
    if not found:
        raise broken[0][1] if broken else SettingsError(_NOBODY, _SET_UP)
    return found + [_unusable(channel, error) for channel, error in broken]


_NOBODY = "No channel is set up, so there is nobody to send the report to."
_SET_UP = (
    "Set webhook, or app_id, app_secret and chat_id, for Feishu; mail_host, mail_from and mail_to for mail; "
    "slack_webhook, or slack_token and slack_channel, for Slack."
)


def _unusable(channel: str, error: SettingsError) -> Audience:
    """An audience that is told why nothing reaches it."""
    outcome = Outcome(DeliveryState.FAILED, error.message, error.hint)
    return Audience(f"{channel} (set up wrongly)", lambda _document, _ticket: (outcome, ""))


def _named_channels(settings: Settings) -> tuple[str, ...]:
    named = settings.reports.channels
    wrong = [name for name in named if name not in CHANNELS]
    if wrong:
        raise SettingsError(
            f"channels names {wrong[0]!r}, which is no channel.",
            f"Channels are {', '.join(CHANNELS)}.",
        )
    return tuple(dict.fromkeys(named))


def _complete(needed: Mapping[str, object], what: str, wanted: bool) -> bool:
    """Whether all settings have a value. Raises SettingsError for some of them, and for none if it is `wanted`.

    `needed`: the values, by key.
    """
    missing = [key for key, value in needed.items() if not value]
    if missing and (wanted or len(missing) < len(needed)):
        raise SettingsError(
            f"{what} is not set up: {', '.join(missing)} missing.", "See `ci-stat config`."
        )
    return not missing


@dataclass(frozen=True)
class FeishuSender:
    """The ways to one chat, the better one first: the app, and the webhook as the spare one."""

    app: "FeishuApp | None"
    webhook: "FeishuWebhook | None"
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

    def _ways(self) -> Iterator["FeishuApp | FeishuWebhook"]:
        yield from (way for way in (self.app, self.webhook) if way is not None)

    def _with_keyword(self, document: Document) -> Document:
        title = document.title
        missing = self.keyword and self.keyword not in title
        return replace(document, title=f"{self.keyword} {title}") if missing else document

    def _by_forms(
        self, way: "FeishuApp | FeishuWebhook", document: Document, ticket: Ticket
    ) -> Told:
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
        self, way: "FeishuApp | FeishuWebhook", form: Form, uuid: str, sending: Sending
    ) -> Outcome:
        from ci_stat.connectors.feishu import FeishuApp, FeishuMessage

        message, about_to_send = (
            FeishuMessage(form.msg_type, form.content),
            partial(sending, form.name),
        )
        if isinstance(way, FeishuApp):
            return way.send(message, uuid, about_to_send)
        return way.send(message, about_to_send)


def _size_of(way: "FeishuApp | FeishuWebhook") -> Callable[[str, dict[str, Any]], int]:
    from ci_stat.connectors.feishu import FeishuMessage

    return lambda msg_type, content: way.wire_size(FeishuMessage(msg_type, content))


def feishu_sender(settings: Settings, chat: str | None = None) -> FeishuSender:
    """The ways to Feishu that the settings describe; `chat` instead of the setting. Raises SettingsError for none."""
    from ci_stat.connectors.feishu import FeishuApp, FeishuWebhook

    app = webhook = None
    feishu = settings.feishu
    if chat and not feishu.app_id:
        raise SettingsError(
            "Only an app can choose the chat.", "Set app_id and app_secret; a webhook has one chat."
        )
    is_other_chat = bool(chat)
    chat = chat or feishu.chat
    if feishu.app_id or feishu.app_secret:
        needed = {"app_id": feishu.app_id, "app_secret": feishu.app_secret, "chat_id": chat}
        _complete(needed, "Feishu's app", True)
        app = FeishuApp(feishu.url, feishu.app_id, feishu.app_secret.reveal(), chat)
    if feishu.webhook and not is_other_chat:
        signing = feishu.webhook_secret.reveal() or None
        webhook = FeishuWebhook(feishu.webhook.reveal(), signing)
    if app is None and webhook is None:
        raise SettingsError(
            "Feishu is not set up.", "Set webhook, or app_id, app_secret and chat_id."
        )
    return FeishuSender(app, webhook, feishu.keyword)


def _feishu(settings: Settings, wanted: bool) -> Iterator[Audience]:
    feishu = settings.feishu
    is_set_up = feishu.webhook or feishu.app_id or feishu.app_secret
    if not wanted and not is_set_up:
        return
    sender = feishu_sender(settings)
    if sender.app is None:
        # A hash: the ledger must know one bot from another, and not its token.
        token = hashlib.sha256(feishu.webhook.reveal().strip().encode()).hexdigest()[:8]
        yield Audience(f"feishu webhook {token}", sender.deliver)
    else:
        yield Audience(
            f"feishu chat {feishu.chat}",
            sender.deliver,
            None if sender.webhook else _UUID_LIFE,
        )


def _slack(settings: Settings, wanted: bool) -> Iterator[Audience]:
    from ci_stat.connectors.slack.client import SlackBot, SlackWebhook
    from ci_stat.rendering.slack import slack, slack_words

    place = settings.slack
    webhook = place.webhook.reveal().strip()
    needed = {"slack_token": place.token, "slack_channel": place.channel}
    if webhook:
        name = f"slack webhook {hashlib.sha256(webhook.encode()).hexdigest()[:8]}"
        far_end: SlackBot | SlackWebhook = SlackWebhook(webhook)
    elif _complete(needed, "Slack", wanted):
        name = f"slack channel {place.channel}"
        far_end = SlackBot(place.url, place.token.reveal(), place.channel)
    else:
        return

    def send(document: Document, ticket: Ticket) -> Told:
        outcome = far_end.send(slack(document), partial(ticket.sending, "blocks"))
        if not outcome.rejected:
            return outcome, "blocks"
        log.warning("Slack refused the blocks, the text is tried: %s", visible(outcome.reason))
        return far_end.send(slack_words(document), partial(ticket.sending, "text")), "text"

    yield Audience(name, send)


def _mail(settings: Settings, wanted: bool) -> Iterator[Audience]:
    """One audience for each recipient: who was refused is tried again alone."""
    from ci_stat.rendering.mail import address, domain_of

    place = settings.mail
    needed = {"mail_host": place.host, "mail_from": place.sender, "mail_to": place.recipients}
    if not _complete(needed, "Mail", wanted):
        return
    server, domain = mail_server(place), domain_of(place.sender)
    for recipient in recipients(place.recipients):
        send = partial(_send_mail, server, place.sender, recipient, domain)
        yield Audience(f"mail {address(recipient).addr_spec}", send)


def recipients(text: str) -> list[str]:
    """Addresses with commas between, with names or without (`"Doe, Ann" <ann@example.com>`), each once."""
    pairs = getaddresses([text])
    return list(
        dict.fromkeys(
            f'"{name}" <{spec}>' if name else spec for name, spec in pairs if name or spec
        )
    )


def _send_mail(
    server: "MailServer",
    sender: str,
    recipient: str,
    domain: str,
    document: Document,
    ticket: Ticket,
) -> Told:
    from ci_stat.rendering.mail import address, mail

    message = mail(
        document, kind=ticket.kind, sender=sender, recipient=recipient, domain_of_ids=domain, unique=ticket.name,
        date=ticket.now,
    )  # fmt: skip
    envelope = address(sender).addr_spec, address(recipient).addr_spec
    return server.send(message, *envelope, partial(ticket.sending, "mail")), "mail"


def mail_server(place: Mail) -> "MailServer":
    """The SMTP server of the settings. Raises SettingsError."""
    from ci_stat.connectors.mail.client import MailServer

    tls = cast("Tls", place.tls)  # which checks it
    password = place.password.reveal()
    return MailServer(place.host, place.port, tls, place.user, password, place.ca or None)

"""Channels that are set up become audiences: clients are built here, for the context only."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from email.utils import getaddresses
from functools import partial
from typing import cast

from ci_stat.config import Feishu, Mail, Settings
from ci_stat.connectors.feishu import FeishuApp, FeishuWebhook
from ci_stat.connectors.mail.client import MailServer, Tls
from ci_stat.connectors.slack.client import SlackBot, SlackWebhook
from ci_stat.errors import SettingsError
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.mail import address, domain_of
from ci_stat.reports.recipients import Audience, FeishuSender, send_mail, send_to_slack

CHANNELS = ("feishu", "mail", "slack")
# Feishu forgets a uuid after an hour; the margin is for clocks that differ.
_UUID_LIFE = timedelta(minutes=50)

_NOBODY = "No channel is set up, so there is nobody to send the report to."
_SET_UP = (
    "Set webhook, or app_id, app_secret and chat_id, for Feishu; "
    "mail_host, mail_from and mail_to for mail; "
    "slack_webhook, or slack_token and slack_channel, for Slack."
)


def audiences(settings: Settings, only: Sequence[str] = ()) -> list[Audience]:
    """Everybody who gets reports; `only` narrows to these channels.

    A channel that is set up wrongly is an audience that nothing reaches: the others get theirs.
    Raises SettingsError if no channel can be used.
    """
    set_ups = {"feishu": _feishu, "mail": _mail, "slack": _slack}
    named = tuple(dict.fromkeys(only)) or _named_channels(settings)
    usable: list[Audience] = []
    broken: list[tuple[str, SettingsError]] = []
    for channel in named or CHANNELS:
        try:
            usable += set_ups[channel](settings, wanted=bool(named))
        except SettingsError as error:
            broken.append((channel, error))
    if not usable:
        raise broken[0][1] if broken else SettingsError(_NOBODY, _SET_UP)
    return usable + [_unusable(channel, error) for channel, error in broken]


def _unusable(channel: str, error: SettingsError) -> Audience:
    """An audience for which every delivery fails with the reason."""
    outcome = Outcome(DeliveryState.FAILED, error.message, error.hint)
    return Audience(f"{channel} (set up wrongly)", lambda _document, _ticket: (outcome, ""))


def _named_channels(settings: Settings) -> tuple[str, ...]:
    named = settings.reports.channels
    unknown = [name for name in named if name not in CHANNELS]
    if unknown:
        raise SettingsError(
            f"Unknown channel {unknown[0]!r} in `channels`.",
            f"Channels are {', '.join(CHANNELS)}.",
        )
    return tuple(dict.fromkeys(named))


def _complete(needed: Mapping[str, object], what: str, wanted: bool) -> bool:
    """Whether all of these settings (by key) have a value.

    Raises SettingsError if only some have one, and if none has one that is `wanted`.
    """
    missing = [key for key, value in needed.items() if not value]
    if missing and (wanted or len(missing) < len(needed)):
        raise SettingsError(
            f"{what} is not set up: {', '.join(missing)} missing.", "See `ci-stat config`."
        )
    return not missing


def feishu_sender(feishu: Feishu, chat: str | None = None) -> FeishuSender:
    """The ways to Feishu; `chat` instead of the setting. Raises SettingsError for none."""
    app = webhook = None
    if chat and not feishu.app_id:
        raise SettingsError(
            "Only an app can choose the chat.", "Set app_id and app_secret; a webhook has one chat."
        )
    target = chat or feishu.chat
    if feishu.app_id or feishu.app_secret:
        needed = {"app_id": feishu.app_id, "app_secret": feishu.app_secret, "chat_id": target}
        _complete(needed, "Feishu's app", wanted=True)
        app = FeishuApp(feishu.url, feishu.app_id, feishu.app_secret.reveal(), target)
    if feishu.webhook and not chat:
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
    sender = feishu_sender(feishu)
    if sender.app is None:
        yield Audience(f"feishu webhook {_digest(feishu.webhook.reveal())}", sender.deliver)
    else:
        resumable = None if sender.webhook else _UUID_LIFE
        yield Audience(f"feishu chat {feishu.chat}", sender.deliver, resumable)


def _digest(webhook: str) -> str:
    """A hash: the ledger must know one webhook from another, and not its token."""
    return hashlib.sha256(webhook.strip().encode()).hexdigest()[:8]


def _slack(settings: Settings, wanted: bool) -> Iterator[Audience]:
    slack = settings.slack
    webhook = slack.webhook.reveal().strip()
    needed = {"slack_token": slack.token, "slack_channel": slack.channel}
    if webhook:
        by_webhook = SlackWebhook(webhook)
        yield Audience(f"slack webhook {_digest(webhook)}", partial(send_to_slack, by_webhook))
    elif _complete(needed, "Slack", wanted):
        bot = SlackBot(slack.url, slack.token.reveal(), slack.channel)
        yield Audience(f"slack channel {slack.channel}", partial(send_to_slack, bot))


def _mail(settings: Settings, wanted: bool) -> Iterator[Audience]:
    """One audience for each recipient: who was refused is tried again alone."""
    mail = settings.mail
    needed = {"mail_host": mail.host, "mail_from": mail.sender, "mail_to": mail.recipients}
    if not _complete(needed, "Mail", wanted):
        return
    server, domain = mail_server(mail), domain_of(mail.sender)
    for recipient in recipients(mail.recipients):
        deliver = partial(send_mail, server, mail.sender, recipient, domain)
        yield Audience(f"mail {address(recipient).addr_spec}", deliver)


def recipients(text: str) -> list[str]:
    """Addresses with commas between, with names or without, each once.

    `"Doe, Ann" <ann@example.com>` is one.
    """
    pairs = [(name, spec) for name, spec in getaddresses([text]) if name or spec]
    return list(dict.fromkeys(f'"{name}" <{spec}>' if name else spec for name, spec in pairs))


def mail_server(mail: Mail) -> MailServer:
    """Raises SettingsError."""
    tls = cast(Tls, mail.tls)  # which checks it
    password = mail.password.reveal()
    return MailServer(mail.host, mail.port, tls, mail.user, password, mail.ca or None)

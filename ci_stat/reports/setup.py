"""Build the service for reports, and the recipients with their clients, from the settings.

For the context only.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import getaddresses
from functools import partial
from typing import cast

from sqlalchemy import Engine

from ci_stat.config import Feishu, Mail, Reports, Settings
from ci_stat.connectors.feishu import FeishuApp, FeishuWebhook
from ci_stat.connectors.mail.client import MailServer, Tls
from ci_stat.connectors.slack.client import SlackBot, SlackWebhook
from ci_stat.errors import CiStatError, SettingsError
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.mail import address, domain_of
from ci_stat.reports.counted_windows import CountedWindows
from ci_stat.reports.failure_history import FailureHistory
from ci_stat.reports.recipients import (
    FeishuSender,
    MailSender,
    Recipient,
    SendResult,
    send_to_slack,
)
from ci_stat.reports.service import Reporter
from ci_stat.runs.database import Source
from ci_stat.runs.progress import ProgressDisplay
from ci_stat.store.state.failure_history import StoredSightings
from ci_stat.store.state.window_counts import StoredCounts

log = logging.getLogger(__name__)

# Feishu drops a repeated uuid for an hour; the margin is for clocks that differ.
_UUID_LIFE = timedelta(minutes=50)

_NO_CHANNEL = "No channel is set up, so the report has no recipient."
_CHANNEL_SETTINGS = (
    "Set webhook, or app_id, app_secret and chat_id, for Feishu; "
    "mail_host, mail_from and mail_to for mail; "
    "slack_webhook, or slack_token and slack_channel, for Slack."
)
_NO_CHAT = "Set app_id and app_secret; a webhook has one chat."
_FEISHU_SETTINGS = "Set webhook, or app_id, app_secret and chat_id."


def open_reporter(
    source: Source,
    open_state: Callable[[], Engine],
    reports: Reports,
    known_issues: Mapping[str, str],
    now: datetime,
    progress: ProgressDisplay | None = None,
) -> Reporter:
    """Return the service for reports. `now`: aware. Without our state, no failure is new.

    `known_issues`: links by the key of a case.
    """
    counts, sightings = _own_state(open_state, source.name)
    progress = progress or ProgressDisplay()
    return Reporter(
        source=source,
        counted=CountedWindows(source, counts, now),
        history=FailureHistory(source, sightings, now, progress),
        now=now,
        progress=progress,
        stale_after=timedelta(hours=reports.stale_hours),
        history_days=reports.history_days,
        known_issues=known_issues,
    )


def _own_state(
    open_state: Callable[[], Engine], name: str
) -> tuple[StoredCounts | None, StoredSightings | None]:
    """Stored counts and failure history; None, after a warning, if our state cannot be used."""
    try:
        state = open_state()
    except CiStatError as error:
        reason = visible(error)
        log.warning(
            "Our own state cannot be used, so reports cannot mark failures as new: %s", reason
        )
        return None, None
    return StoredCounts(state, name), StoredSightings(state, name)


def recipients(settings: Settings, only: Sequence[str] = ()) -> list[Recipient]:
    """All recipients, or those of the channels in `only`.

    A channel with invalid settings is a recipient whose deliveries fail, so the others get the
    report. Raises SettingsError if no channel is usable.
    """
    named = tuple(dict.fromkeys(only)) or _named_channels(settings)
    usable: list[Recipient] = []
    broken: list[tuple[str, SettingsError]] = []
    for channel in named or _CHANNELS:
        try:
            usable += _CHANNELS[channel](settings, required=bool(named))
        except SettingsError as error:
            broken.append((channel, error))

    if usable:
        return usable + [_unusable(channel, error) for channel, error in broken]
    if broken:
        _, first_error = broken[0]
        raise first_error
    raise SettingsError(_NO_CHANNEL, _CHANNEL_SETTINGS)


def _unusable(channel: str, error: SettingsError) -> Recipient:
    """A recipient for which each delivery fails with this error."""
    result = SendResult(Outcome(DeliveryState.FAILED, error.message, error.hint), "")
    return Recipient(f"{channel} (set up wrongly)", lambda _document, _ticket: result)


def _named_channels(settings: Settings) -> tuple[str, ...]:
    named = settings.reports.channels
    unknown = [name for name in named if name not in _CHANNELS]
    if unknown:
        raise SettingsError(
            f"Unknown channel {unknown[0]!r} in `channels`.",
            f"Channels are {', '.join(_CHANNELS)}.",
        )
    return tuple(dict.fromkeys(named))


def _is_complete(settings: Mapping[str, object], what: str, required: bool) -> bool:
    """Whether all of these settings (by key) have a value.

    Raises SettingsError if only some of them have one, or if none has one and `required` is set.
    """
    missing = [key for key, value in settings.items() if not value]
    is_partial = 0 < len(missing) < len(settings)
    if is_partial or (missing and required):
        message = f"{what} is not set up: {', '.join(missing)} missing."
        raise SettingsError(message, "See `ci-stat config`.")
    return not missing


def feishu_sender(feishu: Feishu, chat: str | None = None) -> FeishuSender:
    """The clients for Feishu. `chat`: instead of the setting. Raises SettingsError for none."""
    if chat and not feishu.app_id:
        raise SettingsError("Only an app can choose the chat.", _NO_CHAT)

    app = _feishu_app(feishu, chat or feishu.chat)
    webhook = None if chat else _feishu_webhook(feishu)
    if app is None and webhook is None:
        raise SettingsError("Feishu is not set up.", _FEISHU_SETTINGS)
    return FeishuSender(app, webhook, feishu.keyword)


def _feishu_app(feishu: Feishu, chat: str) -> FeishuApp | None:
    if not feishu.app_id and not feishu.app_secret:
        return None
    needed = {"app_id": feishu.app_id, "app_secret": feishu.app_secret, "chat_id": chat}
    _is_complete(needed, "Feishu's app", required=True)
    return FeishuApp(feishu.url, feishu.app_id, feishu.app_secret.reveal(), chat)


def _feishu_webhook(feishu: Feishu) -> FeishuWebhook | None:
    if not feishu.webhook:
        return None
    return FeishuWebhook(feishu.webhook.reveal(), feishu.webhook_secret.reveal() or None)


def _feishu(settings: Settings, required: bool) -> Iterator[Recipient]:
    feishu = settings.feishu
    is_set_up = feishu.webhook or feishu.app_id or feishu.app_secret
    if not required and not is_set_up:
        return
    sender = feishu_sender(feishu)
    if sender.app is None:
        yield Recipient(f"feishu webhook {_digest(feishu.webhook.reveal())}", sender.deliver)
        return
    resumable = None if sender.webhook else _UUID_LIFE
    yield Recipient(f"feishu chat {feishu.chat}", sender.deliver, resumable)


def _digest(webhook: str) -> str:
    """A hash that identifies a webhook in the ledger without revealing their tokens."""
    return hashlib.sha256(webhook.strip().encode()).hexdigest()[:8]


def _slack(settings: Settings, required: bool) -> Iterator[Recipient]:
    slack = settings.slack
    webhook = slack.webhook.reveal().strip()
    if webhook:
        deliver = partial(send_to_slack, SlackWebhook(webhook))
        yield Recipient(f"slack webhook {_digest(webhook)}", deliver)
        return
    needed = {"slack_token": slack.token, "slack_channel": slack.channel}
    if _is_complete(needed, "Slack", required):
        bot = SlackBot(slack.url, slack.token.reveal(), slack.channel)
        yield Recipient(f"slack channel {slack.channel}", partial(send_to_slack, bot))


def _mail(settings: Settings, required: bool) -> Iterator[Recipient]:
    """One recipient for each address, so that a refused one is repeated alone."""
    mail = settings.mail
    needed = {"mail_host": mail.host, "mail_from": mail.sender, "mail_to": mail.recipients}
    if not _is_complete(needed, "Mail", required):
        return
    server = _mail_server(mail)
    domain = domain_of(mail.sender)
    for recipient in mail_addresses(mail.recipients):
        sender = MailSender(server, mail.sender, recipient, domain)
        yield Recipient(f"mail {address(recipient).addr_spec}", sender.deliver)


_CHANNELS: dict[str, Callable[..., Iterator[Recipient]]] = {
    "feishu": _feishu,
    "mail": _mail,
    "slack": _slack,
}


def mail_addresses(text: str) -> list[str]:
    """Addresses separated by commas, with names or without, each once.

    `"Doe, Ann" <ann@example.com>` is one.
    """
    pairs = filter(any, getaddresses([text]))
    return list(dict.fromkeys(f'"{name}" <{spec}>' if name else spec for name, spec in pairs))


def _mail_server(mail: Mail) -> MailServer:
    tls = cast(Tls, mail.tls)  # MailServer checks it
    password = mail.password.reveal()
    return MailServer(mail.host, mail.port, tls, mail.user, password, mail.ca or None)

"""`ci-stat campaign report --post`: the verdict goes to the recipients of the reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from ci_stat.campaigns.posting import PostResult
from ci_stat.campaigns.verdict_model import Verdict
from ci_stat.campaigns.views.verdict_document import verdict_document
from ci_stat.cli.work.campaign.places import CampaignPlace
from ci_stat.errors import NotDelivered, SettingsError, UsageError
from ci_stat.escape import visible
from ci_stat.records import DeliveryState
from ci_stat.reports.recipients import Recipient


@dataclass(frozen=True, slots=True)
class Sending:
    """What `--post` is to do. `channels`: empty for all that are set up."""

    channels: Sequence[str] = ()
    dry_run: bool = False
    force: bool = False


def sent_or_drafted(place: CampaignPlace, judged: Verdict, wanted: Sending) -> list[PostResult]:
    """Send the verdict, or say to whom it would go. The results are printed to stderr.

    Raises SettingsError without a channel, and UsageError for a campaign that has not ended: its
    verdict would be sent once, and change.
    """
    if wanted.dry_run:
        _print_recipients(place, wanted)
        return []
    if not judged.is_final:
        raise UsageError(
            f"The campaign {judged.campaign} has not ended, so its verdict may change.",
            "Send it at the end; --dry-run names the recipients now.",
        )
    recipients = place.context.recipients(wanted.channels)
    return sent(place, judged, recipients, wanted.force)


def sent(
    place: CampaignPlace, judged: Verdict, recipients: Sequence[Recipient], force: bool = False
) -> list[PostResult]:
    """Send the verdict, and print what became of it."""
    document = verdict_document(judged, place.zone)
    results = place.setup.poster.post(judged.campaign, document, recipients, force)
    for result in results:
        _print(result)
    return results


def post_data(results: Sequence[PostResult]) -> list[dict[str, Any]]:
    """The deliveries for JSON."""
    return [
        {
            "recipient": result.recipient,
            "state": str(result.state),
            "sent_now": not result.skipped and result.state is DeliveryState.SENT,
            "reason": result.reason or None,
        }
        for result in results
    ]


def require_delivered(results: Sequence[PostResult], campaign: str) -> None:
    """Raise NotDelivered if a recipient may lack the verdict."""
    failed = [result.recipient for result in results if not result.is_fine]
    if failed:
        raise NotDelivered(
            f"The verdict was not delivered to {', '.join(failed)}.",
            f"Try again: ci-stat campaign report {campaign} --post",
        )


def _print_recipients(place: CampaignPlace, wanted: Sending) -> None:
    try:
        recipients = place.context.recipients(wanted.channels)
    except SettingsError as error:
        click.echo(f"ci-stat: nobody would get it: {visible(error.message)}", err=True)
        return
    for recipient in recipients:
        click.echo(f"ci-stat: would be sent to {visible(recipient.name, 200)}", err=True)


def _print(result: PostResult) -> None:
    name, reason = visible(result.recipient, 200), visible(result.reason, 500)
    because = f": {reason}" if reason else ""
    state = "not sent" if result.skipped else str(result.state)
    click.echo(f"ci-stat: {state} to {name}{because}", err=True)
    if result.hint:
        click.echo(f"  {visible(result.hint, 500)}", err=True)

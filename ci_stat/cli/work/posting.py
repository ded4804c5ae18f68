"""`ci-stat report --post`: send a report to each recipient, and print the results."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from ci_stat.context import Context
from ci_stat.errors import CiStatError, NotDelivered
from ci_stat.escape import visible
from ci_stat.records import DeliveryState, RunFilter
from ci_stat.reports.delivery import DeliveryResult, deliver, missed_by
from ci_stat.reports.missed import Missed
from ci_stat.reports.outgoing import OutgoingReport
from ci_stat.reports.recipients import Recipient

log = logging.getLogger(__name__)

_IN_PROGRESS = (DeliveryState.PREPARING, DeliveryState.SENDING)


def missed_reports(
    context: Context, kind: str, window: RunFilter, recipients: Sequence[Recipient], name: str
) -> dict[str, Missed]:
    """What each recipient missed before this window, by its name; {} if our state cannot tell."""
    if not recipients:
        return {}
    try:
        ledger = context.deliveries()
        return {
            recipient.name: missed_by(ledger, kind, window, recipient.name, name)
            for recipient in recipients
        }
    except CiStatError as error:
        log.warning("Our own state cannot tell which reports arrived: %s", visible(error))
        return {}


def post_report(
    report: OutgoingReport,
    recipients: Sequence[Recipient],
    context: Context,
    force: bool,
    quiet: bool,
) -> NotDelivered | None:
    """Send the report. Return an error if a delivery may have failed. `quiet`: print no successes.

    The error is returned so that the caller can print the report first.
    """
    try:
        ledger = context.deliveries()
    except CiStatError as error:
        return NotDelivered(
            f"The report was not sent, because our own state cannot be used: {error.message}",
            error.hint,
        )

    deliveries = deliver(report, recipients, ledger, datetime.now(UTC), force)
    failed = []
    for delivery in deliveries:
        if delivery.unrecorded:
            _print_unrecorded(delivery)
        if not _is_fine(delivery):
            failed.append(delivery.recipient)
            _print_failure(delivery)
        elif not quiet:
            _print_success(delivery)
    if not failed:
        return None
    return NotDelivered(
        f"Not delivered to {', '.join(failed)}.", "`ci-stat deliveries` lists all deliveries."
    )


def _is_fine(delivery: DeliveryResult) -> bool:
    """Whether the report has arrived, or another process is sending it."""
    in_progress = delivery.skipped and delivery.outcome.state in _IN_PROGRESS
    return delivery.arrived or in_progress


def _print_success(delivery: DeliveryResult) -> None:
    if delivery.skipped:
        text = visible(f"not sent to {delivery.recipient}: {delivery.outcome.reason}")
    else:
        text = f"{visible(f'sent to {delivery.recipient}')} as {delivery.form}"
    click.echo(f"{text}\n")


def _print_unrecorded(delivery: DeliveryResult) -> None:
    """The ledger has only that the message may have been sent, so it is never sent again."""
    reason = visible(delivery.unrecorded)
    click.echo(
        f"ci-stat: {delivery.outcome.state} for {visible(delivery.recipient)}, but our own state "
        f"cannot record it: {reason}\n"
        "  `ci-stat deliveries` will list it as uncertain; it is not sent again.",
        err=True,
    )


def _print_failure(delivery: DeliveryResult) -> None:
    """Print to stderr: cron mails it."""
    outcome = delivery.outcome
    prefix = "not sent to" if delivery.skipped else f"{outcome.state} for"
    click.echo(
        f"ci-stat: {visible(f'{prefix} {delivery.recipient}')}: {visible(outcome.reason)}", err=True
    )
    if outcome.hint:
        click.echo(f"  {visible(outcome.hint)}", err=True)

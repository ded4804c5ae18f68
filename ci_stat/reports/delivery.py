"""Deliver a report to each recipient exactly once, with the ledger of our state."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import DeliveryKey, DeliveryState, Outcome, RunFilter
from ci_stat.reports.missed import LONGEST, Missed, missed
from ci_stat.reports.outgoing import OutgoingReport, delivery_key
from ci_stat.reports.recipients import Recipient, Ticket
from ci_stat.store.state.deliveries import Claim, Deliveries
from ci_stat.store.state.outbox import LostClaim

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The delivery of a report to one recipient.

    - `skipped`: nothing was sent by this call; `outcome.reason` says why.
    - `unrecorded`: why our state does not know the outcome, or "".
    """

    recipient: str
    outcome: Outcome
    form: str = ""
    skipped: bool = False
    unrecorded: str = ""

    @property
    def arrived(self) -> bool:
        """Whether the recipient has the report."""
        return self.outcome.state == DeliveryState.SENT


def deliver(
    report: OutgoingReport,
    recipients: Sequence[Recipient],
    ledger: Deliveries,
    now: datetime,
    force: bool = False,
) -> list[DeliveryResult]:
    """Send the report to each recipient that lacks it. `now`: aware; `force`: send it again.

    A recipient's failure becomes its result, so the remaining recipients are still served.
    """
    delivery = _Delivery(report, ledger, now, force)
    results = [delivery.result(recipient) for recipient in recipients]
    _delete_old_deliveries(ledger)
    return results


def missed_by(
    ledger: Deliveries, kind: str, window: RunFilter, recipient: str, name: str = ""
) -> Missed:
    """What the recipient missed before the report of this window. Raises DatabaseError.

    `name`: of the report in the settings.
    """
    key = delivery_key(kind, window.window, window.names, recipient, name)
    return missed(ledger.earlier(key, LONGEST), window.window.begin)


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One report on its way to all recipients."""

    report: OutgoingReport
    ledger: Deliveries
    now: datetime
    force: bool

    def result(self, recipient: Recipient) -> DeliveryResult:
        """Deliver to one recipient. Every failure becomes the result."""
        try:
            return self._claim(recipient)
        except CiStatError as error:
            outcome = Outcome(DeliveryState.FAILED, error.message, error.hint)
        except Exception as error:
            log.exception("Internal error while delivering to %s", visible(recipient.name))
            reason = f"internal error of ci_stat ({type(error).__name__})"
            outcome = Outcome(DeliveryState.FAILED, reason)
        return DeliveryResult(recipient.name, outcome)

    def _claim(self, recipient: Recipient) -> DeliveryResult:
        """Claim the delivery, then send."""
        key = self.ledger.stored_key(self.report.key(recipient.name))
        claim = self.ledger.claim(key, force=self.force, resumable=recipient.resumable)
        if claim.granted:
            return self._send(recipient, key, claim)
        outcome = Outcome(claim.state or DeliveryState.PREPARING, claim.reason)
        return DeliveryResult(recipient.name, outcome, skipped=True)

    def _send(self, recipient: Recipient, key: DeliveryKey, claim: Claim) -> DeliveryResult:
        """Send under a claim, and record the outcome."""
        own = self.report.of(recipient.name)
        since = own.news_since.isoformat()
        try:
            outcome, form = recipient.deliver(own.document, self._ticket(key, claim, since))
        except LostClaim as error:
            # Another process has the claim, or the deadline passed: the outcome is unknown here.
            outcome = Outcome(DeliveryState.UNCERTAIN, error.message, error.hint)
            return DeliveryResult(recipient.name, outcome, skipped=True)
        except BaseException:
            self.ledger.release(key)  # without effect once the message has left
            raise
        unrecorded = self._record(key, outcome, form, since)
        return DeliveryResult(recipient.name, outcome, form, unrecorded=unrecorded)

    def _record(self, key: DeliveryKey, outcome: Outcome, form: str, since: str) -> str:
        """Store the outcome. An error of our state, which is returned, does not change it."""
        try:
            self.ledger.finish(key, outcome, form, since, self.report.filter)
            return ""
        except CiStatError as error:
            return error.message

    def _ticket(self, key: DeliveryKey, claim: Claim, since: str) -> Ticket:
        return Ticket(
            kind=self.report.thread,
            name=delivery_id(key),
            attempt=delivery_id(key, claim.first_started.isoformat()),
            now=self.now,
            sending=partial(self.ledger.sending, key, news_since=since, names=self.report.filter),
        )


def delivery_id(key: DeliveryKey, attempt: str = "") -> str:
    """Id of a delivery or of one attempt: 40 hex digits."""
    parts = (key.report, key.begin, key.end, key.audience, key.about, attempt)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _delete_old_deliveries(ledger: Deliveries) -> None:
    """Delete old rows. A failure is only logged, because the next report tries again."""
    try:
        deleted = ledger.prune()
    except CiStatError as error:
        log.warning("Old deliveries could not be deleted: %s", visible(error))
        return
    if deleted:
        log.info("Deleted %s deliveries older than 400 days", f"{deleted:,}")

"""The shell around deliveries: a report to each audience, once and only once."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from ci_stat.errors import CiStatError
from ci_stat.escape import visible
from ci_stat.records import Delivery, DeliveryKey, DeliveryState, Outcome, names_key, names_key_v0
from ci_stat.reports.document import report_document
from ci_stat.reports.model import Report, TroubleReport
from ci_stat.reports.recipients import Audience, Ticket
from ci_stat.store.state.deliveries import Deliveries
from ci_stat.store.state.outbox import LostClaim

log = logging.getLogger(__name__)

_LONGEST_GAP = timedelta(days=7)  # longer, and nobody waits for what lies in it


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a report for one audience. `skipped`: nothing was sent now, for `outcome.reason`."""

    audience: str
    outcome: Outcome
    form: str = ""
    skipped: bool = False

    @property
    def arrived(self) -> bool:
        return self.outcome.state == DeliveryState.SENT


def deliver(
    report: Report,
    audiences: Sequence[Audience],
    ledger: Deliveries,
    now: datetime,
    force: bool = False,
) -> list[Delivered]:
    """Send the report to each audience that has not got it. One that fails does not stop the others."""
    delivered = [_deliver(report, audience, ledger, now, force) for audience in audiences]
    _forget_old_deliveries(ledger)
    return delivered


def _forget_old_deliveries(ledger: "Deliveries") -> None:
    """That this fails is no reason to say that a report was not delivered: the next report tries again."""
    try:
        forgotten = ledger.prune()
    except CiStatError as error:
        log.warning("Old deliveries were not forgotten: %s", visible(error))
        return
    if forgotten:
        log.info("Forgot %s deliveries of more than a year ago", f"{forgotten:,}")


def report_key(report: Report, audience: str) -> DeliveryKey:
    """What is delivered once. A report of trouble is another one: the real one can follow it."""
    trouble = "-trouble" if isinstance(report, TroubleReport) else ""
    window = report.window
    return DeliveryKey(
        f"{report.kind}{trouble}",
        window.begin.isoformat(),
        window.end.isoformat(),
        audience,
        names_key(report.about),
        names_key_v0(report.about),
    )


def _deliver(
    report: Report, audience: Audience, ledger: Deliveries, now: datetime, force: bool
) -> Delivered:
    """Whatever goes wrong with one audience is told, and the others are not kept from theirs."""
    try:
        return _claimed(report, audience, ledger, now, force)
    except CiStatError as error:
        return Delivered(audience.name, Outcome(DeliveryState.FAILED, error.message, error.hint))
    except Exception as error:
        log.exception("A fault of ci_stat while a report was made for %s", visible(audience.name))
        return Delivered(
            audience.name,
            Outcome(DeliveryState.FAILED, f"a fault of ci_stat ({type(error).__name__})"),
        )


def _claimed(
    report: Report, audience: Audience, ledger: Deliveries, now: datetime, force: bool
) -> Delivered:
    key = ledger.stored_key(report_key(report, audience.name))
    claim = ledger.claim(key, force=force, resumable=audience.resumable)
    if not claim.granted:
        return Delivered(
            audience.name,
            Outcome(claim.state or DeliveryState.PREPARING, claim.reason),
            skipped=True,
        )
    attempt = _named(key, claim.first_started.isoformat())
    ticket = Ticket(report.kind, _named(key), attempt, now, partial(ledger.sending, key))
    try:
        outcome, form = audience.deliver(
            report_document(report, notes_before(ledger.before(key), report.window.begin)), ticket
        )
    except LostClaim as error:
        # Somebody else has it, or it took so long that it might arrive twice: what became of it is not known here.
        return Delivered(
            audience.name, Outcome(DeliveryState.UNCERTAIN, error.message, error.hint), skipped=True
        )
    except BaseException:
        ledger.release(key)  # nothing happens once it has left
        raise
    ledger.finish(key, outcome, form)
    return Delivered(audience.name, outcome, form)


def _named(key: DeliveryKey, attempt: str = "") -> str:
    """A short name of a delivery, or of one attempt: 40 hex digits."""
    parts = (key.report, key.begin, key.end, key.audience, key.about, attempt)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def notes_before(before: Delivery | None, begin: datetime) -> list[str]:
    """What to say when the report before this one is not known to have arrived, or when there was none.

    `begin`: of this report's window.
    """
    if before is None:
        return []
    end = datetime.fromisoformat(before.key.end)
    if before.state == DeliveryState.SENT:
        missing = timedelta(0) < begin - end <= _LONGEST_GAP
        return (
            [f"There was no report of {end:%Y-%m-%d %H:%M} to {begin:%Y-%m-%d %H:%M}"]
            if missing
            else []
        )
    what = (
        "did not get through"
        if before.state == DeliveryState.FAILED
        else "may not have got through"
    )
    why = f": {before.reason}" if before.reason else ""
    first = datetime.fromisoformat(before.key.begin)
    return [
        f"The report before this one, of {first:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, {what}{why}"
    ]

"""Tells each recipient what has changed since the last alert that it got."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ci_stat.errors import CiStatError
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document
from ci_stat.reports.recipients import Recipient, Ticket
from ci_stat.store.state.calls import Answer, CallState
from ci_stat.store.state.outbox import LostClaim
from ci_stat.test_results.alerts.changes import after, changes, digest_of
from ci_stat.test_results.alerts.document import alert_document
from ci_stat.test_results.alerts.ledger import AlertLedger, Position
from ci_stat.test_results.alerts.model import Known, Present, SeriesChange

_OUTCOMES = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}


class AlertState(StrEnum):
    """What became of the alert to one recipient."""

    NOTHING_NEW = "nothing new"
    SENT = "sent"
    FAILED = "failed"  # the next alert tells it
    UNCERTAIN = "uncertain"  # it may have arrived; it is sent again with the next change
    BUSY = "busy"  # another process is telling it


@dataclass(frozen=True, slots=True)
class AlertResult:
    """The alert to one recipient. `document`: None for nothing new."""

    recipient: str
    state: AlertState
    changes: tuple[SeriesChange, ...] = ()
    document: Document | None = None
    reason: str = ""
    hint: str = ""

    @property
    def is_fine(self) -> bool:
        return self.state not in (AlertState.FAILED, AlertState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Alerter:
    """Sends alerts. `now`: aware."""

    ledger: AlertLedger
    now: Callable[[], datetime]
    limit: int = 10

    def known_keys(self, recipients: Sequence[str]) -> frozenset[str]:
        """Keys of all conditions that the recipients know. Raises DatabaseError."""
        keys: set[str] = set()
        for name in recipients:
            for bad in self.ledger.position(name).known.bad.values():
                keys.update(bad)
        return frozenset(keys)

    def draft(self, recipient: str, presents: Sequence[Present]) -> AlertResult:
        """What the recipient would receive. Raises DatabaseError."""
        return self._result(recipient, self.ledger.position(recipient), presents)

    def alert(
        self, recipients: Sequence[Recipient], presents: Sequence[Present], force: bool = False
    ) -> list[AlertResult]:
        """Tell each recipient what it does not know. A failure becomes its result.

        `force`: also tell what may have arrived before.
        """
        return [self._alert(recipient, presents, force) for recipient in recipients]

    def _alert(self, recipient: Recipient, presents: Sequence[Present], force: bool) -> AlertResult:
        try:
            return self._announced(recipient, presents, force)
        except CiStatError as error:
            return AlertResult(
                recipient.name, AlertState.FAILED, reason=error.message, hint=error.hint
            )

    def _announced(
        self, recipient: Recipient, presents: Sequence[Present], force: bool
    ) -> AlertResult:
        position = self.ledger.position(recipient.name)
        result = self._result(recipient.name, position, presents)
        if result.document is None:
            return result
        if position.is_busy:
            return _with(result, AlertState.BUSY, "another process is sending an alert")
        if digest_of(result.changes) in position.uncertain and not force:
            return _with(
                result,
                AlertState.UNCERTAIN,
                "it was sent before, but it is not known whether it arrived",
                "Check there; --force sends it again. The next change is sent with all of it.",
            )
        known = after(position.known, presents)
        return self._send(recipient, result, position.number, known)

    def _result(
        self, recipient: str, position: Position, presents: Sequence[Present]
    ) -> AlertResult:
        news = changes(position.known, presents)
        if not news:
            return AlertResult(recipient, AlertState.NOTHING_NEW)
        document = alert_document(news, bool(position.uncertain), self.limit)
        return AlertResult(recipient, AlertState.SENT, news, document)

    def _send(
        self, recipient: Recipient, result: AlertResult, number: int, known: Known
    ) -> AlertResult:
        id = self.ledger.claim(recipient.name, number)
        if id is None:
            return _with(result, AlertState.BUSY, "another process has sent an alert")
        hash = digest_of(result.changes)
        ticket = Ticket(
            kind="alert",
            name=hashlib.sha256(id.encode()).hexdigest()[:40],
            attempt=hashlib.sha256(f"{id} {self.now()}".encode()).hexdigest()[:40],
            now=self.now(),
            sending=lambda _form: self.ledger.sending(id, hash, known),
        )
        assert result.document is not None
        try:
            outcome, _ = recipient.deliver(result.document, ticket)
        except LostClaim as error:
            return _with(result, AlertState.BUSY, error.message)
        except BaseException:
            self.ledger.release(id)  # without effect once the message has left
            raise
        self._record(id, outcome)
        self.ledger.prune(recipient.name, number)
        return _with(result, AlertState(str(outcome.state)), outcome.reason, outcome.hint)

    def _record(self, id: str, outcome: Outcome) -> None:
        answer = Answer(
            _OUTCOMES[outcome.state],
            reference=outcome.message_id,
            code=outcome.code,
            reason=outcome.reason,
        )
        self.ledger.finish(id, answer)


def _with(result: AlertResult, state: AlertState, reason: str = "", hint: str = "") -> AlertResult:
    return AlertResult(result.recipient, state, result.changes, result.document, reason, hint)

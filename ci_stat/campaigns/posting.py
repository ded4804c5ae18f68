"""Sends the verdict of a campaign to each recipient of the reports, once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import msgspec

from ci_stat.errors import CiStatError
from ci_stat.records import DeliveryState, Outcome
from ci_stat.rendering.document import Document
from ci_stat.reports.recipients import Recipient, SendResult, Ticket
from ci_stat.store.state.calls import (
    UNFINISHED,
    Answer,
    Call,
    CallKind,
    CallState,
    LookUp,
    Request,
    cannot_look_up,
)
from ci_stat.store.state.outbox import LostClaim, Outbox
from ci_stat.store.state.stored_values import digest, shown

FEATURE = "verdict"
_OUTCOMES = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}
_STATES = {call: delivery for delivery, call in _OUTCOMES.items()}


@dataclass(frozen=True, slots=True)
class PostResult:
    """The verdict to one recipient.

    - `state`: SENT, FAILED, UNCERTAIN, or SENDING if another process is at it.
    - `skipped`: this call sent nothing; `reason` says why.
    """

    recipient: str
    state: DeliveryState
    reason: str = ""
    hint: str = ""
    skipped: bool = False

    @property
    def is_fine(self) -> bool:
        return self.state in (DeliveryState.SENT, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class Poster:
    """Sends the verdicts of campaigns at one repository. `now`: the aware present."""

    outbox: Outbox
    now: Callable[[], datetime]

    def post(
        self,
        campaign: str,
        document: Document,
        recipients: Sequence[Recipient],
        force: bool = False,
    ) -> list[PostResult]:
        """Send the verdict to each recipient that lacks it. A failure becomes its result.

        `campaign`: its id. `force`: send it again, also where it arrived.
        """
        results = []
        for recipient in recipients:
            try:
                result = self._post(campaign, document, recipient, force)
            except CiStatError as error:
                failed = DeliveryState.FAILED
                result = PostResult(recipient.name, failed, error.message, error.hint)
            results.append(result)
        return results

    def _post(
        self, campaign: str, document: Document, recipient: Recipient, force: bool
    ) -> PostResult:
        request = request_of(campaign, recipient.name)
        claim = self.outbox.prepare(request, self._look_up(recipient.resumable), force)
        if not claim.granted:
            return _skipped(recipient.name, claim.call)
        ticket = Ticket(
            kind="campaign",
            name=request.id,
            attempt=digest(request.id, claim.call.started.isoformat()),
            now=self.now(),
            sending=lambda _form: self.outbox.calling(request.id),
        )
        try:
            outcome, _ = self._sent(recipient, document, ticket)
        except LostClaim as error:
            busy = DeliveryState.SENDING
            return PostResult(recipient.name, busy, error.message, error.hint, skipped=True)
        self.outbox.finish(request.id, _answer(outcome))
        return PostResult(recipient.name, outcome.state, outcome.reason, outcome.hint)

    def _sent(self, recipient: Recipient, document: Document, ticket: Ticket) -> SendResult:
        try:
            return recipient.deliver(document, ticket)
        except BaseException:
            self.outbox.release(ticket.name)  # without effect once the message has left
            raise

    def _look_up(self, resumable: timedelta | None) -> LookUp:
        """A message cannot be looked up, but its server may drop a repeated one for a while."""
        return cannot_look_up if resumable is None else partial(self._recent, resumable)

    def _recent(self, resumable: timedelta, call: Call) -> Answer:
        is_recent = call.called is not None and abs(self.outbox.now() - call.called) < resumable
        return Answer(CallState.UNKNOWN, repeatable=is_recent)


def request_of(campaign: str, recipient: str) -> Request:
    """The delivery of a campaign's verdict to a recipient."""
    identity = msgspec.json.encode([1, campaign, recipient]).decode()
    return Request(digest(FEATURE, campaign, recipient), identity, CallKind.MESSAGE)


def _answer(outcome: Outcome) -> Answer:
    return Answer(
        _OUTCOMES[outcome.state],
        reference=outcome.message_id,
        code=outcome.code,
        reason=outcome.reason,
    )


def _skipped(recipient: str, call: Call) -> PostResult:
    """Why nothing was sent now."""
    if call.state in UNFINISHED:
        words = "another process is sending it"
        return PostResult(recipient, DeliveryState.SENDING, words, skipped=True)
    at = shown(call.changed)
    if call.state is CallState.DONE:
        return PostResult(recipient, DeliveryState.SENT, f"already sent at {at}", skipped=True)
    because = f": {call.reason}" if call.reason else ""
    return PostResult(
        recipient,
        _STATES[call.state],
        f"it may have arrived at {at}{because}",
        "Check there; if it did not arrive, send it again with --force.",
        skipped=True,
    )

"""Deliveries in the outbox: each audience gets a report once, also if a sender is killed."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import msgspec
from sqlalchemy import Engine

from ci_stat.escape import visible
from ci_stat.records import Delivery, DeliveryKey, DeliveryState, Outcome
from ci_stat.store.state.calls import (
    UNFINISHED,
    Answer,
    Call,
    CallKind,
    CallState,
    Request,
    cannot_tell,
)
from ci_stat.store.state.compare_and_set import utc_text
from ci_stat.store.state.delivery_key import (
    identity_of,
    instant,
    key_of,
    position_of,
    row_of,
    series_of,
)
from ci_stat.store.state.outbox import KEPT, LEASE, LostClaim, Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import process_words
from ci_stat.store.state.tables import fit, outward_calls, source_of
from ci_stat.store.state.transitions import shown

FEATURE = "report"

_STATES = {
    CallState.INTENDED: DeliveryState.PREPARING,
    CallState.CLAIMED: DeliveryState.SENDING,
    CallState.DONE: DeliveryState.SENT,
    CallState.REFUSED: DeliveryState.FAILED,
    CallState.UNKNOWN: DeliveryState.UNCERTAIN,
}
_ENDS = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}
_LONGEST_FORM = 64

_Deliveries = list[Delivery]  # in the class, `list` is a method
_c = outward_calls.c


class Payload(msgspec.Struct, frozen=True):
    """What a row keeps of a message. `form`: which form of it was sent last, e.g. `card`."""

    form: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether we may send, and why (not).

    - `state`: what the row said before the claim, None where there was none; for one not granted,
      what it says now.
    - `reason`: that state in words; "" where there was no row.
    - `first_started`: when this attempt to send began, aware, in UTC. It is the same for all who
      take the same attempt up again (`resumable`), and another one for each new attempt: a uuid
      made of key and moment tells them apart.
    - `tries`: how often the delivery was claimed, with this time if it is granted.
    """

    granted: bool
    state: DeliveryState | None
    reason: str
    first_started: datetime
    tries: int


class Deliveries:
    """The deliveries of one CI database. `State.prepare` makes the table.

    A claim belongs to the object that made it. All methods raise DatabaseError when the state does
    not answer.
    """

    def __init__(
        self,
        engine: Engine,
        database: str,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
    ) -> None:
        """`database` as for `State`; `owner`: `this_process()`; `clock`: now, aware; `alive`:
        `is_alive`.
        """
        self._source, self._owner = source_of(database), owner
        table = CallTable(engine, FEATURE, self._source)
        self._outbox = Outbox(table, owner, clock, alive, LEASE)
        self._resumable: dict[str, timedelta | None] = {}

    def known_as(self, key: DeliveryKey) -> DeliveryKey:
        """The key to use for all that follows: with `about` of version 0 where a row of that version is there.

        Messages are named after the key, too: an attempt that began under version 0 goes on under its old name.
        """
        if not key.about_v0:
            return key
        older = replace(key, about=key.about_v0, about_v0=key.about)
        row = self._outbox.table.read(row_of(self._source, older))
        return key if row is None else older

    def claim(
        self, key: DeliveryKey, force: bool = False, resumable: timedelta | None = None
    ) -> Claim:
        """Ask for the right to send. Granted where nothing was sent, or for certain nothing
        arrived.

        `resumable`: for how long the server recognises a uuid, less a margin: within it, an attempt
        whose outcome is uncertain may be taken up. `force`: send whatever happened, unless a living
        process is at it.
        """
        request = self._request(key)
        look = cannot_tell if resumable is None else partial(self._look, resumable)
        claim = self._outbox.prepare(request, look, force)
        if not claim.granted:
            state, call = _STATES[claim.call.state], claim.call
            return Claim(False, state, self._describe(call), call.started, call.attempt)

        self._resumable[request.id] = resumable
        state_before = _STATES[claim.stored.state] if claim.stored else None
        reason = self._describe(claim.before) if claim.before else ""
        return Claim(True, state_before, reason, claim.call.started, claim.call.attempt)

    def _request(self, key: DeliveryKey) -> Request:
        return Request(
            row_of(self._source, key),
            identity_of(key),
            CallKind.MESSAGE,
            series=series_of(self._source, key),
            position=position_of(key),
        )

    def _look(self, resumable: timedelta, call: Call) -> Answer:
        """What became of a message cannot be found out; whether the server still recognises its
        uuid can.
        """
        is_recent = call.called is not None and abs(self._outbox.now() - call.called) < resumable
        return Answer(CallState.UNKNOWN, repeatable=is_recent)

    def sending(self, key: DeliveryKey, form: str) -> None:
        """Note, for good, that from now on the message may be on its way. Called again for another
        form of it.

        Raises LostClaim if it is not ours, or the server may have forgotten the uuid by now; then
        nothing may be sent.
        """
        row = row_of(self._source, key)
        self._require_recent(key, row)
        try:
            self._outbox.calling(row, _payload(form))
        except LostClaim as lost:
            raise LostClaim(lost.message, "See who sends it.") from None

    def _require_recent(self, key: DeliveryKey, row: str) -> None:
        held, resumable = self._outbox.held(row), self._resumable.get(row)
        if held is None or held.before is None or resumable is None or not held.same_attempt:
            return
        is_sent = held.call.state is not CallState.INTENDED
        if is_sent or self._look(resumable, held.before).repeatable:
            return
        self.release(key)
        raise LostClaim(
            f"It took too long to send it again ({self._describe(held.before)}):"
            " it might arrive twice.",
            "Look whether it arrived; send it again on purpose if it did not.",
        )

    def finish(self, key: DeliveryKey, outcome: Outcome, form: str) -> bool:
        """Note what became of it: SENT, FAILED or UNCERTAIN. False if it is not ours any more; then
        nothing is noted.

        A report that had arrived before, or may have, stays so when a further attempt fails; the
        reason says both.
        """
        if outcome.state not in _ENDS:
            raise ValueError(f"{outcome.state} is not the end of a delivery")
        answer = Answer(
            _ENDS[outcome.state],
            reference=outcome.message_id,
            code=outcome.code,
            reason=outcome.reason,
        )
        return self._outbox.finish(row_of(self._source, key), answer, _payload(form))

    def release(self, key: DeliveryKey) -> bool:
        """Give back what was claimed and not sent, as if nothing had happened. False if there is
        nothing to give back.

        Not sent is also what `sending` did not come back for: it may have been noted, and has not
        been done.
        """
        return self._outbox.release(row_of(self._source, key))

    def before(self, key: DeliveryKey) -> Delivery | None:
        """The newest delivery of a report like this one whose window ended when this one's begins,
        or sooner.

        A report and its trouble are alike, for the same audience and names. States are as for
        `list`.
        """
        begins = instant(key.begin)
        if begins is None:
            return None
        of_series = _c.series.in_(self._series(key))
        newest_first = (_c.position.desc(), _c.changed.desc(), _c.id)
        calls = self._outbox.table.select(
            of_series, _c.position <= utc_text(begins), order=newest_first, limit=1
        )
        if not calls:
            return None
        call = self._outbox.as_it_stands(calls[0])
        kept = key_of(call.identity)
        whole = DeliveryKey(kept.report, kept.begin, kept.end, key.audience, key.about)
        return _delivery(call, whole)

    def _series(self, key: DeliveryKey) -> set[str]:
        """The series of a key, in both spellings of its names."""
        spellings = {key.about, key.about_v0} if key.about_v0 else {key.about}
        return {series_of(self._source, replace(key, about=about)) for about in spellings}

    def list(
        self,
        limit: int,
        states: Collection[DeliveryState] | None = None,
        since: datetime | None = None,
    ) -> _Deliveries:
        """The deliveries that changed last, newest first; `since`: aware. Long texts of their keys
        are cut.

        What a process left that is gone reads as what it means: UNCERTAIN, or FAILED if nothing had
        been sent.
        """
        where = [] if since is None else [_c.changed >= utc_text(since)]
        if states is not None:
            stored = [state for state, shown_as in _STATES.items() if shown_as in states]
            where.append(_c.state.in_({*stored, *UNFINISHED}))
        kept = None if states is not None else limit
        calls = self._outbox.table.select(*where, order=(_c.changed.desc(), _c.id), limit=kept)

        current = [self._outbox.as_it_stands(call) for call in calls]
        deliveries = [_delivery(call, key_of(call.identity)) for call in current]
        wanted = [made for made in deliveries if states is None or made.state in states]
        return sorted(wanted, key=lambda delivery: delivery.changed, reverse=True)[:limit]

    def prune(self, older_than: timedelta = KEPT) -> int:
        """Forget reports that arrived, or did not, so long ago; how many. What is uncertain
        stays.
        """
        return self._outbox.prune(older_than)

    def _describe(self, call: Call) -> str:
        at, why = shown(call.changed), f": {visible(call.reason)}" if call.reason else ""
        who = f"{'this' if call.owner == self._owner else 'another'} {process_words(call.owner)}"
        return {
            CallState.INTENDED: f"{who} is preparing it since {at}",
            CallState.CLAIMED: f"{who} is sending it since {at}",
            CallState.DONE: f"already sent at {at}",
            CallState.REFUSED: f"not delivered at {at}{why}",
            CallState.UNKNOWN: f"outcome uncertain since {at}{why}",
        }[call.state]


def _payload(form: str) -> str:
    return msgspec.json.encode(Payload(fit(form, _LONGEST_FORM))).decode()


def _delivery(call: Call, key: DeliveryKey) -> Delivery:
    return Delivery(
        key,
        _STATES[call.state],
        call.owner,
        call.started,
        call.changed,
        call.attempt,
        msgspec.json.decode(call.payload, type=Payload).form,
        call.code,
        call.reason,
        call.reference,
    )

"""Deliveries in the outbox: each recipient gets a report once, even if a sender is killed."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter

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
    cannot_look_up,
)
from ci_stat.store.state.delivery_row import (
    FEATURE,
    STATES,
    delivery_of,
    identity_of,
    instant,
    key_of,
    payload_of,
    position_of,
    row_of,
    series_of,
)
from ci_stat.store.state.outbox import KEPT, LostClaim, Outbox
from ci_stat.store.state.outbox_table import CallTable
from ci_stat.store.state.process_id import process_words
from ci_stat.store.state.stored_values import shown, source_of, utc_text
from ci_stat.store.state.tables import outward_calls

_OUTCOMES = {
    DeliveryState.SENT: CallState.DONE,
    DeliveryState.FAILED: CallState.REFUSED,
    DeliveryState.UNCERTAIN: CallState.UNKNOWN,
}

_Deliveries = list[Delivery]  # in the class, `list` is a method
_c = outward_calls.c


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether this process may send, and why.

    - `state`: the row's state before the claim, None for a new row; if denied, the state now.
    - `reason`: that state for people; "" for a new row.
    - `first_started`: when this attempt began, aware, in UTC. A continued attempt (`resumable`)
      keeps it and a new attempt changes it, so a uuid of key and time distinguishes attempts.
    - `tries`: how often the delivery was claimed, this claim included if it is granted.
    """

    granted: bool
    state: DeliveryState | None
    reason: str
    first_started: datetime
    tries: int


class Deliveries:
    """The deliveries of one CI database. `prepare_state` creates the table.

    A claim belongs to the object that made it. All methods raise DatabaseError.
    """

    def __init__(
        self,
        engine: Engine,
        database: str,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
    ) -> None:
        """`database`: `runs.database_name`; `owner`, `clock` and `alive` as for `Outbox`."""
        self._source, self._owner = source_of(database), owner
        self._outbox = Outbox(CallTable(engine, FEATURE, self._source), owner, clock, alive)
        self._resumable: dict[str, timedelta | None] = {}

    def stored_key(self, key: DeliveryKey) -> DeliveryKey:
        """The key to use from now on: with `about` of version 0 if such a row exists.

        Message ids contain the key, so an attempt of version 0 continues under its old key.
        """
        if not key.about_v0:
            return key
        older = replace(key, about=key.about_v0, about_v0=key.about)
        row = self._outbox.table.read(row_of(self._source, older))
        return key if row is None else older

    def claim(
        self, key: DeliveryKey, force: bool = False, resumable: timedelta | None = None
    ) -> Claim:
        """Ask to send. Granted if nothing was sent, or certainly nothing arrived.

        `resumable`: how long the server recognises a uuid, less a margin; until then an uncertain
        attempt may be continued. `force`: granted unless a living process is sending.
        """
        request = self._request(key)
        look_up = partial(self._look_up, resumable) if resumable is not None else cannot_look_up
        claim = self._outbox.prepare(request, look_up, force)
        call = claim.call
        if not claim.granted:
            reason = self._describe(call)
            return Claim(False, STATES[call.state], reason, call.started, call.attempt)

        self._resumable[request.id] = resumable
        state = STATES[claim.stored.state] if claim.stored else None
        reason = self._describe(claim.before) if claim.before else ""
        return Claim(True, state, reason, call.started, call.attempt)

    def _request(self, key: DeliveryKey) -> Request:
        return Request(
            row_of(self._source, key),
            identity_of(key),
            CallKind.MESSAGE,
            series=series_of(self._source, key),
            position=position_of(key),
        )

    def _look_up(self, resumable: timedelta, call: Call) -> Answer:
        """A message cannot be looked up, but the server may still recognise its uuid."""
        is_recent = call.called is not None and abs(self._outbox.now() - call.called) < resumable
        return Answer(CallState.UNKNOWN, repeatable=is_recent)

    def sending(self, key: DeliveryKey, form: str, news_since: str = "", names: str = "") -> None:
        """Record that the message may have been sent from now on; again for each other form.

        `news_since`, `names`: as in `Delivery`. Raises LostClaim if the claim is lost, or the
        server may have forgotten the uuid; then nothing may be sent.
        """
        row = row_of(self._source, key)
        self._require_recent(key, row)
        try:
            self._outbox.calling(row, payload_of(form, news_since, names))
        except LostClaim as error:
            raise LostClaim(error.message, "See which process sends it.") from None

    def _require_recent(self, key: DeliveryKey, row: str) -> None:
        claim, resumable = self._outbox.claim_for(row), self._resumable.get(row)
        if claim is None or claim.before is None or resumable is None or not claim.same_attempt:
            return
        before = claim.before
        is_sent = claim.call.state is not CallState.INTENDED
        if is_sent or self._look_up(resumable, before).repeatable:
            return
        self.release(key)
        raise LostClaim(
            f"Too late to send it again safely ({self._describe(before)}): it might arrive twice.",
            "Check whether it arrived; if not, send it again with --force.",
        )

    def finish(
        self,
        key: DeliveryKey,
        outcome: Outcome,
        form: str,
        news_since: str = "",
        names: str = "",
    ) -> bool:
        """Store the outcome: SENT, FAILED or UNCERTAIN.

        False, and nothing is stored, if another process has taken over. A report that arrived
        before, or may have, stays so when this attempt fails; the reason says both.
        """
        if outcome.state not in _OUTCOMES:
            raise ValueError(f"{outcome.state} is not the outcome of a delivery")
        answer = Answer(
            _OUTCOMES[outcome.state],
            reference=outcome.message_id,
            code=outcome.code,
            reason=outcome.reason,
        )
        payload = payload_of(form, news_since, names)
        return self._outbox.finish(row_of(self._source, key), answer, payload)

    def release(self, key: DeliveryKey) -> bool:
        """Undo a claim for which `sending` did not return. False if there is no such claim."""
        return self._outbox.release(row_of(self._source, key))

    def earlier(self, key: DeliveryKey, within: timedelta = KEPT) -> _Deliveries:
        """The deliveries of the series with windows before this one's, the newest window first.

        `within`: how far back they may end. A report and its error report for the same recipient
        and names are one series. States are those of `list`.
        """
        begins = instant(key.begin)
        if begins is None:
            return []
        where = [_c.series.in_(self._series(key)), _c.position <= utc_text(begins)]
        with suppress(OverflowError):  # before year 1
            where.append(_c.position >= utc_text(begins - within))
        newest_first = (_c.position.desc(), _c.changed.desc(), _c.id)
        calls = self._outbox.table.select(*where, order=newest_first)
        current = map(self._outbox.current, calls)
        return [delivery_of(call, self._own_key(call, key)) for call in current]

    def _own_key(self, call: Call, key: DeliveryKey) -> DeliveryKey:
        """The key of a call of this key's series, with its long texts whole."""
        return replace(key_of(call), audience=key.audience, about=key.about)

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
        """The deliveries that changed last, newest first. Long texts of their keys are cut.

        `since`: aware. A delivery whose process has exited is UNCERTAIN, or FAILED if nothing was
        sent.
        """
        where = []
        if since is not None:
            where.append(_c.changed >= utc_text(since))
        if states is not None:
            stored = [state for state, delivery_state in STATES.items() if delivery_state in states]
            where.append(_c.state.in_({*stored, *UNFINISHED}))
        newest_first = (_c.changed.desc(), _c.id)
        most = limit if states is None else None
        calls = self._outbox.table.select(*where, order=newest_first, limit=most)

        current = map(self._outbox.current, calls)
        deliveries = [delivery_of(call, key_of(call)) for call in current]
        if states is not None:
            deliveries = [delivery for delivery in deliveries if delivery.state in states]
        return sorted(deliveries, key=attrgetter("changed"), reverse=True)[:limit]

    def prune(self, older_than: timedelta = KEPT) -> int:
        """Delete settled deliveries of that age; return their number. Uncertain ones stay."""
        return self._outbox.prune(older_than)

    def _describe(self, call: Call) -> str:
        at = shown(call.changed)
        reason = f": {visible(call.reason)}" if call.reason else ""
        which = "this" if call.owner == self._owner else "another"
        process = f"{which} {process_words(call.owner)}"
        return {
            CallState.INTENDED: f"{process} has been preparing it since {at}",
            CallState.CLAIMED: f"{process} has been sending it since {at}",
            CallState.DONE: f"already sent at {at}",
            CallState.REFUSED: f"not delivered at {at}{reason}",
            CallState.UNKNOWN: f"outcome uncertain since {at}{reason}",
        }[call.state]

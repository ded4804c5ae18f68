"""The outbox: each outward call is stored before it is made, and its answer afterwards.

The states are intended -> claimed -> called -> settled (done, refused, unknown). Each transition is
one transaction that replaces the row only if its `token` is unchanged. So only one process may make
a call, and the row of a killed process says how far it came. A call that may have taken effect is
looked up at its target before it is repeated; the feature provides the look-up.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement

from ci_stat.errors import DatabaseError
from ci_stat.store.state.calls import (
    SETTLED,
    UNFINISHED,
    Answer,
    Call,
    CallState,
    Claim,
    LookUp,
    Request,
    cannot_look_up,
)
from ci_stat.store.state.compare_and_set import retry_conflicts
from ci_stat.store.state.outbox_table import CallTable, claim_of, is_claimed, is_unchanged
from ci_stat.store.state.process_id import is_seen
from ci_stat.store.state.stored_values import utc_text
from ci_stat.store.state.tables import outward_calls
from ci_stat.store.state.transitions import (
    abandoned,
    answered,
    finished,
    first_attempt,
    next_attempt,
    permission,
)

LEASE = timedelta(minutes=15)  # how long a process that cannot be observed is assumed to work
KEPT = timedelta(days=400)  # settled calls: longer than a year, so a yearly report is sent once

_c = outward_calls.c


class LostClaim(DatabaseError):
    """This process may not make the call, or not any more."""


class Outbox:
    """The calls of one feature to one target. Claims belong to the object that made them.

    `prepare_state` creates the table. All methods raise DatabaseError.
    """

    def __init__(
        self,
        table: CallTable,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
        lease: timedelta = LEASE,
    ) -> None:
        """`owner`: `this_process()`; `clock`: the aware present; `alive`: `is_alive`."""
        self.table = table
        self._owner, self._clock, self._alive, self._lease = owner, clock, alive, lease
        self._claims: dict[str, Claim] = {}
        self._tokens: dict[str, str] = {}  # of each row when it was last read or written here

    def intend(self, request: Request) -> bool:
        """Store a call for later. False if it is stored already, in any state."""
        call = first_attempt(request, CallState.INTENDED, self._owner, self.now())
        return self.table.insert(replace(call, attempt=0)) is not None

    def prepare(
        self, request: Request, look_up: LookUp = cannot_look_up, force: bool = False
    ) -> Claim:
        """Claim a call whose content is not ready; `calling` must follow before the call is made.

        Granted if no process works on the call and it had no effect: it is new, was refused, or
        `look_up` does not find it. `force`: granted unless a living process works on it.
        """
        take = partial(self._take, request, CallState.INTENDED, look_up, force)
        return retry_conflicts(take)

    def claim(self, request: Request, look_up: LookUp = cannot_look_up) -> Claim:
        """Claim a call, as `prepare` does, that is made next: it may have been sent from now on."""
        return retry_conflicts(partial(self._take, request, CallState.CLAIMED, look_up, False))

    def _take(
        self, request: Request, state: CallState, look_up: LookUp, force: bool
    ) -> Claim | None:
        """None if another process changed the row after it was read."""
        stored, now = self.table.read(request.id), self.now()
        if stored is None:
            new = self.table.insert(first_attempt(request, state, self._owner, now))
            return self._grant(Claim(True, new)) if new else None

        self._tokens[request.id] = stored.token
        if self.is_in_progress(stored, now):
            return Claim(False, stored, stored, stored)

        permitted = permission(abandoned(stored), look_up, force, now)
        if not permitted.granted:
            return self._deny(stored, permitted.call)

        attempt = next_attempt(permitted, request, state, self._owner, now)
        call = self._replace(attempt, is_unchanged(stored))
        if call is None:
            return None
        return self._grant(Claim(True, call, stored, permitted.call, permitted.same_attempt))

    def _grant(self, claim: Claim) -> Claim:
        self._claims[claim.call.id] = claim
        self._tokens[claim.call.id] = claim.call.token
        return claim

    def _deny(self, stored: Call, known: Call) -> Claim | None:
        """Store what is known about the call now, and deny the claim."""
        is_stored = known == stored
        if is_stored or self._replace(known, is_unchanged(stored)):
            return Claim(False, known, stored, known)
        return None

    def calling(self, id: str, payload: str | None = None) -> None:
        """Record that the call may have been sent from now on; again before each other form of it.

        Raises LostClaim if the call does not belong to this process; then it must not be made.
        """
        claim = self._claims.get(id)
        if claim is None:
            raise LostClaim("This process did not claim the call: nothing was sent.")

        now = self.now()
        call = replace(
            _with_payload(claim.call, payload),
            state=CallState.CLAIMED,
            changed=now,
            called=claim.call.called or now,
        )
        stored = self._replace(call, is_claimed(call), claim_of(call))
        if stored is None:
            del self._claims[id]
            raise LostClaim("Another process has taken over the call: nothing was sent.")
        self._claims[id] = replace(claim, call=stored)

    def finish(self, id: str, answer: Answer, payload: str | None = None) -> bool:
        """Store the answer to the call of this process.

        False, and nothing is stored, if another process has taken over the call. A call that took
        effect before, or may have, stays so when this attempt is refused.
        """
        claim = self._claims.get(id)
        if claim is None:
            return False
        call = _with_payload(claim.call, payload)
        settled = finished(call, claim.before, answer, self.now())
        stored = self._replace(settled, is_claimed(call))
        del self._claims[id]
        return stored is not None

    def settle(self, id: str, answer: Answer) -> bool:
        """Store the outcome of a call of any process: DONE is true of every attempt.

        Another outcome is stored only if the row is unchanged since it was last read or written
        here. False if nothing is stored, or the call is settled already.
        """
        return retry_conflicts(partial(self._settle, id, answer))

    def _settle(self, id: str, answer: Answer) -> bool | None:
        stored = self.table.read(id)
        if stored is None or stored.state in SETTLED:
            return False
        is_newer = self._tokens.get(id, stored.token) != stored.token
        if is_newer and answer.state is not CallState.DONE:
            return False
        call = answered(stored, answer, self.now())
        return True if self._replace(call, is_unchanged(stored)) else None

    def adopt(self, request: Request, answer: Answer) -> None:
        """Store an object that the target has as the result of this call. Idempotent."""
        retry_conflicts(partial(self._adopt, request, answer))

    def _adopt(self, request: Request, answer: Answer) -> bool | None:
        stored, now = self.table.read(request.id), self.now()
        if stored is None:
            call = first_attempt(request, CallState.CLAIMED, self._owner, now)
            return True if self.table.insert(answered(call, answer, now)) else None
        if stored.state is CallState.DONE or stored.kind != request.kind:
            return True
        call = answered(replace(stored, number=0), answer, now)
        return True if self._replace(call, is_unchanged(stored)) else None

    def release(self, id: str) -> bool:
        """Undo a claim whose call was not made. False if there is no such claim.

        A call counts as not made if `calling` did not return, even if its row was written.
        """
        claim = self._claims.get(id)
        if claim is None or claim.call.state is not CallState.INTENDED:
            return False
        is_own, before = is_claimed(claim.call), claim.before
        if before is None:
            is_released = self.table.delete(_c.id == id, is_own) == 1
        else:
            is_released = self._replace(before, is_own) is not None
        del self._claims[id]
        return is_released

    def unsettled(self) -> list[Call]:
        """Calls that wait, may have been sent, or have an unknown outcome; oldest first."""
        calls = self.table.select(_c.state.not_in(SETTLED), order=(_c.started, _c.id))
        self._tokens.update((call.id, call.token) for call in calls)
        return calls

    def prune(self, older_than: timedelta = KEPT, keep: Collection[str] = ()) -> int:
        """Delete settled calls that have not changed for `older_than`; return their number.

        `keep`: kinds that are never deleted, e.g. those that record which issues we created.
        """
        is_old = _c.changed < utc_text(self.now() - older_than)
        return self.table.delete(_c.state.in_(SETTLED), is_old, _c.kind.not_in(sorted(keep)))

    def claim_for(self, id: str) -> Claim | None:
        return self._claims.get(id)

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def is_in_progress(self, call: Call, now: datetime) -> bool:
        """Whether a living process works on the call."""
        if call.state not in UNFINISHED or call.waits or not self._alive(call.owner):
            return False
        return is_seen(call.owner, self._owner) or abs(now - call.changed) < self._lease

    def current(self, call: Call) -> Call:
        """The call's state now: UNKNOWN or REFUSED, or the earlier one, if its process exited."""
        return call if self.is_in_progress(call, self.now()) else abandoned(call)

    def _replace(self, call: Call, expected: ColumnElement[bool], claim: str = "") -> Call | None:
        stored = self.table.replace(call, expected, claim)
        if stored:
            self._tokens[stored.id] = stored.token
        return stored


def _with_payload(call: Call, payload: str | None) -> Call:
    return call if payload is None else replace(call, payload=payload)

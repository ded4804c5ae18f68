"""The outbox: every outward call is stored before it is made, and its answer after it.

A message, an issue, a comment, a branch: intended -> claimed -> called -> settled (done, refused,
unknown). Each step replaces a row only if nobody has changed it since (`token`), in a transaction
of its own, and is stored before the next one begins. So of all processes that want to make a call
one may, and one that is killed leaves a row that says how far it came. What may be on its way is
looked for before it is made again: how, the feature says.
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
    Held,
    Look,
    Request,
    cannot_tell,
)
from ci_stat.store.state.compare_and_set import insist, utc_text
from ci_stat.store.state.outbox_table import CallTable, is_of, is_unchanged, new_claim
from ci_stat.store.state.process_id import is_seen
from ci_stat.store.state.tables import outward_calls
from ci_stat.store.state.transitions import (
    abandoned,
    answered,
    finished,
    first_attempt,
    next_attempt,
    permission,
)

# For how long a process that cannot be seen from here is taken to be at work.
LEASE = timedelta(minutes=15)
# Settled calls are forgotten after this: longer than a year, so that a yearly report is sent once.
KEPT = timedelta(days=400)

_c = outward_calls.c


class LostClaim(DatabaseError):
    """The call is not ours to make, or not any more: it must not be made."""


class Outbox:
    """The calls of one feature to one target. `State.prepare` makes the table; all methods raise
    DatabaseError.

    A claim belongs to the object that made it.
    """

    def __init__(
        self,
        table: CallTable,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
        lease: timedelta = LEASE,
    ) -> None:
        """`owner`: `this_process()`; `clock`: now, aware; `alive`: `is_alive`."""
        self.table = table
        self._owner, self._clock, self._alive, self._lease = owner, clock, alive, lease
        self._held: dict[str, Held] = {}
        self._tokens: dict[str, str] = {}  # of the rows as we last saw or wrote them

    def intend(self, request: Request) -> bool:
        """Note a call for later. False if it is noted already, whatever became of it."""
        now = self.now()
        call = first_attempt(request, CallState.INTENDED, self._owner, now)
        return bool(self.table.insert(replace(call, attempt=0), new_claim()))

    def prepare(self, request: Request, look: Look = cannot_tell, force: bool = False) -> Claim:
        """Claim a call whose content is yet to be made; `calling` must follow before it is made.

        Granted where nobody works on it and it was not made: it is new, was refused, or `look` does
        not find it. `force`: granted whatever became of it, unless a living process works on it.
        """
        return insist(partial(self._take, request, CallState.INTENDED, look, force))

    def claim(self, request: Request, look: Look = cannot_tell) -> Claim:
        """Claim a call that is made right after this: from now on it may be on its way. Granted as
        in `prepare`.
        """
        return insist(partial(self._take, request, CallState.CLAIMED, look, False))

    def _take(self, request: Request, state: CallState, look: Look, force: bool) -> Claim | None:
        """One look and one change; None if another process changed the row in between."""
        stored, now = self.table.read(request.id), self.now()
        if stored is None:
            return self._begin(request, state, now)
        self._tokens[request.id] = stored.token
        if self.is_at_work(stored, now):
            return Claim(False, stored, stored, stored)

        permitted = permission(abandoned(stored), look, force, now)
        if not permitted.granted:
            return self._refuse(stored, permitted.call)

        call = next_attempt(permitted, request, state, self._owner, now)
        held = Held(call, new_claim(), permitted.call, permitted.same_attempt)
        if not self._replace(call, is_unchanged(stored.token), held.claim):
            return None
        self._held[call.id] = held
        return Claim(True, call, stored, permitted.call)

    def _begin(self, request: Request, state: CallState, now: datetime) -> Claim | None:
        call, claim = first_attempt(request, state, self._owner, now), new_claim()
        token = self.table.insert(call, claim)
        if not token:
            return None
        self._tokens[call.id], self._held[call.id] = token, Held(call, claim)
        return Claim(True, call)

    def _refuse(self, stored: Call, known: Call) -> Claim | None:
        """No, and what is known of the call is stored."""
        is_stored = known == stored
        if is_stored or self._replace(known, is_unchanged(stored.token), new_claim()):
            return Claim(False, known, stored, known)
        return None

    def calling(self, id: str, payload: str | None = None) -> None:
        """Note, for good, that from now on the call may be on its way; again before it is made in
        another form.

        Raises LostClaim if it is not ours any more; then it must not be made.
        """
        held = self._held.get(id)
        if held is None:
            raise LostClaim("The call was not claimed by us: nothing was sent.")

        now = self.now()
        call = replace(
            held.call,
            state=CallState.CLAIMED,
            changed=now,
            called=held.call.called or now,
            payload=held.call.payload if payload is None else payload,
        )
        if not self._replace(call, is_of(held.claim), held.claim):
            del self._held[id]
            raise LostClaim("Another process has taken the call over: nothing was sent.")
        self._held[id] = replace(held, call=call)

    def finish(self, id: str, answer: Answer, payload: str | None = None) -> bool:
        """Note the answer to the call that we made. False if it is not ours any more; then nothing
        is noted.

        A call that had taken effect before, or may have, stays so when a further attempt is
        refused.
        """
        held = self._held.get(id)
        if held is None:
            return False
        made = replace(held.call, payload=held.call.payload if payload is None else payload)
        call = finished(made, held.before, answer, self.now())
        is_noted = self._replace(call, is_of(held.claim), new_claim())
        del self._held[id]
        return is_noted

    def settle(self, id: str, answer: Answer) -> bool:
        """Note what became of a call, whoever made it: DONE is true of every attempt.

        Anything else is noted only if nobody has changed the row since we last saw or wrote it.
        False if nothing is noted, also where nothing is left to settle.
        """
        return insist(partial(self._settle, id, answer))

    def _settle(self, id: str, answer: Answer) -> bool | None:
        stored = self.table.read(id)
        if stored is None or stored.state in SETTLED:
            return False
        is_newer = self._tokens.get(id, stored.token) != stored.token
        if answer.state is not CallState.DONE and is_newer:
            return False
        call = answered(stored, answer, self.now())
        return self._replace(call, is_unchanged(stored.token), new_claim()) or None

    def adopt(self, request: Request, answer: Answer) -> None:
        """Note what the target holds as the result of this call; again, that changes nothing."""
        insist(partial(self._adopt, request, answer))

    def _adopt(self, request: Request, answer: Answer) -> bool | None:
        stored, now = self.table.read(request.id), self.now()
        if stored is None:
            begun = first_attempt(request, CallState.CLAIMED, self._owner, now)
            return bool(self.table.insert(answered(begun, answer, now), new_claim())) or None
        if stored.state is CallState.DONE or stored.kind != request.kind:
            return True
        call = answered(replace(stored, number=0), answer, now)
        return self._replace(call, is_unchanged(stored.token), new_claim()) or None

    def release(self, id: str) -> bool:
        """Give back what was prepared and not made, as if nothing had happened. False if there is
        nothing to give back.

        Not made is also what `calling` did not come back for: it may have been noted, and was not
        done.
        """
        held = self._held.get(id)
        if held is None or held.call.state is not CallState.INTENDED:
            return False
        if held.before is None:
            is_given = self.table.delete(_c.id == id, is_of(held.claim)) == 1
        else:
            is_given = self._replace(held.before, is_of(held.claim), new_claim())
        del self._held[id]
        return is_given

    def unsettled(self) -> list[Call]:
        """The calls that wait, may be on their way, or whose answer is unknown: oldest first."""
        calls = self.table.select(_c.state.not_in(SETTLED), order=(_c.started, _c.id))
        self._tokens.update((call.id, call.token) for call in calls)
        return calls

    def prune(self, older_than: timedelta = KEPT, keep: Collection[str] = ()) -> int:
        """Forget settled calls that have not changed for so long; how many. What is not settled
        stays.

        `keep`: kinds of calls whose result is needed for good, e.g. which issue we created.
        """
        before = utc_text(self.now() - older_than)
        return self.table.delete(
            _c.state.in_(SETTLED), _c.changed < before, _c.kind.not_in(sorted(keep))
        )

    def held(self, id: str) -> Held | None:
        return self._held.get(id)

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def is_at_work(self, call: Call, now: datetime) -> bool:
        """Whether a living process works on it."""
        if call.state not in UNFINISHED or call.waits or not self._alive(call.owner):
            return False
        return is_seen(call.owner, self._owner) or abs(now - call.changed) < self._lease

    def as_it_stands(self, call: Call) -> Call:
        """The row as it is to be understood now: what a process left that is gone is UNKNOWN, or
        REFUSED.
        """
        return call if self.is_at_work(call, self.now()) else abandoned(call)

    def _replace(self, call: Call, is_ours: ColumnElement[bool], claim: str) -> bool:
        token = self.table.replace(call, is_ours, claim)
        if token:
            self._tokens[call.id] = token
        return bool(token)

"""The ledger of deliveries: a report goes to its audience once and only once, whoever tries and whoever dies midway.

Each step replaces a row only if nobody else has changed it since (`token`), and is stored before the next one begins.
So no two processes are both told to send, and one that is killed leaves a row that says how far it was.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from ci_stat.errors import DatabaseError
from ci_stat.records import Delivery, DeliveryKey, DeliveryState, Outcome
from ci_stat.store.state.delivery_table import (
    DeliveryTable,
    Entry,
    instant,
    is_as_found,
    is_of,
    new_claim,
)
from ci_stat.store.state.delivery_transitions import (
    UNFINISHED,
    Held,
    finished,
    is_fresh,
    settled,
    words,
)
from ci_stat.store.state.process_id import is_seen

LEASE = timedelta(
    minutes=15
)  # for how long a process that cannot be seen from here is taken to be at work
ROUNDS = 20  # times that others may change a row between our look and our change

_Found = list[Delivery]  # in the class, `list` is a method


class LostClaim(DatabaseError):
    """The delivery is not ours to send, or not any more: nothing may be sent."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether we may send, and why (not).

    - `state`: what the row said before the claim, None where there was none; for one not granted, what it says now.
    - `reason`: that state in words; "" where there was no row.
    - `first_started`: when this attempt to send began, aware, in UTC. It is the same for all who take the same attempt
      up again (`resumable`), and another one for each new attempt: a uuid made of key and moment tells them apart.
    - `tries`: how often the delivery was claimed, with this time if it is granted.
    """

    granted: bool
    state: DeliveryState | None
    reason: str
    first_started: datetime
    tries: int


class Deliveries:
    """The deliveries of one CI database. `State.prepare` makes the table.

    A claim belongs to the object that made it. All methods raise DatabaseError when the state does not answer.
    """

    def __init__(
        self,
        engine: Engine,
        database: str,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
    ) -> None:
        """`database` as for `State`; `owner`: `this_process()`; `clock`: now, aware; `alive`: `is_alive`."""
        self._table = DeliveryTable(engine, database)
        self._owner, self._clock, self._alive = owner, clock, alive
        self._held: dict[str, Held] = {}

    def known_as(self, key: DeliveryKey) -> DeliveryKey:
        """The key to use for all that follows: with `about` of version 0 where a row of that version is there.

        Messages are named after the key, too: an attempt that began under version 0 goes on under its old name.
        """
        older = replace(key, about=key.about_v0, about_v0=key.about)
        is_older = bool(key.about_v0) and self._table.read(self._table.row(older)) is not None
        return older if is_older else key

    def claim(
        self, key: DeliveryKey, force: bool = False, resumable: timedelta | None = None
    ) -> Claim:
        """Ask for the right to send. Granted where nothing was sent, or for certain nothing arrived.

        `resumable`: for how long the far end knows a uuid again, less a margin: within it, an attempt whose outcome is
        uncertain may be taken up. `force`: send whatever happened, unless a living process is at it.
        """
        for _ in range(ROUNDS):
            claim = self._attempt(key, force, resumable)
            if claim is not None:
                return claim
        raise LostClaim(
            "Other processes change this delivery all the time.", "Try again when they are done."
        )

    def _attempt(self, key: DeliveryKey, force: bool, resumable: timedelta | None) -> Claim | None:
        """One look and one change; None if somebody else changed the row in between."""
        row, now = self._table.row(key), self._now()
        found = self._table.read(row)
        if found is None:
            return self._begin(row, key, now)
        if self._at_it(found, now):
            return self._refusal(found)
        before = settled(found)
        resumed = is_fresh(before, resumable, now)
        if resumed or force or before.state is DeliveryState.FAILED:
            held = Held(
                self._taken(before, resumed, now),
                new_claim(),
                before,
                resumable if resumed else None,
            )
            return self._take(row, found, held)
        if before == found or self._table.swap(row, is_as_found(found), before):
            return self._refusal(before)
        return None

    def _begin(self, row: str, key: DeliveryKey, now: datetime) -> Claim | None:
        claim = new_claim()
        entry = Entry(key, DeliveryState.PREPARING, self._owner, now, now)
        if not self._table.insert(row, entry, claim):
            return None
        self._held[row] = Held(entry, claim)
        return Claim(True, None, "", entry.started, entry.tries)

    def _taken(self, before: Entry, resumed: bool, now: datetime) -> Entry:
        taken = replace(
            before, state=DeliveryState.PREPARING, owner=self._owner, changed=now, tries=before.tries + 1,
            earlier=before.state, earlier_changed=before.changed,
        )  # fmt: skip
        return taken if resumed else replace(taken, started=now, first_sent=None)

    def _take(self, row: str, found: Entry, held: Held) -> Claim | None:
        if not self._table.swap(row, is_as_found(found), held.entry, held.claim):
            return None
        self._held[row] = held
        said = words(held.before, self._owner) if held.before else ""
        return Claim(True, found.state, said, held.entry.started, held.entry.tries)

    def _refusal(self, entry: Entry) -> Claim:
        return Claim(False, entry.state, words(entry, self._owner), entry.started, entry.tries)

    def sending(self, key: DeliveryKey, form: str) -> None:
        """Note, for good, that from now on the message may be on its way. Called again for another form of it.

        Raises LostClaim if it is not ours, or the far end may have forgotten the uuid by now; then nothing may be sent.
        """
        row, now = self._table.row(key), self._now()
        held = self._held.get(row)
        if held is None:
            raise LostClaim("The delivery was not claimed by us: nothing was sent.")
        if held.entry.state is DeliveryState.PREPARING and held.before and held.resumable:
            self._require_fresh(key, held.before, held.resumable, now)
        sent = held.entry.first_sent or now
        entry = replace(
            held.entry, state=DeliveryState.SENDING, form=form, changed=now, first_sent=sent
        )
        if not self._table.swap(row, is_of(held.claim), entry, held.claim):
            del self._held[row]
            raise LostClaim(
                "Another process has taken the delivery over: nothing was sent.",
                "See who sends it.",
            )
        self._held[row] = replace(held, entry=entry)

    def _require_fresh(
        self, key: DeliveryKey, before: Entry, resumable: timedelta, now: datetime
    ) -> None:
        if is_fresh(before, resumable, now):
            return
        self.release(key)
        raise LostClaim(
            f"It took too long to send it again ({words(before, self._owner)}): it might arrive twice.",
            "Look whether it arrived; send it again on purpose if it did not.",
        )

    def finish(self, key: DeliveryKey, outcome: Outcome, form: str) -> bool:
        """Note what became of it: SENT, FAILED or UNCERTAIN. False if it is not ours any more; then nothing is noted.

        A report that had arrived before, or may have, stays so when a further attempt fails; the reason says both.
        """
        row, now = self._table.row(key), self._now()
        held = self._held.get(row)
        if held is None:
            return False
        noted = self._table.swap(row, is_of(held.claim), finished(held, outcome, form, now))
        del self._held[row]
        return noted

    def release(self, key: DeliveryKey) -> bool:
        """Give back what was claimed and not sent, as if nothing had happened. False if there is nothing to give back.

        Not sent is also what `sending` did not come back for: it may have been noted, and has not been done.
        """
        row = self._table.row(key)
        held = self._held.get(row)
        if held is None or held.entry.state is not DeliveryState.PREPARING:
            return False
        if held.before is None:
            given = self._table.delete(row, is_of(held.claim))
        else:
            given = self._table.swap(row, is_of(held.claim), held.before)
        del self._held[row]
        return given

    def before(self, key: DeliveryKey) -> Delivery | None:
        """The newest delivery of a report like this one whose window ended when this one's begins, or sooner.

        A report and its trouble are alike, for the same audience and names. States are as for `list`.
        """
        begins = instant(key.begin)
        if begins is None:
            return None
        found = self._table.last_before(self._table.lines(key), begins)
        if found is None:
            return None
        made = self._told(found)
        return replace(made, key=replace(made.key, audience=key.audience, about=key.about))

    def list(
        self,
        limit: int,
        states: Collection[DeliveryState] | None = None,
        since: datetime | None = None,
    ) -> _Found:
        """The deliveries that changed last, newest first; `since`: aware. Long texts of their keys are cut.

        What a process left that is gone reads as what it means: UNCERTAIN, or FAILED if nothing had been sent.
        """
        if states is None:
            found = self._table.newest(since, limit=limit)
        else:
            found = self._table.newest(since, {*states, *UNFINISHED})
        wanted = [each for each in map(self._told, found) if states is None or each.state in states]
        return sorted(wanted, key=lambda each: each.changed, reverse=True)[:limit]

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _at_it(self, entry: Entry, now: datetime) -> bool:
        """Whether a living process works on it."""
        if entry.state not in UNFINISHED or not self._alive(entry.owner):
            return False
        return is_seen(entry.owner, self._owner) or abs(now - entry.changed) < LEASE

    def _told(self, entry: Entry) -> Delivery:
        """The row for others, as it is to be understood now."""
        if not self._at_it(entry, self._now()):
            entry = settled(entry)
        return Delivery(**{field.name: getattr(entry, field.name) for field in fields(Delivery)})

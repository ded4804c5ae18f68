"""The ledger of deliveries: a report goes to its audience once and only once, whoever tries and whoever dies midway.

Each step replaces a row only if nobody else has changed it since (`token`), and is stored before the next one begins.
So no two processes are both told to send, and one that is killed leaves a row that says how far it was. What is known
only grows: that a report arrived, or may have, is not undone by a later attempt that failed.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, Select, delete, select, update
from sqlalchemy.sql.dml import UpdateBase

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.escape import visible
from ci_stat.records import Delivery, DeliveryKey, DeliveryState, Outcome
from ci_stat.store.engine import connected
from ci_stat.store.owners import is_seen, process_words
from ci_stat.store.state_tables import deliveries, digest, fitted, insert_missing, source_of, write
from ci_stat.store.troubles import retry_read

LEASE = timedelta(minutes=15)  # for how long a process that cannot be seen from here is taken to be at work
ROUNDS = 20  # times that others may change a row between our look and our change

_UNFINISHED = (DeliveryState.PREPARING, DeliveryState.SENDING)
_CERTAINTY = {DeliveryState.FAILED: 0, DeliveryState.UNCERTAIN: 1, DeliveryState.SENT: 2}
_Found = list[Delivery]  # in the class, `list` is a method
_c = deliveries.c


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


@dataclass(frozen=True, slots=True)
class _Entry(Delivery):
    """A row, with what only the ledger needs (the columns' comments say what)."""

    token: str = ""
    first_sent: datetime | None = None
    earlier: DeliveryState | None = None
    earlier_changed: datetime | None = None


_Entries = list[_Entry]


@dataclass(frozen=True, slots=True)
class _Held:
    """What we have claimed, and not given back.

    `entry`: the row as we wrote it last, for certain; `claim`: what its token begins with as long as it is ours;
    `before`: the row before the claim; `resumable`: given if an earlier attempt was taken up.
    """

    entry: _Entry
    claim: str
    before: _Entry | None = None
    resumable: timedelta | None = None


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
        self._engine, self._source = engine, source_of(database)
        self._owner, self._clock, self._alive = owner, clock, alive
        self._held: dict[str, _Held] = {}

    def claim(self, key: DeliveryKey, force: bool = False, resumable: timedelta | None = None) -> Claim:
        """Ask for the right to send. Granted where nothing was sent, or for certain nothing arrived.

        `resumable`: for how long the far end knows a uuid again, less a margin: within it, an attempt whose outcome is
        uncertain may be taken up. `force`: send whatever happened, unless a living process is at it.
        """
        for _ in range(ROUNDS):
            claim = self._attempt(key, force, resumable)
            if claim is not None:
                return claim
        raise LostClaim("Other processes change this delivery all the time.", "Try again when they are done.")

    def _attempt(self, key: DeliveryKey, force: bool, resumable: timedelta | None) -> Claim | None:
        """One look and one change; None if somebody else changed the row in between."""
        row, now = self._row(key), self._now()
        found = self._read(row)
        if found is None:
            return self._begin(row, key, now)
        if self._at_it(found, now):
            return self._refusal(found)
        before = _settled(found)
        resumed = _is_fresh(before, resumable, now)
        if resumed or force or before.state is DeliveryState.FAILED:
            held = _Held(self._taken(before, resumed, now), _new_claim(), before, resumable if resumed else None)
            return self._take(row, found, held)
        if before == found or self._swap(row, _c.token == found.token, before):
            return self._refusal(before)
        return None

    def _begin(self, row: str, key: DeliveryKey, now: datetime) -> Claim | None:
        claim = _new_claim()
        entry = _Entry(key, DeliveryState.PREPARING, self._owner, now, now, token=_new_token(claim))
        ends = _instant(key.end)
        names = {"report": key.report, "begin": key.begin, "end": key.end, "audience": key.audience, "about": key.about}
        values = {"id": row, "source": self._source, "line": self._line(key), "end_utc": ends and _utc(ends), **names}
        statement = insert_missing(deliveries).values(fitted(deliveries, values | _values(entry)))
        if not self._done(statement, row, entry.token):
            return None
        self._held[row] = _Held(entry, claim)
        return Claim(True, None, "", entry.started, entry.tries)

    def _taken(self, before: _Entry, resumed: bool, now: datetime) -> _Entry:
        taken = replace(
            before, state=DeliveryState.PREPARING, owner=self._owner, changed=now, tries=before.tries + 1,
            earlier=before.state, earlier_changed=before.changed,
        )  # fmt: skip
        return taken if resumed else replace(taken, started=now, first_sent=None)

    def _take(self, row: str, found: _Entry, held: _Held) -> Claim | None:
        if not self._swap(row, _c.token == found.token, held.entry, held.claim):
            return None
        self._held[row] = held
        said = _words(held.before, self._owner) if held.before else ""
        return Claim(True, found.state, said, held.entry.started, held.entry.tries)

    def _refusal(self, entry: _Entry) -> Claim:
        return Claim(False, entry.state, _words(entry, self._owner), entry.started, entry.tries)

    def sending(self, key: DeliveryKey, form: str) -> None:
        """Note, for good, that from now on the message may be on its way. Called again for another form of it.

        Raises LostClaim if it is not ours, or the far end may have forgotten the uuid by now; then nothing may be sent.
        """
        row, now = self._row(key), self._now()
        held = self._held.get(row)
        if held is None:
            raise LostClaim("The delivery was not claimed by us: nothing was sent.")
        if held.entry.state is DeliveryState.PREPARING and held.before and held.resumable:
            self._require_fresh(key, held.before, held.resumable, now)
        sent = held.entry.first_sent or now
        entry = replace(held.entry, state=DeliveryState.SENDING, form=form, changed=now, first_sent=sent)
        if not self._swap(row, _is_of(held), entry, held.claim):
            del self._held[row]
            raise LostClaim("Another process has taken the delivery over: nothing was sent.", "See who sends it.")
        self._held[row] = replace(held, entry=entry)

    def _require_fresh(self, key: DeliveryKey, before: _Entry, resumable: timedelta, now: datetime) -> None:
        if _is_fresh(before, resumable, now):
            return
        self.release(key)
        raise LostClaim(
            f"It took too long to send it again ({_words(before, self._owner)}): it might arrive twice.",
            "Look whether it arrived; send it again on purpose if it did not.",
        )

    def finish(self, key: DeliveryKey, outcome: Outcome, form: str) -> bool:
        """Note what became of it: SENT, FAILED or UNCERTAIN. False if it is not ours any more; then nothing is noted.

        A report that had arrived before, or may have, stays so when a further attempt fails; the reason says both.
        """
        row, now = self._row(key), self._now()
        held = self._held.get(row)
        if held is None:
            return False
        noted = self._swap(row, _is_of(held), _finished(held, outcome, form, now))
        del self._held[row]
        return noted

    def release(self, key: DeliveryKey) -> bool:
        """Give back what was claimed and not sent, as if nothing had happened. False if there is nothing to give back.

        Not sent is also what `sending` did not come back for: it may have been noted, and has not been done.
        """
        row = self._row(key)
        held = self._held.get(row)
        if held is None or held.entry.state is not DeliveryState.PREPARING:
            return False
        if held.before is None:
            given = write(self._engine, delete(deliveries).where(_c.id == row, _is_of(held))) == 1
        else:
            given = self._swap(row, _is_of(held), held.before)
        del self._held[row]
        return given

    def before(self, key: DeliveryKey) -> Delivery | None:
        """The newest delivery of a report like this one whose window ended when this one's begins, or sooner.

        A report and its trouble are alike, for the same audience and names. States are as for `list`.
        """
        begins = _instant(key.begin)
        if begins is None:
            return None
        earlier = select(deliveries).where(_c.line == self._line(key), _c.end_utc <= _utc(begins))
        found = self._ask(earlier.order_by(_c.end_utc.desc(), _c.changed.desc(), _c.id).limit(1))
        if not found:
            return None
        made = self._told(found[0])
        return replace(made, key=replace(made.key, audience=key.audience, about=key.about))

    def list(
        self, limit: int, states: Collection[DeliveryState] | None = None, since: datetime | None = None
    ) -> _Found:
        """The deliveries that changed last, newest first; `since`: aware. Long texts of their keys are cut.

        What a process left that is gone reads as what it means: UNCERTAIN, or FAILED if nothing had been sent.
        """
        where = [_c.source == self._source]
        if since is not None:
            where.append(_c.changed >= _utc(since))
        if states is not None:
            where.append(_c.state.in_([*states, *_UNFINISHED]))
        newest = select(deliveries).where(*where).order_by(_c.changed.desc(), _c.id)
        found = map(self._told, self._ask(newest.limit(limit) if states is None else newest))
        wanted = [each for each in found if states is None or each.state in states]
        return sorted(wanted, key=lambda each: each.changed, reverse=True)[:limit]

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _row(self, key: DeliveryKey) -> str:
        """The row of a key. A window is the same one in whichever zone it is written."""
        return digest(self._source, key.report, _window(key.begin), _window(key.end), key.audience, key.about)

    def _line(self, key: DeliveryKey) -> str:
        return digest(self._source, key.report.removesuffix("-trouble"), key.audience, key.about)

    def _at_it(self, entry: _Entry, now: datetime) -> bool:
        """Whether a living process works on it."""
        if entry.state not in _UNFINISHED or not self._alive(entry.owner):
            return False
        return is_seen(entry.owner, self._owner) or abs(now - entry.changed) < LEASE

    def _told(self, entry: _Entry) -> Delivery:
        """The row for others, as it is to be understood now."""
        if not self._at_it(entry, self._now()):
            entry = _settled(entry)
        return Delivery(**{field.name: getattr(entry, field.name) for field in fields(Delivery)})

    def _ask(self, statement: Select[Any]) -> _Entries:
        def once() -> _Entries:
            with connected(self._engine) as connection:
                return [_entry(row) for row in connection.execute(statement)]

        return retry_read(once)

    def _read(self, row: str) -> _Entry | None:
        return next(iter(self._ask(select(deliveries).where(_c.id == row))), None)

    def _swap(self, row: str, ours: ColumnElement[bool], entry: _Entry, claim: str = "") -> bool:
        """Put `entry` in the row's place if the row is still `ours`; nobody else's look at the row holds after that."""
        token = _new_token(claim or _new_claim())
        values = fitted(deliveries, _values(replace(entry, token=token)))
        return self._done(update(deliveries).where(_c.id == row, ours).values(values), row, token)

    def _done(self, statement: UpdateBase, row: str, token: str) -> bool:
        """Whether the statement made the row what it is, also where the answer to it was lost on its way."""
        try:
            return write(self._engine, statement) == 1
        except ConnectionLost:
            if write(self._engine, statement) == 1:
                return True
            found = self._read(row)
            return found is not None and found.token == token


def _settled(entry: _Entry) -> _Entry:
    """What holds of a row that nobody works on any more: what was known before, or how far its process came."""
    if entry.state not in _UNFINISHED:
        return entry
    sending = entry.state is DeliveryState.SENDING
    left = DeliveryState.UNCERTAIN if sending else DeliveryState.FAILED
    since, who = entry.earlier_changed, process_words(entry.owner)
    settled = replace(entry, earlier=None, earlier_changed=None)
    if entry.earlier and since and _CERTAINTY[entry.earlier] >= _CERTAINTY[left]:
        return replace(settled, state=entry.earlier, changed=since)
    doing = "sending it" if sending else "preparing it, and had sent nothing"
    return replace(settled, state=left, code=None, message_id="", reason=f"the {who} is gone that was {doing}")


def _finished(held: _Held, outcome: Outcome, form: str, now: datetime) -> _Entry:
    """The row after an attempt: its outcome, or what was known before if that says more."""
    if outcome.state not in _CERTAINTY:
        raise ValueError(f"{outcome.state} is not the end of a delivery")
    before = held.before
    if before and _CERTAINTY[before.state] > _CERTAINTY[outcome.state]:
        again = f"tried again at {_shown(now)}: {outcome.state}: {outcome.reason}"
        said = f"{before.reason}; {again}" if before.reason else again
        return replace(before, tries=held.entry.tries, reason=said)
    return replace(
        held.entry, state=outcome.state, form=form, code=_small(outcome.code), reason=outcome.reason,
        message_id=outcome.message_id, changed=now, earlier=None, earlier_changed=None,
    )  # fmt: skip


def _is_fresh(entry: _Entry, resumable: timedelta | None, now: datetime) -> bool:
    """Whether the far end still knows the uuid of an attempt whose outcome is uncertain."""
    if resumable is None or entry.state is not DeliveryState.UNCERTAIN or entry.first_sent is None:
        return False
    return abs(now - entry.first_sent) < resumable


def _words(entry: _Entry, ours: str) -> str:
    at, why = _shown(entry.changed), f": {visible(entry.reason)}" if entry.reason else ""
    who = f"{'this' if entry.owner == ours else 'another'} {process_words(entry.owner)}"
    return {
        DeliveryState.PREPARING: f"{who} is preparing it since {at}",
        DeliveryState.SENDING: f"{who} is sending it since {at}",
        DeliveryState.SENT: f"already sent at {at}",
        DeliveryState.FAILED: f"not delivered at {at}{why}",
        DeliveryState.UNCERTAIN: f"outcome uncertain since {at}{why}",
    }[entry.state]


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


# Rows


def _new_claim() -> str:
    return uuid4().hex[:16]


def _new_token(claim: str) -> str:
    """Another one each time: MySQL may count a row that an UPDATE left as it was as none."""
    return f"{claim}.{uuid4().hex[:15]}"


def _is_of(held: _Held) -> ColumnElement[bool]:
    """Whether a row is as we wrote it, even where we never heard that we had."""
    return _c.token.startswith(f"{held.claim}.")


def _values(entry: _Entry) -> dict[str, Any]:
    """What changes in a row."""
    return {
        "state": str(entry.state), "owner": entry.owner, "token": entry.token, "tries": entry.tries,
        "started": _utc(entry.started), "changed": _utc(entry.changed),
        "first_sent": entry.first_sent and _utc(entry.first_sent),
        "form": entry.form, "code": entry.code, "reason": entry.reason, "message_id": entry.message_id,
        "earlier": entry.earlier and str(entry.earlier),
        "earlier_changed": entry.earlier_changed and _utc(entry.earlier_changed),
    }  # fmt: skip


def _entry(row: Any) -> _Entry:
    return _Entry(
        DeliveryKey(row.report, row.begin, row.end, row.audience, row.about), _state(row.state), row.owner,
        _moment(row.started), _moment(row.changed), int(row.tries), row.form, row.code, row.reason, row.message_id,
        row.token, row.first_sent and _moment(row.first_sent),
        row.earlier and _state(row.earlier), row.earlier_changed and _moment(row.earlier_changed),
    )  # fmt: skip


def _state(text: str) -> DeliveryState:
    """UNCERTAIN for what we do not know: then nothing is sent unless somebody asks for it."""
    return DeliveryState(text) if text in set(DeliveryState) else DeliveryState.UNCERTAIN


def _small(code: int | None) -> int | None:
    """A far end's number as a column takes it."""
    return code if code is not None and abs(code) < 2**63 else None


def _utc(moment: datetime) -> str:
    """A moment as text of one length, so that letters compare as time does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _instant(text: str) -> datetime | None:
    """The end of a window as a moment, None if it is none; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _window(text: str) -> str:
    moment = _instant(text)
    return text if moment is None else _utc(moment)

"""The ledger of issues: what is to be written to a tracker is stored before it is written, and the answer after it.

Each step replaces a row only if nobody else has changed it since (`token`), in a transaction of its own. So of all who
mean to make the same call one is told to, and one that is killed midway leaves a row which says that its call may be on
its way. That a call was made is never undone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Select, and_, select, update
from sqlalchemy.sql.dml import UpdateBase

from ci_stat.records import Accepted, Intent, IntentKind, IntentState, IssueAction, Ledger, Mute
from ci_stat.store.state.compare_and_set import (
    ask,
    insist,
    tracker_of,
    utc_moment,
    utc_text,
    written,
)
from ci_stat.store.state.tables import MOST_TEXT, digest, fit, fitted, insert_missing, intents

_SETTLED = (IntentState.DONE, IntentState.FAILED)
_NO_MUTES: Mapping[str, Mute] = MappingProxyType({})
_NONE_ACCEPTED: Mapping[str, Accepted] = MappingProxyType({})
_Found = list[Intent]  # in the class, `list` is a method
_c = intents.c


def kept_key(key: str) -> str:
    """A key or id as our tables keep it: itself, or a hash of what is too long for them or not fit for a database.

    What was kept is kept as itself, so what was read can be asked for.
    """
    return key if fit(key, MOST_TEXT) == key else f"sha:{digest(key)}"


class Issues:
    """The ledger of one repository's issues. `State.prepare` makes the tables; all methods raise DatabaseError.

    Whoever got True from `intend` makes the call, and says with `settle` what became of it. Keys and ids that are
    given out are as `kept_key` makes them, and names are cut: both are themselves up to 2,000 characters.
    """

    def __init__(
        self, engine: Engine, tracker: str, owner: str, clock: Callable[[], datetime]
    ) -> None:
        """`tracker`: API root and repository, e.g. `https://api.github.com pingcap/tidb`; `owner`: `this_process()`;
        `clock`: now, aware."""
        self._engine, self._tracker = engine, tracker_of(tracker)
        self._owner, self._clock = owner, clock
        self._tokens: dict[str, str] = {}  # of the rows as we last saw or wrote them

    def intend(self, intent: Intent) -> bool:
        """Note, for good, that the call may be on its way from now on; what failed is begun anew.

        True: it is ours to make, now. False: it was made (DONE), or another try may be on its way (INTENDED,
        UNCERTAIN), which is to be looked for and settled first.
        """
        row = _row(intent.id)
        return insist(lambda: self._intend(row, intent))

    def _intend(self, row: str, intent: Intent) -> bool | None:
        """One look and one change; None if somebody else changed the row in between."""
        found = self._read(row)
        if found is not None and found.state != IntentState.FAILED:
            self._tokens[row] = found.token
            return False
        values = self._begun(intent) | {"attempts": found.attempts + 1 if found else 1}
        return self._put(row, found, values) or None

    def _begun(self, intent: Intent) -> dict[str, Any]:
        """The columns of an attempt that begins now."""
        key, now = kept_key(intent.key), self._now()
        return {
            "id": kept_key(intent.id), "kind": str(intent.kind), "action": str(intent.action),
            "key_hash": digest(key), "key": key, "name": intent.name, "number": _small(intent.number) or 0,
            "state": str(IntentState.INTENDED), "owner": self._owner, "started": now, "changed": now,
            "comment": 0, "code": None, "reason": "", "why": intent.why,
        }  # fmt: skip

    def settle(
        self,
        id: str,
        state: IntentState,
        *,
        number: int = 0,
        comment: int = 0,
        code: int | None = None,
        reason: str = "",
    ) -> bool:
        """Note what became of a call: DONE, FAILED (for certain not made) or UNCERTAIN, which may be settled again.

        False if there is nothing to settle; then nothing is noted. So too if we are to say that a call was not made,
        or may have been, and somebody has begun another try since we began or last looked (`unsettled`).

        A creation that is DONE without a number is UNCERTAIN: the issue is to be looked for.
        """
        if state not in {*_SETTLED, IntentState.UNCERTAIN}:
            raise ValueError(f"{state} is not what becomes of a call")
        row, numbers = _row(id), {"number": _small(number), "comment": _small(comment)}
        told: dict[str, Any] = {name: value for name, value in numbers.items() if value}
        told |= {"code": _small(code), "reason": reason, "changed": self._now()}
        return insist(lambda: self._settle(row, IntentState(state), told))

    def _settle(self, row: str, state: IntentState, told: dict[str, Any]) -> bool | None:
        found = self._read(row)
        if found is None or found.state in _SETTLED:
            return False
        if state is not IntentState.DONE and self._tokens.get(row, found.token) != found.token:
            return False
        nameless = found.kind == IntentKind.CREATE and not (told.get("number") or found.number)
        if state is IntentState.DONE and nameless:
            state = IntentState.UNCERTAIN
        return self._put(row, found, told | {"state": str(state)}) or None

    def adopt(self, key: str, name: str, number: int, id: str) -> None:
        """Note an issue of ours that the tracker holds as created by this intent; again, that changes nothing.

        An intent of this id that is not DONE becomes it. The first number that an id was adopted with stays.
        """
        made = Intent(
            id or f"issue {number}", IntentKind.CREATE, IssueAction.FILE, key, name, number
        )
        row = _row(made.id)
        insist(lambda: self._adopt(row, made))

    def _adopt(self, row: str, made: Intent) -> bool | None:
        found = self._read(row)
        if found is not None and (
            found.state == IntentState.DONE or found.kind != IntentKind.CREATE
        ):
            return True
        values = {"changed": self._now()} if found else self._begun(made) | {"attempts": 1}
        values |= {
            "number": _small(made.number) or 0,
            "state": str(IntentState.DONE),
            "reason": "found at the tracker",
        }
        return self._put(row, found, values) or None

    def unsettled(self) -> _Found:
        """The calls that may be on their way, oldest first: of processes that live, and of those that are gone."""
        rows = self._ask(
            self._all().where(_c.state.not_in(_SETTLED)).order_by(_c.started, _c.id_hash)
        )
        self._tokens.update((row.id_hash, row.token) for row in rows)
        return [_intent(row) for row in rows]

    def list(self, limit: int, key: str | None = None, since: datetime | None = None) -> _Found:
        """The calls that changed last, newest first; `key`: of one failure; `since`: aware."""
        asked = self._all().order_by(_c.changed.desc(), _c.id_hash).limit(limit)
        if key is not None:
            asked = asked.where(_c.key_hash == digest(kept_key(key)))
        if since is not None:
            asked = asked.where(_c.changed >= utc_text(since))
        return [_intent(row) for row in self._ask(asked)]

    def ledger(
        self,
        mutes: Mapping[str, Mute] = _NO_MUTES,
        keys: Iterable[str] = (),
        accepted: Mapping[str, Accepted] = _NONE_ACCEPTED,
    ) -> Ledger:
        """What planning needs to know. `keys`: those that will be asked for: a long one is then found as itself."""
        asked = select(_c.kind, _c.state, _c.key, _c.id, _c.number, _c.started).where(
            _c.tracker == self._tracker
        )
        rows = self._ask(asked.where(_c.state != str(IntentState.FAILED)))
        whole = {kept_key(key): key for key in keys}
        creations = [
            (whole.get(row.key, row.key), row) for row in rows if row.kind == IntentKind.CREATE
        ]
        comments = [
            row for row in rows if row.kind == IntentKind.COMMENT and row.state == IntentState.DONE
        ]
        return Ledger(
            created=_created(creations),
            unsettled=frozenset(key for key, row in creations if row.state != IntentState.DONE),
            done=frozenset(row.id for row in comments),
            commented=_newest(comments),
            changed=_newest(row for row in rows if row.state == IntentState.DONE),
            mutes={whole.get(key, key): mute for key, mute in mutes.items()},
            accepted={whole.get(key, key): note for key, note in accepted.items()},
        )

    def _now(self) -> str:
        return utc_text(self._clock())

    def _all(self) -> Select[Any]:
        return select(intents).where(_c.tracker == self._tracker)

    def _ask(self, statement: Select[Any]) -> Sequence[Any]:
        return ask(self._engine, statement)

    def _read(self, row: str) -> Any | None:
        return next(iter(self._ask(self._all().where(_c.id_hash == row))), None)

    def _put(self, row: str, found: Any | None, values: dict[str, Any]) -> bool:
        """Change the row if it still is as it was `found`, or make it if there was none. Whether we did."""
        token = uuid4().hex
        values = fitted(intents, values | {"token": token})
        ours = and_(_c.tracker == self._tracker, _c.id_hash == row)
        statement: UpdateBase = insert_missing(intents).values(
            tracker=self._tracker, id_hash=row, **values
        )
        if found is not None:
            statement = update(intents).where(ours, _c.token == found.token).values(values)
        if not written(self._engine, statement, select(_c.token).where(ours, _c.token == token)):
            return False
        self._tokens[row] = token
        return True


def _row(id: str) -> str:
    return digest(kept_key(id))


def _small(number: int | None) -> int | None:
    """A tracker's number as a column takes it."""
    return number if number is not None and abs(number) < 2**63 else None


def _intent(row: Any) -> Intent:
    known = row.state in set(IntentState)
    return Intent(
        row.id, row.kind, row.action, row.key, row.name, int(row.number),
        row.state if known else str(IntentState.UNCERTAIN), utc_moment(row.started), utc_moment(row.changed),
        row.owner, int(row.comment), row.code, row.reason, row.why,
    )  # fmt: skip


def _created(creations: Iterable[tuple[str, Any]]) -> dict[str, tuple[int, ...]]:
    """Numbers by key. A tracker counts upwards: the least number is the oldest issue, whatever our clocks said."""
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for key, row in creations:
        if row.state == IntentState.DONE and row.number:
            numbers[key].add(int(row.number))
    return {key: tuple(sorted(each)) for key, each in numbers.items()}


def _newest(calls: Iterable[Any]) -> dict[int, datetime]:
    """The last call for each issue: when it began, however late its answer was known."""
    newest: dict[int, datetime] = {}
    for row in calls:
        began = utc_moment(row.started)
        newest[int(row.number)] = max(began, newest.get(int(row.number), began))
    return newest

"""The table of outward calls. A row is replaced only if the expected token is still in it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, select, update

from ci_stat.store.damage import stored_value
from ci_stat.store.state.calls import Call, CallState
from ci_stat.store.state.compare_and_set import (
    change_row,
    delete_rows,
    new_claim,
    new_token,
    read_rows,
)
from ci_stat.store.state.stored_values import fitted, small, utc_moment, utc_text
from ci_stat.store.state.tables import outward_calls
from ci_stat.store.state.writing import insert_missing

_c = outward_calls.c


@dataclass(frozen=True, slots=True)
class CallTable:
    """The calls of one feature to one target. All methods raise DatabaseError."""

    engine: Engine
    feature: str
    target: str

    def read(self, id: str) -> Call | None:
        return next(iter(self.select(_c.id == id)), None)

    def select(
        self, *where: ColumnElement[bool], order: Any = (), limit: int | None = None
    ) -> list[Call]:
        own_rows = select(outward_calls).where(self._own(), *where)
        statement = own_rows.order_by(*order).limit(limit)
        return [_call(row) for row in read_rows(self.engine, statement)]

    def insert(self, call: Call) -> Call | None:
        """The call as stored, with the token of a new claim; None if its row exists."""
        new = replace(call, token=new_token(new_claim()))
        key = {"feature": self.feature, "target": self.target, "id": call.id}
        statement = insert_missing(outward_calls).values(key | values_of(new))
        return new if self._changed(statement, new) else None

    def replace(self, call: Call, expected: ColumnElement[bool], claim: str = "") -> Call | None:
        """The call as stored in place of its `expected` row; None if that row has changed.

        `claim`: the claim whose token the row keeps; by default a new one.
        """
        new = replace(call, token=new_token(claim or new_claim()))
        where = and_(self._own(), _c.id == call.id, expected)
        statement = update(outward_calls).where(where).values(values_of(new))
        return new if self._changed(statement, new) else None

    def delete(self, *where: ColumnElement[bool]) -> int:
        return delete_rows(self.engine, delete(outward_calls).where(self._own(), *where))

    def _changed(self, statement: Any, call: Call) -> bool:
        new_row = select(_c.token).where(self._own(), _c.id == call.id, _c.token == call.token)
        return change_row(self.engine, statement, new_row)

    def _own(self) -> ColumnElement[bool]:
        return and_(_c.feature == self.feature, _c.target == self.target)


def claim_of(call: Call) -> str:
    """The id of the claim in a call's token."""
    return call.token.partition(".")[0]


def is_claimed(call: Call) -> ColumnElement[bool]:
    """Whether a row belongs to the call's claim.

    True also for a write of its owner whose confirmation was lost.
    """
    return _c.token.startswith(f"{claim_of(call)}.")


def is_unchanged(call: Call) -> ColumnElement[bool]:
    """Whether a row is the one that was read as `call`."""
    return _c.token == call.token


def values_of(call: Call) -> dict[str, Any]:
    """The columns of a call except its key. JSON is stored whole: its writers fit its texts."""
    texts = {
        "kind": call.kind,
        "series": call.series,
        "position": call.position,
        "state": str(call.state),
        "owner": call.owner,
        "reference": call.reference,
        "url": call.url,
        "reason": call.reason,
        "earlier": call.earlier and str(call.earlier),
    }
    return fitted(outward_calls, texts) | {
        "identity": call.identity,
        "payload": call.payload,
        "token": call.token,
        "attempt": call.attempt,
        "started": utc_text(call.started),
        "called": call.called and utc_text(call.called),
        "changed": utc_text(call.changed),
        "earlier_changed": call.earlier_changed and utc_text(call.earlier_changed),
        "number": small(call.number) or 0,
        "code": small(call.code),
    }


def _call(row: Any) -> Call:
    with stored_value("outward calls in our state"):
        return _read_call(row)


def _read_call(row: Any) -> Call:
    return Call(
        row.id,
        row.identity,
        row.kind,
        row.series,
        row.position,
        _state(row.state),
        row.owner,
        int(row.attempt),
        utc_moment(row.started),
        utc_moment(row.changed),
        row.payload,
        row.token,
        _moment(row.called),
        row.earlier and _state(row.earlier),
        _moment(row.earlier_changed),
        int(row.number),
        row.reference,
        row.url,
        row.code,
        row.reason,
    )


def _state(text: str) -> CallState:
    """UNKNOWN for a later version's word, so that the call is looked up before it is repeated."""
    return CallState(text) if text in set(CallState) else CallState.UNKNOWN


def _moment(text: str | None) -> datetime | None:
    return None if text is None else utc_moment(text)

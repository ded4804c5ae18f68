"""The table of outward calls: a row is replaced only if nobody has changed it since."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, and_, delete, select, update

from ci_stat.store.state.calls import Call, CallState
from ci_stat.store.state.compare_and_set import ask, deleted, utc_moment, utc_text, written
from ci_stat.store.state.tables import fitted, insert_missing, outward_calls

_c = outward_calls.c


@dataclass(frozen=True, slots=True)
class CallTable:
    """The calls of one feature to one target. All methods raise DatabaseError when the state does
    not answer.
    """

    engine: Engine
    feature: str
    target: str

    def read(self, id: str) -> Call | None:
        return next(iter(self.select(_c.id == id)), None)

    def select(
        self, *where: ColumnElement[bool], order: Any = (), limit: int | None = None
    ) -> list[Call]:
        statement = select(outward_calls).where(self._ours(), *where).order_by(*order).limit(limit)
        return [_call(row) for row in ask(self.engine, statement)]

    def insert(self, call: Call, claim: str) -> str:
        """The new row's token; "" if there is such a row."""
        token = new_token(claim)
        keys = {"feature": self.feature, "target": self.target, "id": call.id}
        statement = insert_missing(outward_calls).values(keys | values_of(call, token))
        return token if self._changed(statement, call.id, token) else ""

    def replace(self, call: Call, is_ours: ColumnElement[bool], claim: str) -> str:
        """Put `call` in its row's place if the row is still ours. The row's new token; "" if it is
        not.
        """
        token = new_token(claim)
        where = and_(self._ours(), _c.id == call.id, is_ours)
        statement = update(outward_calls).where(where).values(values_of(call, token))
        return token if self._changed(statement, call.id, token) else ""

    def delete(self, *where: ColumnElement[bool]) -> int:
        return deleted(self.engine, delete(outward_calls).where(self._ours(), *where))

    def _changed(self, statement: Any, id: str, token: str) -> bool:
        as_written = select(_c.token).where(self._ours(), _c.id == id, _c.token == token)
        return written(self.engine, statement, as_written)

    def _ours(self) -> ColumnElement[bool]:
        return and_(_c.feature == self.feature, _c.target == self.target)


def new_claim() -> str:
    """What the tokens of one claim begin with."""
    return uuid4().hex[:16]


def new_token(claim: str) -> str:
    """Another one each time, so that nobody's look at the row holds after a change."""
    return f"{claim}.{uuid4().hex[:15]}"


def is_of(claim: str) -> ColumnElement[bool]:
    """Whether a row is as the claim's owner wrote it, even where the owner never heard that it was
    stored.
    """
    return _c.token.startswith(f"{claim}.")


def is_unchanged(token: str) -> ColumnElement[bool]:
    """Whether nobody has changed the row since it had this token."""
    return _c.token == token


def values_of(call: Call, token: str) -> dict[str, Any]:
    """The columns of a call but its key. JSON is not cut: its writers have fitted the texts in
    it.
    """
    cut = fitted(
        outward_calls,
        {
            "kind": call.kind,
            "series": call.series,
            "position": call.position,
            "state": str(call.state),
            "owner": call.owner,
            "reference": call.reference,
            "url": call.url,
            "reason": call.reason,
            "earlier": call.earlier and str(call.earlier),
        },
    )
    return cut | {
        "identity": call.identity,
        "payload": call.payload,
        "token": token,
        "attempt": call.attempt,
        "started": utc_text(call.started),
        "called": call.called and utc_text(call.called),
        "changed": utc_text(call.changed),
        "earlier_changed": call.earlier_changed and utc_text(call.earlier_changed),
        "number": _small(call.number) or 0,
        "code": _small(call.code),
    }


def _small(number: int | None) -> int | None:
    """A target's number as a column takes it."""
    return number if number is not None and abs(number) < 2**63 else None


def _call(row: Any) -> Call:
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
    """UNKNOWN for a word that a later version wrote: then nothing is repeated without a look."""
    return CallState(text) if text in set(CallState) else CallState.UNKNOWN


def _moment(text: str | None) -> datetime | None:
    return None if text is None else utc_moment(text)

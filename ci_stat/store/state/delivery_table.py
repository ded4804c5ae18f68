"""The table of deliveries: what is asked of it, and how a row is replaced only if nobody else has changed it since."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, Select, delete, select, update
from sqlalchemy.sql.dml import UpdateBase

from ci_stat.errors import ConnectionLost
from ci_stat.records import Delivery, DeliveryKey, DeliveryState
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.tables import deliveries, digest, fitted, insert_missing, source_of, write

_c = deliveries.c


@dataclass(frozen=True, slots=True)
class Entry(Delivery):
    """A row, with what only the ledger needs (the columns' comments say what)."""

    token: str = ""
    first_sent: datetime | None = None
    earlier: DeliveryState | None = None
    earlier_changed: datetime | None = None


def values_of(entry: Entry) -> dict[str, Any]:
    """What changes in a row."""
    return {
        "state": str(entry.state), "owner": entry.owner, "token": entry.token, "tries": entry.tries,
        "started": utc(entry.started), "changed": utc(entry.changed),
        "first_sent": entry.first_sent and utc(entry.first_sent),
        "form": entry.form, "code": entry.code, "reason": entry.reason, "message_id": entry.message_id,
        "earlier": entry.earlier and str(entry.earlier),
        "earlier_changed": entry.earlier_changed and utc(entry.earlier_changed),
    }  # fmt: skip


def entry_of(row: Any) -> Entry:
    return Entry(
        DeliveryKey(row.report, row.begin, row.end, row.audience, row.about), _state(row.state), row.owner,
        _moment(row.started), _moment(row.changed), int(row.tries), row.form, row.code, row.reason, row.message_id,
        row.token, row.first_sent and _moment(row.first_sent),
        row.earlier and _state(row.earlier), row.earlier_changed and _moment(row.earlier_changed),
    )  # fmt: skip


def _state(text: str) -> DeliveryState:
    """UNCERTAIN for what we do not know: then nothing is sent unless somebody asks for it."""
    return DeliveryState(text) if text in set(DeliveryState) else DeliveryState.UNCERTAIN


def utc(moment: datetime) -> str:
    """A moment as text of one length, so that letters compare as time does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instant(text: str) -> datetime | None:
    """The end of a window as a moment, None if it is none; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def window(text: str) -> str:
    moment = instant(text)
    return text if moment is None else utc(moment)


def new_claim() -> str:
    """What the tokens of one claim begin with."""
    return uuid4().hex[:16]


def is_of(claim: str) -> ColumnElement[bool]:
    """Whether a row is as the claim's owner wrote it, even where he never heard that he had."""
    return _c.token.startswith(f"{claim}.")


def is_as_found(entry: Entry) -> ColumnElement[bool]:
    """Whether nobody has changed the row since it was read."""
    return _c.token == entry.token


class DeliveryTable:
    """The rows of one CI database. All methods raise DatabaseError when the state does not answer."""

    def __init__(self, engine: Engine, database: str) -> None:
        self._engine, self._source = engine, source_of(database)

    def row(self, key: DeliveryKey) -> str:
        """The row of a key. A window is the same one in whichever zone it is written."""
        return digest(
            self._source, key.report, window(key.begin), window(key.end), key.audience, key.about
        )

    def line(self, key: DeliveryKey) -> str:
        """What a report has in common with those before it: its trouble is of the same line."""
        return digest(self._source, key.report.removesuffix("-trouble"), key.audience, key.about)

    def lines(self, key: DeliveryKey) -> list[str]:
        """The line of a key in both of its spellings."""
        spellings = {key.about, key.about_v0} if key.about_v0 else {key.about}
        return [self.line(replace(key, about=about)) for about in sorted(spellings)]

    def read(self, row: str) -> Entry | None:
        return next(iter(self._ask(select(deliveries).where(_c.id == row))), None)

    def last_before(self, lines: Collection[str], moment: datetime) -> Entry | None:
        """The newest of these lines whose window had ended then."""
        earlier = select(deliveries).where(_c.line.in_(lines), _c.end_utc <= utc(moment))
        newest = earlier.order_by(_c.end_utc.desc(), _c.changed.desc(), _c.id)
        return next(iter(self._ask(newest.limit(1))), None)

    def newest(
        self,
        since: datetime | None,
        states: Collection[DeliveryState] | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Those that changed last first."""
        where = [_c.source == self._source]
        if since is not None:
            where.append(_c.changed >= utc(since))
        if states is not None:
            where.append(_c.state.in_(states))
        return self._ask(
            select(deliveries).where(*where).order_by(_c.changed.desc(), _c.id).limit(limit)
        )

    def _ask(self, statement: Select[Any]) -> list[Entry]:
        def once() -> list[Entry]:
            with connected(self._engine) as connection:
                return [entry_of(row) for row in connection.execute(statement)]

        return retry_read(once)

    def insert(self, row: str, entry: Entry, claim: str) -> bool:
        """False if there is such a row."""
        token, key = _new_token(claim), entry.key
        ends = instant(key.end)
        names = {
            "report": key.report,
            "begin": key.begin,
            "end": key.end,
            "audience": key.audience,
            "about": key.about,
        }
        values = {
            "id": row,
            "source": self._source,
            "line": self.line(key),
            "end_utc": ends and utc(ends),
            **names,
        }
        every = fitted(deliveries, values | values_of(entry) | {"token": token})
        return self._done(insert_missing(deliveries).values(every), row, token)

    def swap(self, row: str, ours: ColumnElement[bool], entry: Entry, claim: str = "") -> bool:
        """Put `entry` in the row's place if the row is still `ours`; nobody else's look at the row holds after that."""
        token = _new_token(claim or new_claim())
        values = fitted(deliveries, values_of(entry) | {"token": token})
        return self._done(update(deliveries).where(_c.id == row, ours).values(values), row, token)

    def delete(self, row: str, ours: ColumnElement[bool]) -> bool:
        return write(self._engine, delete(deliveries).where(_c.id == row, ours)) == 1

    def _done(self, statement: UpdateBase, row: str, token: str) -> bool:
        """Whether the statement made the row what it is, also where the answer to it was lost on its way."""
        try:
            return write(self._engine, statement) == 1
        except ConnectionLost:
            if write(self._engine, statement) == 1:
                return True
            found = self.read(row)
            return found is not None and found.token == token


def _new_token(claim: str) -> str:
    """Another one each time: MySQL may count a row that an UPDATE left as it was as none."""
    return f"{claim}.{uuid4().hex[:15]}"

"""Carries a state of version 1, with a table for deliveries and one for issue calls, over.

In one transaction that begins by noting the new version: of all processes that try, one does it,
and one that is killed has done nothing. The old tables stay as they are, and nothing reads them
after that. An older ci_stat refuses a state of the new version, because it would not see what the
outbox says.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, TableClause, column, inspect, select, table

from ci_stat.records import DeliveryKey
from ci_stat.store.state import deliveries, issue_calls
from ci_stat.store.state.calls import CallKind, CallState
from ci_stat.store.state.delivery_key import identity_of
from ci_stat.store.state.tables import batches, insert_missing, outward_calls, version_table

log = logging.getLogger(__name__)

VERSION = 2
_BATCH = 200  # rows in one statement

_STATES = {
    "preparing": CallState.INTENDED,
    "sending": CallState.CLAIMED,
    "sent": CallState.DONE,
    "intended": CallState.CLAIMED,  # of an issue call: it may be on its way
    "done": CallState.DONE,
    "failed": CallState.REFUSED,
    "uncertain": CallState.UNKNOWN,
}


def _named(name: str, columns: str) -> TableClause:
    return table(name, *map(column, columns.split()))


_DELIVERIES = _named(
    "deliveries",
    "id source line report begin end audience about end_utc state owner token started first_sent"
    " changed tries form code reason message_id earlier earlier_changed",
)
_INTENTS = _named(
    "issue_intents",
    "tracker id_hash id kind action key_hash key name number state owner token started changed"
    " attempts comment code reason why",
)


def upgrade(engine: Engine) -> None:
    """Note the version, and carry over what an older ci_stat kept. Again, that changes nothing."""
    there = set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        noted = connection.execute(insert_missing(version_table), {"version": VERSION}).rowcount
        if not noted:
            return
        count = 0
        for old, carried in _OLD:
            if old.name in there:
                rows = connection.execute(select(old)).all()
                count += _store(connection, carried(rows))
    if count:
        log.info("Carried %s deliveries and issue calls over to the outbox", f"{count:,}")


def _store(connection: Connection, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    for batch in batches(rows, _BATCH):
        connection.execute(insert_missing(outward_calls), batch)
        count += len(batch)
    return count


def _of_deliveries(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        key = DeliveryKey(row.report, row.begin, row.end, row.audience, row.about)
        payload = deliveries.Payload(row.form)
        yield {
            "feature": deliveries.FEATURE,
            "target": row.source,
            "id": row.id,
            "identity": identity_of(key),
            "kind": str(CallKind.MESSAGE),
            "series": row.line,
            "position": row.end_utc,
            "state": _state(row.state),
            "owner": row.owner,
            "token": row.token,
            "attempt": row.tries,
            "started": row.started,
            "called": row.first_sent,
            "changed": row.changed,
            "earlier": row.earlier and _state(row.earlier),
            "earlier_changed": row.earlier_changed,
            "number": 0,
            "reference": row.message_id,
            "url": "",
            "code": row.code,
            "reason": row.reason,
            "payload": msgspec.json.encode(payload).decode(),
        }


def _of_issue_calls(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            "feature": issue_calls.FEATURE,
            "target": row.tracker,
            "id": row.id_hash,
            "identity": issue_calls.identity_of(row.id),
            "kind": issue_calls.kind_of(row.kind),
            "series": row.key_hash,
            "position": None,
            "state": _state(row.state),
            "owner": row.owner,
            "token": row.token,
            "attempt": row.attempts,
            "started": row.started,
            "called": row.started,
            "changed": row.changed,
            "earlier": None,
            "earlier_changed": None,
            "number": row.number,
            "reference": str(row.comment or ""),
            "url": "",
            "code": row.code,
            "reason": row.reason,
            "payload": issue_calls.payload_of(row.action, row.key, row.name, row.why),
        }


def _state(text: str) -> str:
    """UNKNOWN for a word that nobody knows: then nothing is repeated without a look."""
    return str(_STATES.get(text, CallState.UNKNOWN))


_OLD = ((_DELIVERIES, _of_deliveries), (_INTENTS, _of_issue_calls))

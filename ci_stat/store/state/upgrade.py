"""Upgrades a state of version 1 (tables for deliveries and issue calls) to version 2 (the outbox).

One transaction that begins by writing the new version: only one of several processes upgrades, and
a killed one has changed nothing. The old tables stay and are not read again. An older ci_stat
refuses a state of the new version, because it cannot read the outbox.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Engine, TableClause, column, inspect, select, table

from ci_stat.records import DeliveryKey
from ci_stat.store.state import delivery_row, issue_call_row
from ci_stat.store.state.calls import CallKind, CallState
from ci_stat.store.state.tables import outward_calls, version_table
from ci_stat.store.state.writing import batches, insert_missing

log = logging.getLogger(__name__)

VERSION = 2
_BATCH = 200  # rows in one statement

_STATES = {
    "preparing": CallState.INTENDED,
    "sending": CallState.CLAIMED,
    "sent": CallState.DONE,
    "intended": CallState.CLAIMED,  # of an issue call: it may have been sent
    "done": CallState.DONE,
    "failed": CallState.REFUSED,
    "uncertain": CallState.UNKNOWN,
}


def _old_table(name: str, columns: str) -> TableClause:
    return table(name, *map(column, columns.split()))


_DELIVERIES = _old_table(
    "deliveries",
    "id source line report begin end audience about end_utc state owner token started first_sent"
    " changed tries form code reason message_id earlier earlier_changed",
)
_INTENTS = _old_table(
    "issue_intents",
    "tracker id_hash id kind action key_hash key name number state owner token started changed"
    " attempts comment code reason why",
)


def upgrade(engine: Engine) -> None:
    """Write the version, and copy the rows of the old tables. Idempotent."""
    existing = set(inspect(engine).get_table_names())
    count = 0
    with engine.begin() as connection:
        version = insert_missing(version_table)
        is_ours = connection.execute(version, {"version": VERSION}).rowcount
        if not is_ours:
            return
        for old_table, converted in _OLD_TABLES:
            if old_table.name in existing:
                rows = connection.execute(select(old_table)).all()
                count += _store(connection, converted(rows))
    if count:
        log.info("Copied %s deliveries and issue calls to the outbox", f"{count:,}")


def _store(connection: Connection, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    for batch in batches(rows, _BATCH):
        connection.execute(insert_missing(outward_calls), batch)
        count += len(batch)
    return count


def _deliveries(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        key = DeliveryKey(row.report, row.begin, row.end, row.audience, row.about)
        yield {
            "feature": delivery_row.FEATURE,
            "target": row.source,
            "id": row.id,
            "identity": delivery_row.identity_of(key),
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
            "payload": delivery_row.payload_of(row.form),
        }


def _issue_calls(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {
            "feature": issue_call_row.FEATURE,
            "target": row.tracker,
            "id": row.id_hash,
            "identity": issue_call_row.identity_of(row.id),
            "kind": issue_call_row.call_kind(row.kind),
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
            "payload": issue_call_row.payload_of(row.action, row.key, row.name, row.why),
        }


def _state(text: str) -> str:
    """UNKNOWN for any other word, so that the call is looked up before it is repeated."""
    return str(_STATES.get(text, CallState.UNKNOWN))


_OLD_TABLES = ((_DELIVERIES, _deliveries), (_INTENTS, _issue_calls))

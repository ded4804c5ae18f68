"""Single statements that change our state, repeated while another process holds a lock."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Engine, Executable, Insert, Table, insert
from sqlalchemy.exc import DBAPIError

from ci_stat.store.errors import database_errors

TRIES = 5
PAUSE = 0.02  # seconds before the second try; longer before each later one

# MySQL: lock wait timeout, deadlock, NOWAIT refused.
_LOCKED = {1205, 1213, 3572}

T = TypeVar("T")


def insert_missing(table: Table) -> Insert:
    """An INSERT that leaves existing rows unchanged."""
    statement = insert(table).prefix_with("OR IGNORE", dialect="sqlite")
    return statement.prefix_with("IGNORE", dialect="mysql").prefix_with("IGNORE", dialect="mariadb")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """`items` in lists of `size`; the last one may be shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def write(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]] = ()) -> int:
    """Execute one statement in its own transaction; return the number of matched rows.

    A statement that is refused because of a lock is tried again. The transaction begins with the
    write, so SQLite waits for the lock: after a read it would refuse at once.

    Raises DatabaseError.
    """
    with database_errors(engine):
        return repeated(lambda: _once(engine, statement, values))


def _once(engine: Engine, statement: Executable, values: Sequence[Mapping[str, Any]]) -> int:
    with engine.begin() as connection:
        return int(connection.execute(statement, values or None).rowcount)


def repeated(transaction: Callable[[], T]) -> T:
    """Repeat a transaction that lost a lock: it has changed nothing."""
    for attempt in range(1, TRIES):
        try:
            return transaction()
        except DBAPIError as error:
            if not _is_locked(error):
                raise
            time.sleep(PAUSE * attempt)
    return transaction()


def _is_locked(error: DBAPIError) -> bool:
    """Whether another transaction's lock stopped the statement before it changed anything."""
    code = error.orig.args[0] if error.orig and error.orig.args else None
    text = str(code)
    return code in _LOCKED or "database is locked" in text or "table is locked" in text

"""Optimistic locking for rows of our state: read a row, then change it only if it is unchanged."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Engine, Executable, Select

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.writing import write

ROUNDS = 20  # attempts while other processes change the same row

T = TypeVar("T")


def new_claim() -> str:
    """A new id of a claim, with which the tokens of its rows begin."""
    return uuid4().hex[:16]


def new_token(claim: str) -> str:
    """A token for one write, so that a row read before the write is outdated."""
    return f"{claim}.{uuid4().hex[:15]}"


def retry_conflicts(attempt: Callable[[], T | None]) -> T:
    """The first result of `attempt`, which returns None if another process changed the row.

    Raises DatabaseError after `ROUNDS` attempts.
    """
    for _ in range(ROUNDS):
        result = attempt()
        if result is not None:
            return result
    raise DatabaseError(
        f"Other processes keep changing a row of our state ({ROUNDS} attempts).",
        "Try again when they have finished.",
    )


def read_rows(engine: Engine, statement: Select[Any]) -> Sequence[Any]:
    """All rows of a query. Raises DatabaseError."""

    def read() -> Sequence[Any]:
        with connected(engine) as connection:
            return connection.execute(statement).all()

    return retry_read(read)


def change_row(engine: Engine, statement: Executable, changed_row: Select[Any]) -> bool:
    """Whether the statement changed its row, even if the connection was lost before the answer.

    `changed_row`: selects the row only if this statement has changed it. Raises DatabaseError.
    """
    try:
        return write(engine, statement) == 1
    except ConnectionLost:
        return write(engine, statement) == 1 or bool(read_rows(engine, changed_row))


def delete_rows(engine: Engine, statement: Executable) -> int:
    """The number of deleted rows; after a lost connection only those of the second attempt."""
    return retry_read(lambda: write(engine, statement))

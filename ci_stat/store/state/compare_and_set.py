"""What the writers of our own state share that go step by step: one look at a row, and one change if it still is so."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, Executable, Select

from ci_stat.errors import ConnectionLost, DatabaseError
from ci_stat.store.engine import connected
from ci_stat.store.errors import retry_read
from ci_stat.store.state.tables import source_of, write

ROUNDS = 20  # times that others may change a row between our look and our change

T = TypeVar("T")


def insist(step: Callable[[], T | None]) -> T:
    """What one look and one change came to; again where somebody else made a change in between (None)."""
    for _ in range(ROUNDS):
        done = step()
        if done is not None:
            return done
    raise DatabaseError(
        "Other processes change a row of our state all the time.", "Try again when they are done."
    )


def ask(engine: Engine, statement: Select[Any]) -> Sequence[Any]:
    """All rows of the answer. Raises DatabaseError."""

    def once() -> Sequence[Any]:
        with connected(engine) as connection:
            return connection.execute(statement).all()

    return retry_read(once)


def written(engine: Engine, statement: Executable, made: Select[Any]) -> bool:
    """Whether the statement changed its row, also where the answer to it was lost on its way. Raises DatabaseError.

    `made`: finds the row if it is as this statement made it, and no other.
    """
    try:
        return write(engine, statement) == 1
    except ConnectionLost:
        return write(engine, statement) == 1 or bool(ask(engine, made))


def deleted(engine: Engine, statement: Executable) -> int:
    """How many rows the statement deleted; where its answer was lost on its way, those of its second run."""
    return retry_read(lambda: write(engine, statement))


def tracker_of(tracker: str) -> str:
    """What stands for a tracker's repository in every table; `Owner/Name` and `owner/name` are one to every tracker."""
    return source_of(tracker.lower())


def utc_text(moment: datetime) -> str:
    """A moment as text of one length, so that letters compare as time does."""
    with suppress(
        OverflowError
    ):  # `9999-12-31`, said west of Greenwich: there it stays as it was said
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def utc_moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

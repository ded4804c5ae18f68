"""A lock on the issues or on a campaign of a repository: one process at a time writes.

The lock prevents duplicate work. Even if two processes hold it, `IssueCalls` prevents duplicate
calls.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, delete, select, update
from sqlalchemy.sql.dml import UpdateBase

from ci_stat.errors import DatabaseError
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import (
    change_row,
    new_claim,
    new_token,
    read_rows,
    retry_conflicts,
)
from ci_stat.store.state.process_id import is_seen, process_words
from ci_stat.store.state.stored_values import fitted, shown, tracker_of, utc_moment, utc_text
from ci_stat.store.state.tables import locks
from ci_stat.store.state.writing import insert_missing, write

# How long a process that cannot be observed from here is assumed to work: longer than one call may
# wait for the server's rate limit, twice 15 minutes.
LEASE = timedelta(minutes=60)

_c = locks.c


class LostLock(DatabaseError):
    """Another process has the lock: nothing more may be written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether this process has the lock now.

    - `owner`, `since` (aware, UTC): the owner, which is this process if `granted`.
    - `reason`: if denied, the owner and its remaining time; if granted, the previous owner or "".
    """

    granted: bool
    owner: str
    since: datetime
    reason: str


class IssueLock:
    """The lock of one repository. `prepare_state` creates the table.

    A lock belongs to the object that took it: another one of the same process is denied too. All
    methods raise DatabaseError.
    """

    def __init__(
        self,
        engine: Engine,
        tracker: str,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
        what: str = "the issues",
    ) -> None:
        """`tracker`, `owner`, `clock` as for `IssueCalls`; `alive`: `is_alive`.

        `what`: what is locked, for messages.
        """
        self._what = what
        self._engine, self._tracker = engine, tracker_of(tracker)
        self._owner, self._clock, self._alive = owner, clock, alive
        self._claim = ""  # the first part of the row's token while the lock is ours

    def take(self) -> Claim:
        """Ask for the lock. Granted if it is free or its owner has exited.

        An owner that can be observed keeps it while it lives, another for `LEASE` after its last
        renewal.
        """
        return retry_conflicts(self._try_take)

    def _try_take(self) -> Claim | None:
        """None if another process changed the row after it was read."""
        row, now = self._read(), self._now()
        if row is not None and self._is_in_use(row, now):
            return Claim(False, row.owner, utc_moment(row.since), self._denial(row, now))
        claim = new_claim()
        if not self._put(row, claim, now):
            return None
        self._claim = claim
        return Claim(True, self._owner, now, self._takeover(row) if row else "")

    def _put(self, row: Any | None, claim: str, now: datetime) -> bool:
        """Make the row ours if it is unchanged."""
        at = utc_text(now)
        values = fitted(
            locks, {"owner": self._owner, "token": new_token(claim), "since": at, "renewed": at}
        )
        statement: UpdateBase = insert_missing(locks).values(tracker=self._tracker, **values)
        if row is not None:
            statement = update(locks).where(self._own(), _c.token == row.token).values(values)
        try:
            return change_row(self._engine, statement, select(_c.token).where(self._of(claim)))
        except DatabaseError:
            # The row may have been written; then `release` deletes it.
            self._claim = self._claim or claim
            raise

    def renew(self) -> None:
        """Extend the lock, before each call to the tracker. Raises LostLock if it is not ours."""
        if not self._claim:
            raise LostLock("This process does not hold the lock: nothing was written.")
        if retry_read(self._renewed):
            return
        self._claim = ""
        raise self._lost()

    def _renewed(self) -> bool:
        values = {"token": new_token(self._claim), "renewed": utc_text(self._now())}
        return write(self._engine, update(locks).where(self._of(self._claim)).values(values)) == 1

    def _lost(self) -> LostLock:
        row = self._read()
        who = f"Another {process_words(row.owner)} has" if row else "Another process had"
        return LostLock(
            f"{who} taken over the lock on {self._what}: nothing more was written.",
            "See what that process writes.",
        )

    def release(self) -> None:
        """Give the lock back if it is ours."""
        if self._claim:
            own_row = delete(locks).where(self._of(self._claim))
            retry_read(lambda: write(self._engine, own_row))
        self._claim = ""

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _own(self) -> ColumnElement[bool]:
        return _c.tracker == self._tracker

    def _of(self, claim: str) -> ColumnElement[bool]:
        return self._own() & _c.token.startswith(f"{claim}.")

    def _read(self) -> Any | None:
        return next(iter(read_rows(self._engine, select(locks).where(self._own()))), None)

    def _is_in_use(self, row: Any, now: datetime) -> bool:
        """Whether a living process has the lock."""
        if not self._alive(row.owner):
            return False
        return is_seen(row.owner, self._owner) or abs(now - utc_moment(row.renewed)) < LEASE

    def _denial(self, row: Any, now: datetime) -> str:
        is_this = fitted(locks, {"owner": self._owner})["owner"] == row.owner
        which = "this" if is_this else "another"
        since = shown(utc_moment(row.since))
        owner = f"{which} {process_words(row.owner)} has held the lock since {since}"
        if is_seen(row.owner, self._owner):
            return f"{owner} and is alive"
        left = LEASE - abs(now - utc_moment(row.renewed))
        return f"{owner}; if it has exited, the lock expires in {_minutes(left)}"

    def _takeover(self, row: Any) -> str:
        was_idle = f"has not renewed it since {shown(utc_moment(row.renewed))}"
        why = was_idle if self._alive(row.owner) else "has exited"
        return f"taken over from the {process_words(row.owner)}, which {why}"


def _minutes(left: timedelta) -> str:
    minutes = -(-int(left.total_seconds()) // 60)
    return f"{minutes} minute{'s' * (minutes != 1)}"

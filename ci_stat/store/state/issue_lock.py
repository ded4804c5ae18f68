"""One process at a time writes to the issues of a repository: a lock with an owner and a life.

It spares the tracker double work; that nothing is written twice, even where two believe to have it, `Issues` sees to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Engine, delete, select, update
from sqlalchemy.sql.dml import UpdateBase

from ci_stat.errors import DatabaseError
from ci_stat.store.errors import retry_read
from ci_stat.store.state.compare_and_set import (
    ask,
    insist,
    tracker_of,
    utc_moment,
    utc_text,
    written,
)
from ci_stat.store.state.process_id import is_seen, process_words
from ci_stat.store.state.tables import fitted, insert_missing, locks, write

# For how long a process that cannot be seen from here is taken to be at work: longer than it may wait for a limit of
# the far end, twice a quarter of an hour for one call.
LEASE = timedelta(minutes=60)

_c = locks.c


class LostLock(DatabaseError):
    """Somebody else has the lock by now: nothing more may be written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether we have the lock now.

    - `owner`, `since` (aware, UTC): who has it, and since when; we do if it is `granted`.
    - `reason`: who has it, since when and for how long still; if it is granted, from whom it was taken over, or "".
    """

    granted: bool
    owner: str
    since: datetime
    reason: str


class IssueLock:
    """The lock of one repository. `State.prepare` makes the table; all methods raise DatabaseError.

    A lock belongs to the object that took it: another one of the same process is refused too.
    """

    def __init__(
        self,
        engine: Engine,
        tracker: str,
        owner: str,
        clock: Callable[[], datetime],
        alive: Callable[[str], bool],
    ) -> None:
        """`tracker`, `owner`, `clock` as for `Issues`; `alive`: `is_alive`."""
        self._engine, self._tracker = engine, tracker_of(tracker)
        self._owner, self._clock, self._alive = owner, clock, alive
        self._claim = ""  # what the token begins with as long as it is ours

    def take(self) -> Claim:
        """Ask for the lock. Granted where nobody has it, or its owner is gone.

        An owner that can be seen from here keeps it while it lives; any other for `LEASE` after it last renewed it.
        """
        return insist(self._attempt)

    def _attempt(self) -> Claim | None:
        """One look and one change; None if somebody else changed the row in between."""
        found, now = self._read(), self._now()
        if found is not None and self._at_it(found, now):
            return Claim(False, found.owner, utc_moment(found.since), self._refusal(found, now))
        claim = uuid4().hex[:16]
        if not self._put(found, claim, now):
            return None
        self._claim = claim
        return Claim(True, self._owner, now, self._takeover(found) if found else "")

    def _put(self, found: Any | None, claim: str, now: datetime) -> bool:
        """Make the row ours if it still is as it was `found`."""
        at = utc_text(now)
        values = fitted(
            locks, {"owner": self._owner, "token": _token(claim), "since": at, "renewed": at}
        )
        statement: UpdateBase = insert_missing(locks).values(tracker=self._tracker, **values)
        if found is not None:
            statement = update(locks).where(self._ours(), _c.token == found.token).values(values)
        try:
            return written(self._engine, statement, select(_c.token).where(self._of(claim)))
        except DatabaseError:
            self._claim = (
                self._claim or claim
            )  # it may have been stored: `release` gives it back then
            raise

    def renew(self) -> None:
        """Say that we are at work, before each call to the tracker. Raises LostLock if it is not ours any more."""
        if self._claim and retry_read(self._renewed):
            return
        taken, self._claim = bool(self._claim), ""
        raise (
            self._lost()
            if taken
            else LostLock("The lock was not taken by us: nothing was written.")
        )

    def _renewed(self) -> bool:
        values = {"token": _token(self._claim), "renewed": utc_text(self._now())}
        return write(self._engine, update(locks).where(self._of(self._claim)).values(values)) == 1

    def _lost(self) -> LostLock:
        found = self._read()
        who = f"Another {process_words(found.owner)} has" if found else "Another process had"
        return LostLock(
            f"{who} taken over the lock on the issues: nothing more was written.",
            "See what it writes.",
        )

    def release(self) -> None:
        """Give the lock back if it is ours."""
        if self._claim:
            retry_read(lambda: write(self._engine, delete(locks).where(self._of(self._claim))))
        self._claim = ""

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def _ours(self) -> ColumnElement[bool]:
        return _c.tracker == self._tracker

    def _of(self, claim: str) -> ColumnElement[bool]:
        return self._ours() & _c.token.startswith(f"{claim}.")

    def _read(self) -> Any | None:
        return next(iter(ask(self._engine, select(locks).where(self._ours()))), None)

    def _at_it(self, found: Any, now: datetime) -> bool:
        """Whether a living process has it."""
        if not self._alive(found.owner):
            return False
        return is_seen(found.owner, self._owner) or abs(now - utc_moment(found.renewed)) < LEASE

    def _refusal(self, found: Any, now: datetime) -> str:
        this = fitted(locks, {"owner": self._owner})["owner"] == found.owner
        who = f"{'this' if this else 'another'} {process_words(found.owner)}"
        said = f"{who} writes to the issues since {_shown(found.since)}"
        if is_seen(found.owner, self._owner):
            return f"{said}, and is alive"
        left = LEASE - abs(now - utc_moment(found.renewed))
        return f"{said}; if it is gone, it has the lock for another {_span(left)}"

    def _takeover(self, found: Any) -> str:
        gone = (
            "is gone"
            if not self._alive(found.owner)
            else f"was not heard of since {_shown(found.renewed)}"
        )
        return f"taken over from the {process_words(found.owner)}, which {gone}"


def _token(claim: str) -> str:
    """Another one each time, so that nobody's look at the row holds after a change."""
    return f"{claim}.{uuid4().hex[:15]}"


def _shown(text: str) -> str:
    return f"{utc_moment(text):%Y-%m-%d %H:%M:%S} UTC"


def _span(left: timedelta) -> str:
    minutes = -(-int(left.total_seconds()) // 60)
    return f"{minutes} minute{'s' * (minutes != 1)}"

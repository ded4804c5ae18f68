"""Failures that no issue is touched for, because somebody said so."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, select

from ci_stat.records import Mute
from ci_stat.store.issues import kept_key
from ci_stat.store.state_tables import digest, fitted, mutes, write
from ci_stat.store.steps import ask, tracker_of, utc_moment, utc_text
from ci_stat.store.troubles import retry_read

_c = mutes.c


class Mutes:
    """The mutes of one repository. `State.prepare` makes the table; all methods raise DatabaseError.

    Keys are given out as `Issues` gives them out.
    """

    def __init__(self, engine: Engine, tracker: str, clock: Callable[[], datetime]) -> None:
        """`tracker`, `clock` as for `Issues`."""
        self._engine, self._tracker, self._clock = engine, tracker_of(tracker), clock

    def mute(self, mute: Mute) -> None:
        """Keep it, in the place of an earlier one of its key."""
        key = kept_key(mute.key)
        values = {
            "tracker": self._tracker, "key_hash": digest(key), "key": key, "name": mute.name,
            "until": utc_text(mute.until), "why": mute.why, "made": utc_text(mute.made),
        }  # fmt: skip
        retry_read(lambda: write(self._engine, self._upsert(), [fitted(mutes, values)]))

    def _upsert(self) -> Any:
        names = ("name", "until", "why", "made")
        if self._engine.dialect.name == "sqlite":
            from sqlalchemy.dialects import sqlite

            made = sqlite.insert(mutes)
            return made.on_conflict_do_update(
                ["tracker", "key_hash"], set_={name: made.excluded[name] for name in names}
            )
        from sqlalchemy.dialects import mysql

        written = mysql.insert(mutes)
        return written.on_duplicate_key_update({name: written.inserted[name] for name in names})

    def unmute(self, key: str) -> bool:
        """Take it back; whether it held until now. Of two that take it back at once both may hear so."""
        held = kept_key(key) in self.all(self._clock())
        ours = (_c.tracker == self._tracker, _c.key_hash == digest(kept_key(key)))
        retry_read(lambda: write(self._engine, delete(mutes).where(*ours)))
        return held

    def all(self, now: datetime | None = None) -> dict[str, Mute]:
        """Every mute by key, the first that ends first; if `now` (aware) is given, only those that are not over."""
        asked = select(mutes).where(_c.tracker == self._tracker).order_by(_c.until, _c.key_hash)
        if now is not None:
            asked = asked.where(_c.until > utc_text(now))
        return {row.key: _mute(row) for row in ask(self._engine, asked)}


def _mute(row: Any) -> Mute:
    return Mute(row.key, row.name, utc_moment(row.until), row.why, utc_moment(row.made))

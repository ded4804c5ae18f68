"""The time zone of an embedded CI database: SQLite stores times without one, so we record it.

A database of a server has the zone of the settings: other programs write it, and read its tables.
"""

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, text

from ci_stat.errors import DatabaseError
from ci_stat.records import TABLE
from ci_stat.store.embedded import is_embedded
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, hidden

OLDER_ZONE = "Asia/Shanghai"  # the default before databases recorded their zone
ZONE_OPTION = "ci_stat_zone"  # execution option of an engine that may write
_RECORD = "ci_stat_zone"
_CREATE = text(
    "create table if not exists ci_stat_zone "
    "(id integer primary key check (id = 1), zone text not null)"
)
_INSERT = text("insert or ignore into ci_stat_zone values (1, :zone)")
_SELECT = text("select zone from ci_stat_zone")


class WrittenIn(NamedTuple):
    """The zone of the times. Not `recorded`: the database is older than the record."""

    zone: str
    recorded: bool


def written_in(engine: Engine) -> WrittenIn | None:
    """Return the zone of an embedded database; None without one, and without runs.

    Raises DatabaseError.
    """
    if not is_embedded(engine) or not Path(engine.url.database or "").is_file():
        return None
    with connected(engine) as connection:
        if _has(connection, _RECORD):
            zone = connection.execute(_SELECT).scalar()
            return WrittenIn(str(zone), recorded=True) if zone else None
        return WrittenIn(OLDER_ZONE, recorded=False) if _has(connection, TABLE) else None


def record_zone(engine: Engine) -> None:
    """Record the zone in which the engine is about to write times, unless one is recorded.

    Raises DatabaseError.
    """
    zone = engine.get_execution_options().get(ZONE_OPTION)
    if not zone or not is_embedded(engine):
        return
    with database_errors(engine), engine.begin() as connection:
        connection.execute(_CREATE)
        connection.execute(_INSERT, {"zone": zone})
        recorded = connection.execute(_SELECT).scalar()
    if recorded != zone:  # another process was first, with other settings
        raise DatabaseError(
            f"{hidden(engine.url)} was created in the time zone {recorded} a moment ago.",
            f"Set time_zone to {recorded}, and repeat the command.",
        )


def _has(connection: Connection, table: str) -> bool:
    query = text("select 1 from sqlite_master where type = 'table' and name = :name")
    return connection.execute(query, {"name": table}).scalar() is not None

"""Turn settings into what a source of runs and its sync need; for the context only."""

import logging
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from ci_stat.config import CiData, GitHub, zone_of
from ci_stat.errors import DatabaseError, ServerUnreachable, SettingsError
from ci_stat.escape import visible
from ci_stat.store.embedded_zone import WrittenIn, written_in
from ci_stat.store.errors import hidden
from ci_stat.store.state.actions_sync import ActionsSync

log = logging.getLogger(__name__)

_said: set[str] = set()


def zone_of_times(ci_data: CiData, is_set: bool, engine: Engine) -> ZoneInfo:
    """Return the zone of the times in the CI database.

    This is `time_zone` if it is set, else the zone in which an embedded database was written, else
    the zone of the preset, else UTC. Raises SettingsError if `time_zone` is not the zone in which
    the database was written, and DatabaseError if a locked one does not tell its zone.
    """
    written = _written_in(engine, is_set)
    if written is None:
        return ci_data.zone
    if not written.recorded:
        return ci_data.zone if is_set else _older(written, ci_data, engine)

    recorded = zone_of(written.zone, f"The time zone that {hidden(engine.url)} records")
    if is_set and recorded != ci_data.zone:
        raise SettingsError(
            f"time_zone is {ci_data.zone.key}, but the times in {hidden(engine.url)} were written"
            f" in {recorded.key}: each time would be wrong.",
            f"Remove time_zone, or set it to {recorded.key}. To change the zone, import into a new"
            " database.",
        )
    return recorded


def _written_in(engine: Engine, is_set: bool) -> WrittenIn | None:
    """The record; None if the file cannot be read, which the first question says.

    Raises DatabaseError if a locked file does not tell its zone, and no setting does.
    """
    try:
        return written_in(engine)
    except ServerUnreachable:  # not a SQLite file
        return None
    except DatabaseError:
        if is_set:
            return None
        raise


def _older(written: WrittenIn, ci_data: CiData, engine: Engine) -> ZoneInfo:
    """The zone of a database that is older than the record; a change is said once per process."""
    zone, place = ZoneInfo(written.zone), hidden(engine.url)
    if zone != ci_data.zone and place not in _said:
        _said.add(place)
        log.warning(
            "%s does not record the zone of its times: it is from an older ci_stat, whose default"
            " %s is used. Set time_zone to this zone, or to the one in which it was written.",
            visible(place),
            zone.key,
        )
    return zone


def actions_sync(
    state: Engine, database: str, github: GitHub, repo: str, workflows: Sequence[str]
) -> ActionsSync:
    """Return how far the workflow runs of a repository were read."""
    return ActionsSync(state, database, github.url, repo, workflows)

"""Values that several commands show, as plain data for JSON."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ci_stat.records import Provenance, Tally
from ci_stat.rendering.format import staleness

Row = dict[str, Any]
T = TypeVar("T")


def iso_time(moment: datetime | None, source: Provenance) -> str | None:
    """A naive time of the table as ISO 8601 with its offset."""
    return None if moment is None else moment.replace(tzinfo=source.window.zone).isoformat()


def limited(things: Sequence[T], limit: int, row: Callable[[T], Row]) -> Row:
    """A list of rows that is cut after `limit`, with the number of all."""
    return {
        "total": len(things),
        "shown": min(limit, len(things)),
        "rows": [row(thing) for thing in things[:limit]],
    }


def source_data(source: Provenance) -> Row:
    """Window, rows, newest row, logs, database and query of a result, and notes on them."""
    return {
        "begin": source.window.begin.isoformat(),
        "end": source.window.end.isoformat(),
        "time_zone": source.window.zone.key,
        "rows": source.rows,
        "newest_row": iso_time(source.newest, source),
        "note": staleness(source),
        "warnings": dict(source.warnings),
        "logs": dict(source.logs),
        "rule_set": source.rule_set or None,
        "database": source.database,
        "query": source.query,
    }


def tally_data(tally: Tally) -> Row:
    """Runs by outcome, and the share of failures among finished runs (0 to 1, None for none)."""
    rate = tally.fail_rate
    return {
        "runs": tally.total,
        "success": tally.success,
        "failure": tally.failure,
        "aborted": tally.aborted,
        "other": tally.other,
        "fail_rate": None if rate is None else round(rate, 4),
    }

"""Values that several commands show, as plain data for JSON."""

from datetime import datetime
from typing import Any

from ci_stat.records import Provenance, Tally
from ci_stat.rendering.format import staleness

Row = dict[str, Any]


def _iso(moment: datetime | None, source: Provenance) -> str | None:
    """A naive time of the table as ISO 8601 with its offset."""
    return None if moment is None else moment.replace(tzinfo=source.window.zone).isoformat()


def source_data(source: Provenance) -> Row:
    """Window, rows, newest row, logs, database and query of a result, and notes on them."""
    return {
        "begin": source.window.begin.isoformat(),
        "end": source.window.end.isoformat(),
        "time_zone": source.window.zone.key,
        "rows": source.rows,
        "newest_row": _iso(source.newest, source),
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

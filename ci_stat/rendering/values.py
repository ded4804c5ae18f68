"""Values that many reports share, as plain data for JSON."""

from datetime import datetime
from typing import Any

from ci_stat.records import Provenance, Tally
from ci_stat.rendering.format import staleness

Row = dict[str, Any]


def _iso(moment: datetime | None, source: Provenance) -> str | None:
    """A naive time of the table as ISO 8601 with its offset."""
    return None if moment is None else moment.replace(tzinfo=source.window.zone).isoformat()


def source_data(source: Provenance) -> Row:
    """Window, zone, rows, newest row, database, query, and what to know about them."""
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
    return {
        "runs": tally.total, "success": tally.success, "failure": tally.failure, "aborted": tally.aborted,
        "other": tally.other, "fail_rate": None if tally.fail_rate is None else round(tally.fail_rate, 4),
    }  # fmt: skip

"""A report as plain data, for JSON: the value itself, with times as ISO 8601."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.records import Names, Provenance, Tally, Window
from ci_stat.rendering.format import filters
from ci_stat.rendering.values import source_data, tally_data
from ci_stat.reports.model import Report


def report_data(report: Report) -> dict[str, Any]:
    """Every number, row and link of the report under the names of its fields."""
    data = _plain(report, report.window.zone)
    assert isinstance(data, dict)
    return data


def _plain(value: object, zone: ZoneInfo) -> object:
    if isinstance(value, Window):
        return {
            "begin": value.begin.isoformat(),
            "end": value.end.isoformat(),
            "time_zone": value.zone.key,
        }
    if isinstance(value, Provenance):
        return source_data(value)
    if isinstance(value, Names):
        return filters(value)
    if isinstance(value, Tally):
        return tally_data(value)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), zone) for field in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each, zone) for each in value]
    return value

"""A report as plain data for JSON: its fields by name, with times as ISO 8601."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ci_stat.records import Names, Provenance, Tally, Window
from ci_stat.rendering.format import filters
from ci_stat.rendering.values import source_data, tally_data
from ci_stat.reports.model import Report

# Published names of fields that have another name in the code.
_JSON_NAMES = {"baselines": "beside", "names": "about", "median": "middle", "cause": "trouble"}


def report_data(report: Report) -> dict[str, Any]:
    """Every number, row and link of the report, by the names of its fields."""
    return _fields(report, report.window.zone)


def _window(window: Window) -> dict[str, str]:
    return {
        "begin": window.begin.isoformat(),
        "end": window.end.isoformat(),
        "time_zone": window.zone.key,
    }


def _names(names: Names) -> str:
    return filters(names)


_BY_TYPE: dict[type, Callable[[Any], object]] = {
    Window: _window,
    Provenance: source_data,
    Names: _names,
    Tally: tally_data,
}


def _plain(value: object, zone: ZoneInfo) -> object:
    convert = _BY_TYPE.get(type(value))
    if convert:
        return convert(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=zone).isoformat()
    if isinstance(value, tuple):
        return [_plain(entry, zone) for entry in value]
    if is_dataclass(value):
        return _fields(value, zone)
    return value


def _fields(value: Any, zone: ZoneInfo) -> dict[str, object]:
    return {
        _JSON_NAMES.get(field.name, field.name): _plain(getattr(value, field.name), zone)
        for field in fields(value)
    }

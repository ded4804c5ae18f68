"""The two elements of a card that carry data, table and chart, and the server's checks of it."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.support.feishu.shapes import Fault

# What each kind of chart must name, of the kinds that the vendor's chart page shows.
_AXES, _SHARES = ("xField", "yField"), ("categoryField", "valueField")
_FIELDS: dict[str, tuple[str, ...]] = {
    "line": _AXES,
    "area": _AXES,
    "bar": _AXES,
    "scatter": _AXES,
    "linearProgress": _AXES,
    "pie": _SHARES,
    "radar": _SHARES,
    "funnel": _SHARES,
    "circularProgress": _SHARES,
    "wordCloud": ("nameField", "valueField"),
}
_FUNCTION = re.compile(r"\s*(async\s+)?(function\b|\(?[\w\s,]*\)?\s*=>)")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_option(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= {"text", "color"}
        and isinstance(value.get("text"), str)
    )


_CELLS: dict[str, Callable[[Any], bool]] = {
    "text": lambda cell: isinstance(cell, str),
    "lark_md": lambda cell: isinstance(cell, str),
    "markdown": lambda cell: isinstance(cell, str),
    "number": _is_number,
    "date": lambda cell: type(cell) is int and cell > 10**11,  # milliseconds
    "options": lambda cell: isinstance(cell, list) and all(map(_is_option, cell)),
    "persons": lambda cell: (
        isinstance(cell, str) or (isinstance(cell, list) and all(isinstance(x, str) for x in cell))
    ),
}


def table_faults(table: dict[str, Any], path: str) -> Iterator[Fault]:
    """200914 for a cell that is not of its column's type, 200915 for a cell without a column."""
    columns = {column["name"]: column["data_type"] for column in table["columns"]}
    if len(columns) < len(table["columns"]):
        yield Fault(200915, "table rows name is invalid", path, "two columns of one name")
    for number, row in enumerate(table["rows"]):
        for at, (name, cell) in enumerate(row.items()):
            if name not in columns:
                yield Fault(200915, "table rows name is invalid", path, f"row {number}, {name}")
            elif not _CELLS[columns[name]](cell):
                told = f"row {number}, column {at}: not of type {columns[name]}"
                yield Fault(200914, "table rows is invalid", path, told)


def chart_faults(chart: dict[str, Any], path: str) -> Iterator[Fault]:
    """Fault 200550 for a `chart_spec` that is not a plain chart definition.

    The same fault says that the data lack one of its fields.
    """
    spec = chart["chart_spec"]
    wrong = [
        *_not_plain(spec, "(root)"),
        *(_common(spec) if spec.get("type") == "common" else _one(spec)),
    ]
    if wrong:
        yield Fault(
            200550, "chart spec is invalid", path, "".join(f"- {each}\\n" for each in wrong)
        )


def _not_plain(value: Any, where: str) -> Iterator[str]:
    """All that JSON or the chart schema does not take; a function can only come as its text."""
    if isinstance(value, dict):
        for name, each in value.items():
            # The texts within the data are what people wrote, they may look like anything.
            if name == "values":
                yield from (
                    () if _is_data(each) else (f"{where}.values: not a list of flat objects",)
                )
            elif isinstance(name, str):
                yield from _not_plain(each, name)
            else:
                yield f"{where}: a key that is no text"
    elif isinstance(value, list):
        for each in value:
            yield from _not_plain(each, where)
    elif isinstance(value, str):
        yield from (f"{where}: functions are not supported",) if _FUNCTION.match(value) else ()
    elif not _is_scalar(value) or value is None:
        yield f"{where}: Invalid type, given: {type(value).__name__}"


def _is_scalar(value: Any) -> bool:
    return (
        value is None
        or isinstance(value, str | bool | int)
        or (isinstance(value, float) and math.isfinite(value))
    )


def _is_data(values: Any) -> bool:
    return isinstance(values, list) and all(
        isinstance(each, dict)
        and all(isinstance(name, str) and _is_scalar(cell) for name, cell in each.items())
        for each in values
    )


def _one(spec: dict[str, Any]) -> Iterator[str]:
    data = spec.get("data")
    if spec.get("type") not in _FIELDS:
        yield f"type: not a kind of chart: {spec.get('type')!r:.40}"
    elif not isinstance(data, dict) or not data.get("values"):
        yield "data: no values"
    else:
        yield from _fields(spec, data["values"])


def _common(spec: dict[str, Any]) -> Iterator[str]:
    """Several series over several lists of data; one of the lists may be empty, not all."""
    data, series = spec.get("data"), spec.get("series")
    if not isinstance(data, list) or not isinstance(series, list) or not series:
        yield "(root): a common chart needs a list of data and a list of series"
        return
    if not any(isinstance(each, dict) and each.get("values") for each in data):
        yield "data: no values"
    for each in series:
        own = _data_of(each, data) if isinstance(each, dict) else None
        if own is None:
            yield "series: no such data"
        elif own.get("values") != []:
            yield from _one(each | {"data": own})


def _data_of(series: dict[str, Any], data: list[Any]) -> dict[str, Any] | None:
    """By its id, or by its place, which is the first unless the series says more."""
    if "dataId" in series:
        found = [
            each for each in data if isinstance(each, dict) and each.get("id") == series["dataId"]
        ]
    else:
        at = series.get("dataIndex", 0)
        found = data[at : at + 1] if isinstance(at, int) and at >= 0 else []
    return found[0] if len(found) == 1 and isinstance(found[0], dict) else None


def _fields(spec: dict[str, Any], values: Any) -> Iterator[str]:
    known = {name for each in values for name in each} if _is_data(values) else set()
    for name in _FIELDS[spec["type"]]:
        if name not in spec:
            yield f"{name} is required"
    for name in (*_AXES, *_SHARES, "seriesField", "nameField"):
        fields = spec.get(name, [])
        for one in fields if isinstance(fields, list) else [fields]:
            if one not in known:
                yield f"{name}: no field {one!r:.40} in the values"

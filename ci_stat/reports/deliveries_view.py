"""The ledger of deliveries as a table for people and as data for JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.records import Delivery, DeliveryState, names_of, report_name_of
from ci_stat.rendering.format import clock, filters
from ci_stat.rendering.terminal.columns import Column, Fitted, Role

_STYLES = {
    DeliveryState.SENT: "green",
    DeliveryState.FAILED: "bold red",
    DeliveryState.UNCERTAIN: "bold yellow",
    DeliveryState.SENDING: "cyan",
    DeliveryState.PREPARING: "cyan",
}

_ABOUT = 3  # the place of the column with names and filters, if a delivery has any


def deliveries_table(deliveries: Sequence[Delivery], zone: ZoneInfo) -> RenderableType:
    """One row for each delivery, with times in `zone`. A narrow terminal shows reasons below."""
    columns = [
        Column("report", Role.WORD),
        Column("window", Role.WORD),
        Column("to", Role.IDENTITY, floor=20),
        Column("state", Role.WORD),
        Column("when", spare=2),
        Column("tries", spare=5),
        Column("form", Role.WORD, spare=4),
        Column("reason", Role.SENTENCE),
    ]
    rows = [_row(delivery, zone) for delivery in deliveries]
    if any(map(_about, deliveries)):
        columns.insert(_ABOUT, Column("about", Role.IDENTITY, floor=12))
        for row, delivery in zip(rows, deliveries, strict=True):
            row.insert(_ABOUT, Text(visible(_about(delivery), 200)))
    return Fitted(columns, rows)


def _row(delivery: Delivery, zone: ZoneInfo) -> list[Text | str]:
    key = delivery.key
    begin, end = datetime.fromisoformat(key.begin), datetime.fromisoformat(key.end)
    changed = delivery.changed.astimezone(zone).replace(tzinfo=None)
    return [
        Text(visible(key.report), "bold"),
        _window(begin, end),
        Text(visible(key.audience, 80)),
        Text(delivery.state, _STYLES[delivery.state]),
        clock(changed),
        f"{delivery.tries:,}",
        delivery.form,
        Text(visible(delivery.reason, 400), "dim"),
    ]


def _window(begin: datetime, end: datetime) -> str:
    is_one_day = begin.date() == end.date()
    shown_end = f"{end:%H:%M}" if is_one_day else f"{end:%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M} to {shown_end}"


def delivery_rows(deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """One dict for each delivery; times are ISO 8601 in UTC, those of the window in its zone."""
    return list(map(_data, deliveries))


def _data(delivery: Delivery) -> dict[str, Any]:
    key = delivery.key
    return {
        "report": key.report,
        "begin": key.begin,
        "end": key.end,
        "audience": key.audience,
        "name": report_name_of(key.about),
        "about": _filters(delivery),
        "state": str(delivery.state),
        "started": delivery.started.isoformat(),
        "changed": delivery.changed.isoformat(),
        "tries": delivery.tries,
        "form": delivery.form,
        "code": delivery.code,
        "reason": delivery.reason,
        "message_id": delivery.message_id,
        "owner": delivery.owner,
    }


def _about(delivery: Delivery) -> str:
    """The name and the filter of the report; "" for a report of everything."""
    parts = (report_name_of(delivery.key.about), _filters(delivery))
    return ": ".join(filter(None, parts))


def _filters(delivery: Delivery) -> str:
    is_named = bool(report_name_of(delivery.key.about))
    return _names(delivery.names if is_named else delivery.key.about)


def _names(key: str) -> str:
    """The names of a key. A key of version 0, or one that was cut, is shown unchanged."""
    names = names_of(key)
    return key if names is None else filters(names)

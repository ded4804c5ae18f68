"""The ledger of deliveries as a table for people and as data for JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.text import Text

from ci_stat.escape import visible
from ci_stat.records import Delivery, DeliveryState, names_of
from ci_stat.rendering.format import clock, filters
from ci_stat.rendering.terminal.columns import Column, Fitted

_STYLES = {
    DeliveryState.SENT: "green",
    DeliveryState.FAILED: "bold red",
    DeliveryState.UNCERTAIN: "bold yellow",
    DeliveryState.SENDING: "cyan",
    DeliveryState.PREPARING: "cyan",
}


def deliveries_table(deliveries: Sequence[Delivery], zone: ZoneInfo) -> RenderableType:
    """One row for each delivery, with times in `zone`. A narrow terminal shows reasons below."""
    columns = [
        Column("report", left=True),
        Column("window", left=True, floor=29),
        Column("to", left=True, floor=20),
        Column("state", left=True),
        Column("when", spare=2),
        Column("tries", spare=5),
        Column("form", spare=4, left=True),
        Column("reason", left=True, below=True),
    ]
    return Fitted(columns, [_row(delivery, zone) for delivery in deliveries])


def _row(delivery: Delivery, zone: ZoneInfo) -> list[Text | str]:
    key = delivery.key
    begin, end = datetime.fromisoformat(key.begin), datetime.fromisoformat(key.end)
    changed = delivery.changed.astimezone(zone).replace(tzinfo=None)
    return [
        Text(visible(key.report), "bold"),
        f"{begin:%Y-%m-%d %H:%M} to {end:%m-%d %H:%M}",
        Text(visible(key.audience, 80)),
        Text(delivery.state, _STYLES[delivery.state]),
        clock(changed),
        f"{delivery.tries:,}",
        delivery.form,
        Text(visible(delivery.reason, 400), "dim"),
    ]


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
        "about": _names(key.about),
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


def _names(key: str) -> str:
    """The names of a key. A key of version 0, or one that was cut, is shown unchanged."""
    names = names_of(key)
    return key if names is None else filters(names)

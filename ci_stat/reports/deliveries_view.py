"""The ledger of deliveries, for people and for JSON."""

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
    DeliveryState.SENT: "green", DeliveryState.FAILED: "bold red", DeliveryState.UNCERTAIN: "bold yellow",
    DeliveryState.SENDING: "cyan", DeliveryState.PREPARING: "cyan",
}  # fmt: skip


def deliveries_table(found: Sequence[Delivery], zone: ZoneInfo) -> RenderableType:
    """One line a delivery, and on a narrow terminal more for what went wrong; times in `zone`."""
    columns = [
        Column("report", left=True), Column("window", left=True, floor=29), Column("to", left=True, floor=20),
        Column("state", left=True), Column("when", spare=2), Column("tries", spare=5), Column("as", spare=4, left=True),
        Column("said", left=True, below=True),
    ]  # fmt: skip
    return Fitted(columns, [_row(each, zone) for each in found])


def _row(each: Delivery, zone: ZoneInfo) -> list[Text | str]:
    begin, end = (datetime.fromisoformat(text) for text in (each.key.begin, each.key.end))
    changed = each.changed.astimezone(zone).replace(tzinfo=None)
    return [
        Text(visible(each.key.report), "bold"), f"{begin:%Y-%m-%d %H:%M} to {end:%m-%d %H:%M}",
        Text(visible(each.key.audience, 80)), Text(each.state, _STYLES[each.state]), clock(changed), f"{each.tries:,}",
        each.form, Text(visible(each.reason, 400), "dim"),
    ]  # fmt: skip


def delivery_rows(found: Sequence[Delivery]) -> list[dict[str, Any]]:
    return [
        {
            "report": each.key.report, "begin": each.key.begin, "end": each.key.end, "audience": each.key.audience,
            "about": _about(each), "state": str(each.state), "started": each.started.isoformat(),
            "changed": each.changed.isoformat(), "tries": each.tries, "form": each.form, "code": each.code,
            "reason": each.reason, "message_id": each.message_id, "owner": each.owner,
        }
        for each in found
    ]  # fmt: skip


def _about(delivery: Delivery) -> str:
    """The names in words. A row of an older version has words of its own; a key that was cut is shown as it is."""
    names = names_of(delivery.key.about)
    return delivery.key.about if names is None else filters(names)

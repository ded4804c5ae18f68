"""The table of deliveries: reasons are readable on a terminal of any width."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ci_stat.records import Delivery, DeliveryKey, DeliveryState
from ci_stat.rendering.terminal.screen import show
from ci_stat.reports.deliveries_view import deliveries_table

REASON = (
    "https://open.feishu.cn: no such hook "
    "(code 19001: param invalid: incoming webhook access token invalid)"
)
MOMENT = datetime(2021, 6, 18, 7, 3, tzinfo=UTC)


def delivery(state: DeliveryState, reason: str = "") -> Delivery:
    key = DeliveryKey(
        "hourly", "2021-06-18T14:00+08:00", "2021-06-18T15:00+08:00", "feishu webhook 0a1b2c3d", ""
    )
    return Delivery(key, state, "host:1:2", MOMENT, MOMENT, 1, "card 2.0", None, reason, "")


def shown(deliveries: Sequence[Delivery], width: int | None) -> list[str]:
    stream = io.StringIO()
    show(deliveries_table(deliveries, ZoneInfo("Asia/Shanghai")), stream, color=False, width=width)
    return stream.getvalue().strip("\n").split("\n")


def test_a_reason_without_room_is_below_its_row() -> None:
    deliveries = [
        delivery(DeliveryState.SENT),
        delivery(DeliveryState.FAILED, REASON),
        delivery(DeliveryState.UNCERTAIN, "no answer"),
        delivery(DeliveryState.SENT),
    ]
    assert shown(deliveries, 80) == [
        " report   window                      to                        state",
        " ────────────────────────────────────────────────────────────────────────",
        " hourly   2021-06-18 14:00 to 15:00   feishu webhook 0a1b2c3d   sent",
        " hourly   2021-06-18 14:00 to 15:00   feishu webhook 0a1b2c3d   failed",
        "    https://open.feishu.cn: no such hook (code 19001: param invalid: incoming",
        "    webhook access token invalid)",
        " hourly   2021-06-18 14:00 to 15:00   feishu webhook 0a1b2c3d   uncertain",
        "    no answer",
        " hourly   2021-06-18 14:00 to 15:00   feishu webhook 0a1b2c3d   sent",
    ]


@pytest.mark.parametrize("width", [20, 40, 79, 80, 81, 120, 121, 200, 240, None])
@pytest.mark.parametrize(
    "reason", [REASON, "x" * 300, "no answer", "\x1b[1m[bold]a\nb[/]", "数据库没有回答" * 20]
)
def test_a_reason_is_complete_at_each_width(reason: str, width: int | None) -> None:
    lines = shown([delivery(DeliveryState.SENT), delivery(DeliveryState.FAILED, reason)], width)
    harmless = reason.replace("\x1b", "\\x1b").replace("\n", "\\n")
    assert harmless.replace(" ", "") in "".join(lines).replace(" ", "")


def test_a_reason_with_room_is_in_its_row() -> None:
    for width in (None, 300):
        *_, row = shown([delivery(DeliveryState.FAILED, REASON)], width)
        assert row.endswith(f"card 2.0   {REASON}")


def test_no_reason_adds_no_line() -> None:
    assert len(shown([delivery(DeliveryState.SENT)], 80)) == 3

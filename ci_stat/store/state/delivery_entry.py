"""A delivery as the ledger keeps it: its row, and the columns' spelling of moments, states and windows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ci_stat.records import Delivery, DeliveryKey, DeliveryState


@dataclass(frozen=True, slots=True)
class Entry(Delivery):
    """A row, with what only the ledger needs (the columns' comments say what)."""

    token: str = ""
    first_sent: datetime | None = None
    earlier: DeliveryState | None = None
    earlier_changed: datetime | None = None


def values_of(entry: Entry) -> dict[str, Any]:
    """What changes in a row."""
    return {
        "state": str(entry.state), "owner": entry.owner, "token": entry.token, "tries": entry.tries,
        "started": utc(entry.started), "changed": utc(entry.changed),
        "first_sent": entry.first_sent and utc(entry.first_sent),
        "form": entry.form, "code": entry.code, "reason": entry.reason, "message_id": entry.message_id,
        "earlier": entry.earlier and str(entry.earlier),
        "earlier_changed": entry.earlier_changed and utc(entry.earlier_changed),
    }  # fmt: skip


def entry_of(row: Any) -> Entry:
    return Entry(
        DeliveryKey(row.report, row.begin, row.end, row.audience, row.about), _state(row.state), row.owner,
        _moment(row.started), _moment(row.changed), int(row.tries), row.form, row.code, row.reason, row.message_id,
        row.token, row.first_sent and _moment(row.first_sent),
        row.earlier and _state(row.earlier), row.earlier_changed and _moment(row.earlier_changed),
    )  # fmt: skip


def _state(text: str) -> DeliveryState:
    """UNCERTAIN for what we do not know: then nothing is sent unless somebody asks for it."""
    return DeliveryState(text) if text in set(DeliveryState) else DeliveryState.UNCERTAIN


def utc(moment: datetime) -> str:
    """A moment as text of one length, so that letters compare as time does."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instant(text: str) -> datetime | None:
    """The end of a window as a moment, None if it is none; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def window(text: str) -> str:
    moment = instant(text)
    return text if moment is None else utc(moment)

"""How a delivery is stored in the outbox: its row, its series, and its key as data."""

from datetime import UTC, datetime

import msgspec

from ci_stat.records import Delivery, DeliveryKey, DeliveryState
from ci_stat.store.damage import stored_value
from ci_stat.store.state.calls import Call, CallState
from ci_stat.store.state.stored_values import MOST_TEXT, digest, fit, utc_text

FEATURE = "report"
FORM = 1  # version of the identity's list
_LIMITS = (64, 40, 40, 255, MOST_TEXT)  # characters of each text in the identity
_LONGEST_FORM = 64
_LONGEST_TIME = 40

STATES = {
    CallState.INTENDED: DeliveryState.PREPARING,
    CallState.CLAIMED: DeliveryState.SENDING,
    CallState.DONE: DeliveryState.SENT,
    CallState.REFUSED: DeliveryState.FAILED,
    CallState.UNKNOWN: DeliveryState.UNCERTAIN,
}


class _Payload(msgspec.Struct, frozen=True):
    """`form`: which form of the message was sent last, e.g. `card`. `since`: begin of its news.

    `names`: the filter of a report with a name.
    """

    form: str = ""
    since: str = ""
    names: str = ""


def row_of(source: str, key: DeliveryKey) -> str:
    """The id of a key's row. Equal windows in different zones have the same row."""
    window = (_utc(key.begin), _utc(key.end))
    return digest(source, key.report, *window, key.audience, key.about)


def series_of(source: str, key: DeliveryKey) -> str:
    """The series of a report and its predecessors, error reports (`-trouble`) included."""
    return digest(source, key.report.removesuffix("-trouble"), key.audience, key.about)


def position_of(key: DeliveryKey) -> str | None:
    """The window's end, as text that sorts by time; None if it is not a time."""
    end = instant(key.end)
    return None if end is None else utc_text(end)


def identity_of(key: DeliveryKey) -> str:
    """The key as JSON, long texts cut."""
    texts = (key.report, key.begin, key.end, key.audience, key.about)
    kept = [fit(text, limit) for text, limit in zip(texts, _LIMITS, strict=True)]
    return msgspec.json.encode([FORM, *kept]).decode()


def key_of(call: Call) -> DeliveryKey:
    with stored_value("keys of deliveries in our state"):
        _, *texts = msgspec.json.decode(call.identity)
        return DeliveryKey(*texts)


def payload_of(form: str, news_since: str = "", names: str = "") -> str:
    payload = _Payload(
        fit(form, _LONGEST_FORM), fit(news_since, _LONGEST_TIME), fit(names, MOST_TEXT)
    )
    return msgspec.json.encode(payload).decode()


def delivery_of(call: Call, key: DeliveryKey) -> Delivery:
    with stored_value("values of deliveries in our state"):
        payload = msgspec.json.decode(call.payload, type=_Payload)
    return Delivery(
        key,
        STATES[call.state],
        call.owner,
        call.started,
        call.changed,
        call.attempt,
        payload.form,
        call.code,
        call.reason,
        call.reference,
        payload.since if instant(payload.since) else "",
        payload.names,
    )


def instant(text: str) -> datetime | None:
    """One end of a window in UTC; None if it is not a time. Without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _utc(text: str) -> str:
    moment = instant(text)
    return text if moment is None else utc_text(moment)

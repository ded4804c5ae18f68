"""How a delivery is known in the outbox: the hash of its key, its series, and the key as data."""

from datetime import UTC, datetime

import msgspec

from ci_stat.records import DeliveryKey
from ci_stat.store.state.compare_and_set import utc_text
from ci_stat.store.state.tables import MOST_TEXT, digest, fit

FORM = 1  # version of the identity's list
_LIMITS = (64, 40, 40, 255, MOST_TEXT)  # characters of each text that are kept for people


def row_of(source: str, key: DeliveryKey) -> str:
    """The row of a key. A window is the same one in whichever zone it is written."""
    window = (_utc(key.begin), _utc(key.end))
    return digest(source, key.report, *window, key.audience, key.about)


def series_of(source: str, key: DeliveryKey) -> str:
    """What a report has in common with those before it: a trouble report is of the same series."""
    return digest(source, key.report.removesuffix("-trouble"), key.audience, key.about)


def position_of(key: DeliveryKey) -> str | None:
    """The window's end, as text that sorts like time; None if it is no moment."""
    end = instant(key.end)
    return None if end is None else utc_text(end)


def identity_of(key: DeliveryKey) -> str:
    """The key as JSON, long texts cut."""
    texts = (key.report, key.begin, key.end, key.audience, key.about)
    kept = [fit(text, limit) for text, limit in zip(texts, _LIMITS, strict=True)]
    return msgspec.json.encode([FORM, *kept]).decode()


def key_of(identity: str) -> DeliveryKey:
    _, *texts = msgspec.json.decode(identity)
    return DeliveryKey(*texts)


def instant(text: str) -> datetime | None:
    """One end of a window as a moment, None if it is none; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _utc(text: str) -> str:
    moment = instant(text)
    return text if moment is None else utc_text(moment)

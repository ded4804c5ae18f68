"""How values are stored in our state: hashes of names, shortened texts, UTC times."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table

from ci_stat.store.damage import stored_value

MOST_TEXT = 2_000  # characters of a text whose column has no limit


def source_of(database: str) -> str:
    """The hash that names a CI database in every table: several may share one state."""
    return hashlib.sha256(database.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def tracker_of(tracker: str) -> str:
    """The hash that names a tracker's repository. Trackers ignore the case of its name."""
    return source_of(tracker.lower())


def digest(*parts: str) -> str:
    """32 hex digits for these texts in this order. The length of each text is hashed too."""
    texts = [part.encode("utf-8", "surrogatepass") for part in parts]
    prefixed = b"".join(b"%d:%b" % (len(text), text) for text in texts)
    return hashlib.sha256(prefixed).hexdigest()[:32]


def fit(text: str, limit: int) -> str:
    """`text` for a column of `limit` characters.

    Lone surrogates become escapes; a longer text is cut and ends in `…`.
    """
    valid = text[: limit + 1].encode("utf-8", "backslashreplace").decode()
    return valid if len(valid) <= limit else f"{valid[: limit - 1]}…"


def fitted(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` by column name; each text fits its column."""
    return {name: _fit_column(table, name, value) for name, value in values.items()}


def _fit_column(table: Table, name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    limit = getattr(table.c[name].type, "length", None) or MOST_TEXT
    return fit(value, limit)


def small(number: int | None) -> int | None:
    """A server's number if a column of 64 bits can store it, else None."""
    return number if number is not None and abs(number) < 2**63 else None


def utc_text(moment: datetime) -> str:
    """A UTC time as text of a fixed length, so that texts sort by time."""
    # 9999-12-31 in a zone west of Greenwich has no UTC time: it is stored as written.
    with suppress(OverflowError):
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def utc_moment(text: str) -> datetime:
    """The time of `utc_text`. Raises DamagedDatabase."""
    with stored_value("times in our state"):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(moment: datetime) -> str:
    """A UTC time for people."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"

"""One setting: its published name, what it is for, and how its text becomes a value."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ci_stat.config.urls import check_url
from ci_stat.errors import SettingsError

T = TypeVar("T")
_MAX_DIGITS = 18  # checked first: Python refuses to read numbers of thousands of digits
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
MAX_PORT = 65_535
MAX_DAYS = 366
YEAR = 31_536_000  # seconds, where PyMySQL stops too


@dataclass(frozen=True, slots=True)
class Given:
    """The text of one setting ("" where there is none), and where it came from."""

    key: str
    text: str = field(repr=False)
    source: str

    @property
    def place(self) -> str:
        """How an error names the setting."""
        return f"{self.key} (from {self.source})"


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: what it is for, and what holds when it is not given."""

    name: str
    purpose: str
    convert: Callable[[Given], Any] = field(repr=False)
    default: str | None = None

    @property
    def secret(self) -> bool:
        return self.convert in (secret, database_url)


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, a token or an address that holds one. Neither `repr` nor `str` shows it."""

    _text: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """The secret itself, for the client that sends it."""
        return self._text


def setting(
    name: str, purpose: str, convert: Callable[[Given], T], default: str | None = None
) -> T:
    """A field of a group of settings: the published key, and how its text becomes the value."""
    key = Key(name, purpose, convert, default)
    unset = Given(name, default or "", "default")
    return field(default_factory=lambda: convert(unset), metadata={"key": key})


# Conversions. Each raises SettingsError for a text that it cannot use.


def text(given: Given) -> str:
    return given.text


def secret(given: Given) -> Secret:
    return Secret(given.text)


def database_url(given: Given) -> Secret:
    """A SQLAlchemy URL in which the password cannot be mistaken for a part of the host."""
    if given.text:
        check_url(given.text, given.place)
    return Secret(given.text)


def path(given: Given) -> Path | None:
    """A path as it is given: `~` is not expanded, and nothing is looked up."""
    return Path(given.text) if given.text else None


def names(given: Given) -> tuple[str, ...]:
    """Texts with commas between."""
    parts = map(str.strip, given.text.split(","))
    return tuple(part for part in parts if part)


def zone(given: Given) -> ZoneInfo:
    return zone_of(given.text, given.place)


def zone_of(name: str, what: str) -> ZoneInfo:
    """Raises SettingsError with the nearest names for a zone that does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else "Use a name like Asia/Shanghai or UTC."
    raise SettingsError(f"{what} is {name[:80]!r}: there is no such time zone.", hint)


def level(given: Given) -> int:
    """A level of the `logging` module, by its name."""
    levels = logging.getLevelNamesMapping()
    name = given.text.upper()
    if name not in LEVELS:
        choices = ", ".join(LEVELS).lower()
        raise SettingsError(f"{given.place} is {given.text[:80]!r}, not one of {choices}.")
    return levels[name]


def whole(most: int = YEAR) -> Callable[[Given], int]:
    """A whole number from 1 to `most`."""

    def convert(given: Given) -> int:
        digits = given.text
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS
        if not (is_number and 0 < int(digits) <= most):
            raise SettingsError(
                f"{given.key} is {digits[:80]!r} (from {given.source}), "
                f"not a whole number from 1 to {most}."
            )
        return int(digits)

    return convert


def whole_or_zero(most: int) -> Callable[[Given], int]:
    """A whole number from 0 to `most`."""
    convert = whole(most)
    return lambda given: 0 if given.text == "0" else convert(given)


def whole_or_none(most: int) -> Callable[[Given], int | None]:
    """A whole number from 1 to `most`, or None where none is given."""
    convert = whole(most)
    return lambda given: convert(given) if given.text else None

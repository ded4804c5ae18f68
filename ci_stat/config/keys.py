"""Setting fields: published key, purpose, default, and the conversion from text to value.

Each function that returns a field takes the key and its purpose. A conversion gets the text and
the place that an error names (`port (from env.json)`), and raises SettingsError.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ci_stat.config.teams import TeamReport, nightly_repos, team_reports
from ci_stat.config.urls import check_url
from ci_stat.errors import SettingsError

T = TypeVar("T")

YEAR = 31_536_000  # seconds; PyMySQL has the same limit
_MAX_DIGITS = 18  # checked first: Python refuses to convert thousands of digits
_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. `default` is a text as in `env.json`; "" means that the setting is not set."""

    name: str
    purpose: str
    default: str
    convert: Callable[[str, str], Any] = field(repr=False)
    secret: bool = False
    nested: bool = False  # the value in `env.json` is a JSON object, and `default` its text


@dataclass(frozen=True, slots=True)
class Secret:
    """A password, a token, or a URL that contains one. `repr` and `str` do not show it."""

    _text: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self._text)

    def reveal(self) -> str:
        """Return the secret text, for the client that sends it."""
        return self._text


def _setting(
    name: str,
    purpose: str,
    default: str,
    convert: Callable[[str, str], T],
    is_secret: bool = False,
) -> T:
    key = Key(name, purpose, default, convert, is_secret)
    return field(default_factory=lambda: convert(default, name), metadata={"key": key})


def text(name: str, purpose: str, default: str = "") -> str:
    return _setting(name, purpose, default, lambda value, _: value)


def secret(name: str, purpose: str) -> Secret:
    return _setting(name, purpose, "", lambda value, _: Secret(value), is_secret=True)


def database_url(name: str, purpose: str) -> Secret:
    """A SQLAlchemy URL, with its password if it has one."""

    def convert(value: str, place: str) -> Secret:
        if value:
            check_url(value, place)
        return Secret(value)

    return _setting(name, purpose, "", convert, is_secret=True)


def path(name: str, purpose: str) -> Path | None:
    """A path as it is written: `~` is not expanded, and the file system is not read."""
    return _setting(name, purpose, "", lambda value, _: Path(value) if value else None)


def choice(name: str, purpose: str, choices: tuple[str, ...]) -> str:
    """One of a few words, or ""."""

    def convert(value: str, place: str) -> str:
        if value and value not in choices:
            raise SettingsError(f"{place} is {value[:80]!r}, not one of {', '.join(choices)}.")
        return value

    return _setting(name, purpose, "", convert)


def names(name: str, purpose: str, default: str = "") -> tuple[str, ...]:
    """A comma-separated list."""

    def convert(value: str, _: str) -> tuple[str, ...]:
        parts = map(str.strip, value.split(","))
        return tuple(filter(None, parts))

    return _setting(name, purpose, default, convert)


def reports_of_teams(name: str, purpose: str) -> Mapping[str, TeamReport]:
    """Reports by name, from a JSON object, which may hold secrets."""
    key = Key(name, purpose, "", team_reports, secret=True, nested=True)
    return field(default_factory=dict, metadata={"key": key})


def repos_of_jobs(name: str, purpose: str) -> Mapping[str, str]:
    """Repositories by job, from a JSON object."""
    key = Key(name, purpose, "", nightly_repos, nested=True)
    return field(default_factory=dict, metadata={"key": key})


def zone(name: str, purpose: str, default: str) -> ZoneInfo:
    return _setting(name, purpose, default, zone_of)


def zone_of(name: str, place: str) -> ZoneInfo:
    """Return the time zone. Raises SettingsError with the nearest names if it does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)

    hint = f"Did you mean {' or '.join(near)}?" if near else "Use a name like Asia/Shanghai or UTC."
    raise SettingsError(f"{place} is {name[:80]!r}, which is not a known time zone.", hint)


def level(name: str, purpose: str, default: str) -> int:
    """A level of the `logging` module, by its name."""
    return _setting(name, purpose, default, _level)


def _level(value: str, place: str) -> int:
    if value.lower() not in _LEVELS:
        raise SettingsError(f"{place} is {value[:80]!r}, not one of {', '.join(_LEVELS)}.")
    return logging.getLevelNamesMapping()[value.upper()]


def number(name: str, purpose: str, default: int, least: int = 1, most: int = YEAR) -> int:
    """A whole number from `least` to `most`."""
    return _setting(name, purpose, str(default), lambda value, at: _number(value, at, least, most))


def optional_number(name: str, purpose: str, most: int) -> int | None:
    """A whole number from 1 to `most`, or None if the setting is not set."""
    return _setting(
        name, purpose, "", lambda value, at: _number(value, at, 1, most) if value else None
    )


def _number(value: str, place: str, least: int, most: int) -> int:
    is_number = value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
    if is_number and least <= int(value) <= most:
        return int(value)
    raise SettingsError(
        f"{place} is {value[:80]!r}, which is not a whole number from {least} to {most}."
    )

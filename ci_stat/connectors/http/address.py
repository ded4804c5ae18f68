"""The address of a far end, checked, so that a secret in its path stays there and goes nowhere else."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ci_stat.errors import SettingsError
from ci_stat.escape import visible

# What no library between here and the wire writes differently: a path that was rewritten could not be masked.
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")


@dataclass(frozen=True, slots=True)
class Address:
    """`root`: scheme, host and port, fit to be shown. `path`: may hold a token, so it has no part in the repr."""

    root: str
    path: str = field(repr=False)
    loopback: bool

    @property
    def secrets(self) -> tuple[str, ...]:
        """The path, and its last part by itself: both work as passwords."""
        return (self.path, self.path.rpartition("/")[2])


def address(url: str, setting: str, example: str, path: bool = False) -> Address:
    """Takes `url` apart; it must have a path if `path` says so. Raises SettingsError that does not repeat it."""
    bad = SettingsError(f"The address in {setting} cannot be used.", f"Write it as {example}")
    url = url.strip()
    # What splits differently in different hands could send the secret elsewhere.
    if visible(url) != url or re.search(r"[\s\\]", url):
        raise bad
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None  # and not raised in here: that error quotes the address
    host = parts.hostname or ""
    plain = [parts.query, parts.fragment, parts.username, parts.password]
    if (
        parts.scheme not in ("http", "https")
        or not host
        or any(plain)
        or not _PATH.fullmatch(parts.path)
    ):
        raise bad
    if path and len(parts.path) < 2:
        raise bad
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise SettingsError(
            f"The address in {setting} is not encrypted.", f"Write it with https, as {example}"
        )
    place = f"[{host}]" if ":" in host else host
    root = f"{parts.scheme}://{place}" + (f":{port}" if port is not None else "")
    return Address(root, parts.path.rstrip("/"), loopback)


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine, as far as its name alone can tell."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

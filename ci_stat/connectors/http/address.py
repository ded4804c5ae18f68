"""The address of a server, checked so that a secret in its path is sent to this server only."""

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from ci_stat.errors import SettingsError
from ci_stat.escape import visible

PORTS = {"http": 80, "https": 443}
# Characters that no library rewrites: a rewritten path could not be masked.
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")


@dataclass(frozen=True, slots=True)
class Address:
    """`root`: scheme, host and port, safe to show.

    `path` may hold a token, so the repr leaves it out.
    """

    root: str
    path: str = field(repr=False)
    loopback: bool

    @property
    def secrets(self) -> tuple[str, ...]:
        """The path and its last segment: each of them works as a password."""
        return (self.path, self.path.rpartition("/")[2])


def parse_address(url: str, setting: str, example: str, needs_path: bool = False) -> Address:
    """Check and split `url`. Raises SettingsError, which does not quote it."""
    invalid = SettingsError(f"The address in {setting} is invalid.", f"Write it as {example}")
    parts = split(url)
    if parts is None or parts.username or parts.password or not _PATH.fullmatch(parts.path):
        raise invalid
    if needs_path and len(parts.path) < 2:
        raise invalid
    loopback = is_loopback(parts.hostname or "")
    if parts.scheme == "http" and not loopback:
        raise SettingsError(
            f"The address in {setting} is not encrypted.", f"Write it with https, as {example}"
        )
    return Address(root_of(parts), parts.path.rstrip("/"), loopback)


def split(url: str) -> SplitResult | None:
    """The parts of an HTTP URL without query and fragment; None for anything else."""
    url = url.strip()
    # Libraries disagree about such URLs, so the secret could be sent to another server.
    if visible(url) != url or re.search(r"[\s\\]", url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError, too
    except ValueError:
        return None
    if parts.scheme not in PORTS or not parts.hostname or parts.query or parts.fragment:
        return None
    return parts


def root_of(parts: SplitResult) -> str:
    """Scheme, host and port, without user and password."""
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}"


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: two URLs with the same origin lead to the same server.

    Raises ValueError.
    """
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, judged by its name alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

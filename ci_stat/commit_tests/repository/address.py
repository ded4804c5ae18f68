"""Addresses of repositories: https, ssh, or a folder on this machine. Pure but for the folder."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ci_stat.errors import Refused, UsageError
from ci_stat.escape import visible

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")  # ext::, fd::: git would start a program
_SCP = re.compile(r"(?P<user>[A-Za-z0-9_][\w.-]*@)?(?P<host>[A-Za-z0-9][\w.-]*):(?P<path>[^-].*)")
_HOST = re.compile(r"[A-Za-z0-9][\w.-]*|\[[0-9A-Fa-f:]+\]")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
_KNOWN = "Use https://..., ssh://..., user@host:path, or a folder."


class AddressKind(StrEnum):
    """How git reaches a repository."""

    HTTP = "http"
    SSH = "ssh"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What addresses may be. `file`: whether folders of this machine. `ssh_key`: a file."""

    file: bool = True
    ssh_key: Path | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """An address that git may be given. `key`: names it in folders of ours."""

    kind: AddressKind
    url: str

    @property
    def key(self) -> str:
        return hashlib.sha256(self.url.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def read_address(text: str, rules: AddressRules = AddressRules()) -> Address:
    """Check an address. Raises UsageError if it has no known form, Refused by the rules."""
    shown = visible(_without_login(text), 200)
    if not text or text.startswith("-"):
        raise UsageError(f"The repository {shown!r} looks like an option.", _KNOWN)
    if _HELPER.match(text):
        raise Refused(f"The repository {shown!r} would start a program.", _KNOWN)

    scheme = _SCHEME.match(text)
    if scheme:
        return _of_url(text, scheme["scheme"].lower(), shown, rules)
    is_folder = text.startswith((".", "/", "~")) or Path(text).exists()
    if not is_folder and _SCP.fullmatch(text):
        return Address(AddressKind.SSH, text)
    return _of_folder(Path(text), shown, rules)


def _of_url(text: str, scheme: str, shown: str, rules: AddressRules) -> Address:
    parts = urlsplit(text)
    if scheme == "file":
        return _of_folder(Path(unquote(parts.path)), shown, rules)
    host = parts.netloc.rpartition("@")[2].partition(":")[0] if "[" not in parts.netloc else "[::1]"
    if not _HOST.fullmatch(host):
        raise UsageError(f"The repository {shown!r} names no valid host.", _KNOWN)
    if scheme == "ssh":
        return Address(AddressKind.SSH, text)
    if scheme == "https" or (scheme == "http" and host in _LOOPBACK):
        _refuse_login(parts.netloc, shown)
        return Address(AddressKind.HTTP, text)
    raise Refused(f"The repository {shown!r} is reached by {scheme}://.", _KNOWN)


def _refuse_login(netloc: str, shown: str) -> None:
    """Other users can read the arguments of git, so a password is no part of them."""
    if "@" in netloc:
        raise Refused(
            f"The repository {shown!r} contains a login.",
            "Leave it out; set GIT_ASKPASS or a credential helper of git.",
        )


def _of_folder(folder: Path, shown: str, rules: AddressRules) -> Address:
    if not rules.file:
        raise Refused(
            f"The repository {shown!r} is on this machine, which the settings do not allow.",
            "Use an https or ssh address.",
        )
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise UsageError(f"There is no repository at {shown!r}.", _KNOWN)
    return Address(AddressKind.FILE, str(place))


def _without_login(text: str) -> str:
    return re.sub(r"://[^/]*@", "://***@", text)

"""Tokens of users, in a file that only their owner can read. The file holds hashes.

A token has 256 random bits, so one round of SHA-256 is enough: it cannot be guessed from its hash.
"""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from datetime import datetime
from pathlib import Path

import msgspec

from ci_stat.errors import SettingsError, UsageError, WriteError
from ci_stat.escape import visible

_PREFIX = "cst_"  # lets scanners of secrets recognise a token
_MAX_USER = 200


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored."""

    user: str
    sha256: str
    added: datetime


class Tokens:
    """The tokens of a file. A file that changes is read again; one that is missing has none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stored: list[StoredToken] = []
        self._version: tuple[int, int] | None = None

    def user_of(self, token: str) -> str | None:
        """Return the user of a token; None if nobody has it. Raises SettingsError."""
        digest = _digest(token)
        user = None
        for stored in self._current():  # all of them, so that the time tells nothing
            if hmac.compare_digest(stored.sha256, digest):
                user = stored.user
        return user

    @property
    def exist(self) -> bool:
        """Whether any token is registered. Raises SettingsError."""
        return bool(self._current())

    def add(self, user: str, now: datetime) -> str:
        """Register and return a new token, which is not stored. Raises UsageError, WriteError."""
        if not user or len(user) > _MAX_USER or visible(user) != user:
            raise UsageError(f"Invalid user {visible(user, 80)!r}.", "Use letters and digits.")
        token = _PREFIX + secrets.token_urlsafe(32)
        added = StoredToken(user=user, sha256=_digest(token), added=now)
        _write(self.path, [*self._current(), added])
        return token

    def remove(self, user: str) -> int:
        """Remove all tokens of a user, and return how many there were. Raises WriteError."""
        kept = [stored for stored in self._current() if stored.user != user]
        count = len(self._stored) - len(kept)
        if count:
            _write(self.path, kept)
        return count

    def _current(self) -> list[StoredToken]:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._stored, self._version = [], None
            return self._stored
        version = (found.st_mtime_ns, found.st_ino)
        if version != self._version:
            _check_mode(self.path, found.st_mode)
            self._stored = _read(self.path)
            self._version = version
        return self._stored


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _check_mode(path: Path, mode: int) -> None:
    if mode & 0o077:
        raise SettingsError(
            f"Other users of this machine can use the token file {path}.", f"chmod 600 {path}"
        )


def _read(path: Path) -> list[StoredToken]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[StoredToken])
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        problem = visible(error, 200)
        raise SettingsError(f"{path} is damaged: {problem}.", "Add the tokens again.") from None


def _write(path: Path, tokens: list[StoredToken]) -> None:
    """Replace the file, whole or not at all."""
    text = json.dumps(msgspec.to_builtins(tokens), indent=2) + "\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tokens.")  # mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise WriteError(f"{path} cannot be written: {error.strerror}.") from None

"""Writes `env.json`: whole or not at all, for its owner only, and without losing a key."""

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ci_stat.config.read import read_object
from ci_stat.errors import WriteError

PRIVATE = 0o600
_OTHERS = 0o007


def require_new(file: Path) -> None:
    """Raises WriteError if the file exists."""
    if os.path.exists(file):
        raise WriteError(
            f"{file} exists already; nothing was changed.",
            "--force changes it: keys that you do not set stay. --file PATH writes another file.",
        )


def write_settings(file: Path, values: Mapping[str, str | int], force: bool = False) -> list[str]:
    """Write the values to the file with mode 0600. Return the keys whose value was replaced.

    With `force`, an existing file keeps its other keys, its owner, and its mode unless everybody
    could read it. Raises WriteError without `force` if it exists, or if it cannot be written;
    SettingsError if it is not a JSON object.
    """
    target = Path(os.path.realpath(file))
    with _write_errors(file):
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(target.parent):
            if not force:
                require_new(file)
            before = read_object(target) if target.exists() else {}
            _replace(target, before | dict(values))
    return [key for key, value in values.items() if before.get(key, value) != value]


def _replace(target: Path, content: Mapping[str, Any]) -> None:
    prefix = f".{target.name}.ci_stat-"
    for left in target.parent.glob(f"{prefix}*"):  # by a process that was killed: we have the lock
        left.unlink()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=prefix)
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
            file.flush()
            _keep_owner(target, handle)
            os.fsync(handle)
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _keep_owner(target: Path, handle: int) -> None:
    """Give the new file the owner and the mode of the old one: a service may read it by group."""
    if not target.exists():
        return
    before = target.stat()
    mode = stat.S_IMODE(before.st_mode)
    now = os.fstat(handle)
    if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
        os.fchown(handle, before.st_uid, before.st_gid)
    os.fchmod(handle, PRIVATE if mode & _OTHERS else mode)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes that write settings in this folder out."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _write_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"{file} cannot be written: {error.strerror}.") from None

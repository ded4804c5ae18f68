"""Opens SQLite files in folders that cannot be written, such as those of a read-only mount.

A file with a write-ahead log needs two files beside it, even to be read. Without these, nobody
writes the file, so it can be opened as immutable. Changes that are only in the log cannot be read.
"""

import os
from pathlib import Path
from urllib.parse import quote

from ci_stat.errors import ServerUnreachable

_WAL = 2  # the version in the header of a file that has a write-ahead log
_VERSION_AT = 18


def immutable_uri(name: str) -> str | None:
    """Return the URI that opens the file; None for a file that SQLite opens itself.

    Raises ServerUnreachable if the last changes of the file cannot be read.
    """
    path = Path(name)
    if name.startswith("file:") or not path.is_file() or os.access(path.absolute().parent, os.W_OK):
        return None
    if not _has_write_ahead_log(path):
        return None

    log, index = Path(f"{name}-wal"), Path(f"{name}-shm")
    if log.exists() and log.stat().st_size:
        if index.exists():
            return None
        raise ServerUnreachable(
            f"{path} is in a folder that cannot be written, and its last changes are in {log.name},"
            " which SQLite cannot read there.",
            "Copy both files into a folder that can be written, and set the URL of the copy; or"
            " run a command such as `ci-stat tests` where the folder can be written: it moves the"
            " changes into the file.",
        )
    return f"file:{quote(str(path.absolute()))}?immutable=1"


def _has_write_ahead_log(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(_VERSION_AT + 1)
    except OSError:
        return False  # SQLite says why
    return head[_VERSION_AT:] == bytes([_WAL])

"""Embedded databases: SQLite files and the folders that they are in."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Engine, event

from ci_stat.errors import WriteError


def is_embedded(engine: Engine) -> bool:
    """Whether the database is SQLite."""
    return engine.url.get_backend_name() == "sqlite"


def is_missing_file(engine: Engine) -> bool:
    """Whether the database is a SQLite file that does not exist. A server always exists."""
    return is_embedded(engine) and not Path(engine.url.database or "").exists()


def create_private(engine: Engine) -> None:
    """Create the file of an embedded database that does not exist, readable by its owner only.

    SQLite takes an empty file for an empty database, and gives its journals the same mode. Without
    the right to create it, the first connection says so.
    """
    file = engine.url.database or ""
    if not is_embedded(engine) or file in ("", ":memory:") or file.startswith("file:"):
        return
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def make_folder(engine: Engine) -> None:
    """Create the folder of an embedded database; do nothing for a server. Raises WriteError."""
    file = engine.url.database
    if not is_embedded(engine) or file in (None, "", ":memory:"):
        return
    folder = Path(str(file)).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"Cannot create the folder {folder}: {error.strerror}.") from None


@contextmanager
def generating(engine: Engine) -> Iterator[None]:
    """Write much without waiting for the disk: for data that can be generated again.

    A connection stays open: the last one to close would write the whole journal each time.
    """
    if not is_embedded(engine):
        yield
        return
    event.listen(engine, "connect", _do_not_wait)
    try:
        with engine.connect():
            yield
    finally:
        event.remove(engine, "connect", _do_not_wait)


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")

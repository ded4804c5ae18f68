"""Embedded databases: SQLite files and the folders that they are in."""

from pathlib import Path

from sqlalchemy import Engine

from ci_stat.errors import WriteError


def is_embedded(engine: Engine) -> bool:
    """Whether the database is SQLite."""
    return engine.url.get_backend_name() == "sqlite"


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

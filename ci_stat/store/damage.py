"""Damaged databases: bytes of a file have changed, or a part of it is gone.

SQLite keeps no checksums. It notices damaged pages when it reads them, but not a changed letter in
a stored text. `damage_of` looks at all pages.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from ci_stat.errors import CiStatError, DamagedDatabase
from ci_stat.store.embedded import is_embedded
from ci_stat.store.engine import connected
from ci_stat.store.errors import of_driver

_SHOWN = 3  # of the problems that SQLite finds


@contextmanager
def stored_value(kind: str) -> Iterator[None]:
    """Decode a value that we encoded ourselves, in a `with` block. Raises DamagedDatabase.

    Decoders raise many classes of errors, depending on the byte.
    """
    try:
        yield
    except (CiStatError, SQLAlchemyError):
        raise
    except Exception as error:
        if of_driver(error):
            raise
        raise DamagedDatabase(f"Damaged {kind}: {error}.") from error


def check_pages(engine: Engine) -> None:
    """Read all pages of a SQLite file; a server checks its own. Raises DamagedDatabase.

    Takes about a second for a gigabyte.
    """
    if not is_embedded(engine):
        return
    with connected(engine) as connection:
        rows = connection.execute(text(f"PRAGMA quick_check({_SHOWN})")).scalars().all()
    problems = [line for row in rows for line in str(row).splitlines() if line != "ok"]
    if problems:
        shown = "; ".join(problems[:_SHOWN])
        raise DamagedDatabase(f"{engine.url.database} is damaged: {shown}.")

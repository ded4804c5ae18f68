"""Creates the tables of our state, and upgrades a state of an older version."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from ci_stat.errors import AccessDenied, CiStatError, SchemaMismatch
from ci_stat.store.embedded import create_private, is_embedded, make_folder
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors, hidden, text_of, translate_error
from ci_stat.store.state.tables import extractions, metadata, version_table
from ci_stat.store.state.upgrade import VERSION, upgrade


class OwnState:
    """Our own state, which is prepared once, when it is first needed."""

    def __init__(self, open_bare: Callable[[], Engine]) -> None:
        """`open_bare`: returns the engine, without connecting. It may raise SettingsError."""
        self._open_bare = open_bare

    @property
    def exists(self) -> bool:
        """Whether our state exists. A server's always counts as existing."""
        engine = self._open_bare()
        return not is_embedded(engine) or Path(engine.url.database or "").exists()

    def prepared(self) -> Engine:
        """The state with its tables. Raises WriteError or DatabaseError, each time the same."""
        if self._failure:
            raise self._failure
        return self._open_bare()

    @cached_property
    def _failure(self) -> CiStatError | None:
        """Why it cannot be used: kept, as a second attempt would take as long again."""
        try:
            engine = self._open_bare()
            make_folder(engine)
            prepare_state(engine)
        except CiStatError as error:
            return error
        return None


def prepare_state(engine: Engine) -> None:
    """Create missing tables and upgrade an older state. Idempotent.

    Raises SchemaMismatch for the state of a newer ci_stat, else DatabaseError.
    """
    create_private(engine)
    with database_errors(engine):
        existing = set(inspect(engine).get_table_names())
        versions = _versions(engine) if version_table.name in existing else set()
        _require_known(engine, max(versions, default=VERSION))
        try:
            _create_missing(engine, existing)
            if VERSION not in versions:
                upgrade(engine)
        except DBAPIError as error:
            # Without the right to write, an older state is used without the later tables.
            has_logs = existing >= {version_table.name, extractions.name}
            if not (has_logs and _is_read_only(engine, error)):
                raise


def _versions(engine: Engine) -> set[int]:
    with connected(engine) as connection:
        return set(connection.execute(select(version_table.c.version)).scalars())


def _require_known(engine: Engine, version: int) -> None:
    if version > VERSION:
        raise SchemaMismatch(
            f"The state in {hidden(engine.url)} has version {version};"
            f" this ci_stat supports versions up to {VERSION}.",
            "Use the newer ci_stat, or set another state_url.",
        )


def _create_missing(engine: Engine, existing: set[str]) -> None:
    # Without missing tables no CREATE is sent: it needs a right that a reader may lack.
    missing = [table for table in metadata.sorted_tables if table.name not in existing]
    with engine.begin() as connection:
        for table in missing:
            # Another process may have created it in the meantime.
            connection.execute(CreateTable(table, if_not_exists=True))


def _is_read_only(engine: Engine, error: DBAPIError) -> bool:
    cause = error.orig or error
    return isinstance(translate_error(cause, engine), AccessDenied) or "readonly" in text_of(cause)

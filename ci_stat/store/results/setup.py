"""Creates the tables of the results database, and upgrades an older one."""

from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.schema import CreateTable

from ci_stat.errors import SchemaMismatch
from ci_stat.store.embedded import create_private, is_embedded
from ci_stat.store.errors import database_errors, hidden
from ci_stat.store.results.tables import metadata, version_table
from ci_stat.store.results.upgrade import VERSION, has_old_rows, upgrade
from ci_stat.store.state.writing import insert_missing, repeated, write


def prepare_results(engine: Engine) -> None:
    """Create what is missing, and upgrade an older database. Idempotent, also for many at once.

    Raises SchemaMismatch for a database of a newer ci_stat, else DatabaseError.
    """
    create_private(engine)
    with database_errors(engine):
        existing = set(inspect(engine).get_table_names())
        is_current = version_table.name in existing and _version(engine) == VERSION
        if is_current and not has_old_rows(existing):
            return
        if is_embedded(engine):
            repeated(lambda: _allow_readers(engine))
        repeated(lambda: _create(engine))
        upgrade(engine)
        # Last: without the version, a process that was killed before is repeated.
        write(engine, insert_missing(version_table), [{"version": VERSION}])


def _version(engine: Engine) -> int | None:
    with engine.connect() as connection:
        versions = connection.execute(select(version_table.c.version)).scalars().all()
    newest = max(versions, default=None)
    if newest is not None and newest > VERSION:
        raise SchemaMismatch(
            f"The results database {hidden(engine.url)} has version {newest};"
            f" this ci_stat supports versions up to {VERSION}.",
            "Use the newer ci_stat, or set another results_url.",
        )
    return newest


def _allow_readers(engine: Engine) -> None:
    """Let others read while a large file is written. The file remembers it."""
    with engine.connect() as connection:
        connection.execute(text("PRAGMA journal_mode = WAL"))


def _create(engine: Engine) -> None:
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))

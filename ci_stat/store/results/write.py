"""Writes results: one file in one transaction, each file of a run once.

A process that is killed has written nothing of the file that it was reading. Any number of
processes may import at once: the same file is written by the first of them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ci_stat.records.case_results import CaseResult, ReadState
from ci_stat.records.run_info import RunInfo
from ci_stat.store.damage import stored_value
from ci_stat.store.embedded import is_embedded
from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors
from ci_stat.store.results import tables
from ci_stat.store.results.attempt_rows import LARGE, AttemptRows, SharedIds
from ci_stat.store.results.tables import files, runs
from ci_stat.store.state.writing import batches, insert_missing, repeated

_CACHE = 32 * 1024  # KiB of pages in memory, so that a large file writes each page once
_MAX_JOB = 255
_NAME = 1_000


class ReadFile(Protocol):
    """Attempts of a file; the other values are final after the last one."""

    @property
    def state(self) -> ReadState: ...
    @property
    def detail(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    def __iter__(self) -> Iterator[CaseResult]: ...


class StoredFile(msgspec.Struct, frozen=True):
    """What became of one file. `is_new`: False if the run had it already."""

    is_new: bool
    state: ReadState
    detail: str
    format: str = ""
    attempts: int = 0


class ResultsWriter:
    """Stores runs and their files. `now`: for the time of import."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def run_id(self, run: RunInfo, key: str = "") -> int:
        """Return the id of the run; create it when it is first seen. Raises DatabaseError.

        `key`: identity of the run, if `run` lacks the content that it is made from.
        """
        imported = milliseconds(self._now())
        values = {
            "run_key": key or run.key,
            "job": valid(run.job)[:_MAX_JOB],
            "number": run.number,
            "attempt": run.attempt,
            "repo": valid(run.repo),
            "commit_hash": valid(run.commit)[:64],
            "branch": valid(run.branch),
            "pull": run.pull,
            "cause": valid(run.trigger),
            "url": valid(run.url),
            "labels": run.label_text,
            "started": milliseconds(run.started) if run.started else imported,
            "imported": imported,
        }
        with database_errors(self._engine):
            return repeated(lambda: self._create_run(values))

    def _create_run(self, values: dict[str, Any]) -> int:
        query = select(runs.c.id).where(runs.c.run_key == values["run_key"])
        with self._engine.begin() as connection:
            connection.execute(insert_missing(runs), values)
            return int(connection.execute(query).scalar_one())

    def store(
        self, run_id: int, digest: str, name: str, open_file: Callable[[], ReadFile]
    ) -> StoredFile:
        """Read a file and store its attempts. `open_file` is called again if a lock is lost.

        Raises DatabaseError.
        """
        name = valid(name)
        with database_errors(self._engine):
            try:
                return repeated(lambda: self._store(run_id, digest, name, open_file()))
            except IntegrityError:
                stored = self._stored(run_id, digest)
                if stored is None:
                    raise
                return stored

    def whole_names(self, run_id: int) -> set[str]:
        """Return the names of the files that the run has completely. Raises DatabaseError."""
        is_whole = (files.c.run_id == run_id) & (files.c.state == str(ReadState.COMPLETE))
        with connected(self._engine) as connection:
            return set(connection.execute(select(files.c.name).where(is_whole)).scalars())

    def _stored(self, run_id: int, digest: str) -> StoredFile | None:
        """What the run has of the file already."""
        query = select(files).where(files.c.run_id == run_id, files.c.digest == digest)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        with stored_value("states of files in the results database"):
            state = ReadState(row.state)
        return StoredFile(False, state, row.detail, row.format, row.attempts)

    def _store(self, run_id: int, digest: str, name: str, file: ReadFile) -> StoredFile:
        with self._engine.begin() as connection, self._shared_ids(connection) as shared:
            if is_embedded(self._engine):
                connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE}")
            # First the file: whoever reads it at the same time waits here, then leaves it out.
            values = {"run_id": run_id, "digest": digest, "name": name[:_NAME], "format": "",
                      "state": "", "detail": "", "attempts": 0}  # fmt: skip
            file_id = _inserted_id(connection, values)
            rows = AttemptRows(run_id, file_id, shared)
            for batch in batches(file, LARGE):
                rows.write(connection, batch)
            rows.finish(connection)
            if file.state is ReadState.COMPLETE:
                _remove_incomplete(connection, run_id, name[:_NAME])
            ended = {"format": file.format, "state": str(file.state), "detail": file.detail,
                     "attempts": file.attempts}  # fmt: skip
            connection.execute(update(files).where(files.c.id == file_id).values(ended))
        return StoredFile(True, file.state, file.detail, file.format, file.attempts)

    @contextmanager
    def _shared_ids(self, connection: Connection) -> Iterator[SharedIds]:
        """The ids of cases and messages.

        A server writes them outside of the file's transaction, which would lock them for as long.
        SQLite has one writer at a time anyway.
        """
        with ExitStack() as stack:
            target = connection
            if not is_embedded(self._engine):
                target = stack.enter_context(self._engine.connect())
                target = target.execution_options(isolation_level="AUTOCOMMIT")
            yield SharedIds(lambda: target)


def _inserted_id(connection: Connection, values: dict[str, Any]) -> int:
    key = connection.execute(insert(files), values).inserted_primary_key
    assert key is not None  # SQLAlchemy knows it after one row
    return int(key[0])


def _remove_incomplete(connection: Connection, run_id: int, name: str) -> None:
    """Remove what an earlier, incomplete version of the file gave. The state of this one is ""."""
    is_incomplete = files.c.state.not_in(["", str(ReadState.COMPLETE)])
    query = select(files.c.id).where(files.c.run_id == run_id, files.c.name == name, is_incomplete)
    earlier = list(connection.execute(query).scalars())
    if not earlier:
        return
    for table in (tables.texts, tables.attempts, tables.file_ends):
        is_earlier = table.c.file_id.in_(earlier)
        connection.execute(delete(table).where(table.c.run_id == run_id, is_earlier))
    connection.execute(delete(files).where(files.c.id.in_(earlier)))


def valid(text: str) -> str:
    """Return the text with escapes for what is no UTF-8, as in names of files and arguments.

    >>> valid("a" + chr(0xDCFF)).isascii()
    True
    """
    return text.encode("utf-8", "backslashreplace").decode()


def milliseconds(time: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return round(time.timestamp() * 1000)

"""What the local database knows of the segments on a branch, and what the branch lacks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Engine, String, Table, delete, select
from sqlalchemy.schema import CreateTable

from ci_stat.store.engine import connected
from ci_stat.store.errors import database_errors
from ci_stat.store.results.packed.attempts import Attempt
from ci_stat.store.results.stored_attempts import attempts_of_file
from ci_stat.store.results.tables import cases, files, metadata, pruned_files, runs, texts
from ci_stat.store.state.writing import batches, insert_missing, repeated

_BATCH = 500  # paths in one statement
_DAY = 86_400_000  # milliseconds

applied_table = Table(
    "test_segments",
    metadata,
    Column("path", String(120), primary_key=True, comment="path on the branch"),
    comment="segments and day packs that this database contains",
)
sent_table = Table(
    "test_sent_files",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False, comment="test_runs.id"),
    Column("digest", String(64), primary_key=True, comment="test_files.digest"),
    comment="result files that are on the branch",
)


class FileAttempt(NamedTuple):
    """An attempt with the row of its case and that of its texts, or None."""

    attempt: Attempt
    case: Any
    text: Any


class SegmentStore:
    """Which segments are in the database, and which files are on the branch.

    Each method raises DatabaseError.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with database_errors(engine):
            repeated(self._create)

    def applied(self) -> set[str]:
        """Return the paths of all segments and packs that the database contains."""
        with connected(self._engine) as connection:
            return set(connection.execute(select(applied_table.c.path)).scalars())

    def mark(self, paths: Iterable[str], sent: Iterable[tuple[int, str]]) -> None:
        """Remember paths as contained, and files (run id, digest) as being on the branch."""
        path_rows = [{"path": path} for path in paths]
        file_rows = [{"run_id": run_id, "digest": digest} for run_id, digest in sent]
        with database_errors(self._engine):
            repeated(lambda: self._insert(path_rows, file_rows))

    def forget(self, days: Sequence[datetime], paths: Sequence[str]) -> None:
        """Forget that the branch has the runs of these days (their beginnings, UTC) and paths.

        Runs whose attempts were pruned stay as they are: nothing could be sent again.
        """
        with database_errors(self._engine):
            for day in days:
                repeated(partial(self._forget_day, day))
            for some in batches(paths, _BATCH):
                repeated(partial(self._forget_paths, some))

    def unsent_runs(self) -> list[int]:
        """Return the ids of runs with files that the branch lacks, in their order of import."""
        query = _unsent(select(files.c.run_id)).distinct().order_by(files.c.run_id)
        with connected(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def unsent_files(self, run_id: int) -> Sequence[Any]:
        """Return the rows of `test_files` of a run that the branch lacks, in their order."""
        query = _unsent(select(files)).where(files.c.run_id == run_id).order_by(files.c.id)
        with connected(self._engine) as connection:
            return connection.execute(query).all()

    def run_row(self, run_id: int) -> Any:
        """Return the row of `test_runs`."""
        with connected(self._engine) as connection:
            return connection.execute(select(runs).where(runs.c.id == run_id)).one()

    def attempt_rows(self, run_id: int, file_id: int) -> Sequence[FileAttempt]:
        """Return the attempts of a file with their cases and texts, in the order of the file."""
        is_of_file = (texts.c.run_id == run_id) & (texts.c.file_id == file_id)
        with connected(self._engine) as connection:
            attempts = list(attempts_of_file(connection, run_id, file_id))
            rows = connection.execute(select(texts).where(is_of_file))
            texts_by_position = {row.position: row for row in rows}
            cases_by_id = _cases(connection, {attempt.case_id for attempt in attempts})
        return [
            FileAttempt(
                attempt, cases_by_id[attempt.case_id], texts_by_position.get(attempt.position)
            )
            for attempt in attempts
        ]

    def _forget_day(self, day: datetime) -> None:
        begin = round(day.timestamp() * 1000)
        is_of_day = (runs.c.started >= begin) & (runs.c.started < begin + _DAY)
        is_pruned = runs.c.id.in_(select(pruned_files.c.run_id))
        ids = select(runs.c.id).where(is_of_day, ~is_pruned)
        with self._engine.begin() as connection:
            connection.execute(delete(sent_table).where(sent_table.c.run_id.in_(ids)))

    def _forget_paths(self, paths: Sequence[str]) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(applied_table).where(applied_table.c.path.in_(paths)))

    def _create(self) -> None:
        with self._engine.begin() as connection:
            for table in (applied_table, sent_table):
                connection.execute(CreateTable(table, if_not_exists=True))

    def _insert(self, path_rows: list[dict[str, str]], file_rows: list[dict[str, Any]]) -> None:
        with self._engine.begin() as connection:
            if path_rows:
                connection.execute(insert_missing(applied_table), path_rows)
            if file_rows:
                connection.execute(insert_missing(sent_table), file_rows)


def _cases(connection: Connection, case_ids: Iterable[int]) -> dict[int, Any]:
    cases_by_id: dict[int, Any] = {}
    for ids in batches(case_ids, _BATCH):
        rows = connection.execute(select(cases).where(cases.c.id.in_(ids)))
        cases_by_id.update({row.id: row for row in rows})
    return cases_by_id


def _unsent(query: Any) -> Any:
    """Leave out the files that are on the branch."""
    is_same = (sent_table.c.run_id == files.c.run_id) & (sent_table.c.digest == files.c.digest)
    return query.outerjoin(sent_table, is_same).where(sent_table.c.digest.is_(None))

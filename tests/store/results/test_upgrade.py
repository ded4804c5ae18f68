"""Results databases of versions 1 and 2 are upgraded in place, wherever the upgrade is killed."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, insert, inspect, select

from ci_stat.errors import SchemaMismatch
from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.packed.file_ends import FileEnds
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.stored_attempts import attempts_of_runs
from ci_stat.store.results.upgrade import OLD_NAME, VERSION, has_old_rows, old_attempts
from ci_stat.test_results.summary import counts_of, ends_of
from tests.store.results.test_results import store
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.migration]

FIXTURES = Path(__file__).parents[2] / "fixtures"
old_results = old_attempts.to_metadata(MetaData(), name=OLD_NAME)
VERSION_1 = (tables.version_table, tables.runs, tables.files, tables.cases, tables.messages,
             old_results, tables.texts)  # fmt: skip
VERSION_2 = (*VERSION_1, tables.file_ends, tables.pruned_files, tables.days, tables.known_cases)

UPGRADE = """
import os
import signal
import sys

from sqlalchemy import event

from ci_stat.store.engine import open_engine
from ci_stat.store.results import upgrade
from ci_stat.store.results.setup import prepare_results

upgrade._BATCH = 3
remaining = int(sys.argv[2])

def count(connection, cursor, statement, *_):
    global remaining
    remaining -= statement.strip().startswith((
        ("CREATE", "INSERT", "PRAGMA j", "SELECT test_r", "ALTER", "DROP")
    ))
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)

engine = open_engine(sys.argv[1], 60)
event.listen(engine, "before_cursor_execute", count)
prepare_results(engine)
"""
NEVER = 1_000_000


@pytest.fixture(scope="module", params=[1, 2])
def old_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("old") / f"version_{request.param}.sqlite"
    dump = FIXTURES / f"results_{request.param}.sql"
    with sqlite3.connect(file) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    return file


@pytest.fixture
def old(empty: Engine, old_file: Path) -> Engine:
    """The old database on each kind of database."""
    if empty.dialect.name == "sqlite":
        shutil.copy(old_file, str(empty.url.database))
        return empty
    origin = open_engine(f"sqlite:///{old_file}")
    metadata = MetaData()
    metadata.reflect(origin)
    old_tables = VERSION_2 if tables.file_ends.name in metadata.tables else VERSION_1
    for table in old_tables:
        table.create(empty)
    with origin.connect() as source, empty.begin() as target:
        for table in old_tables:
            rows = source.execute(select(metadata.tables[table.name])).mappings().all()
            if rows:
                target.execute(insert(table), [dict(row) for row in rows])
    return empty


def stored_runs(engine: Engine) -> list[StoredRun]:
    return sorted(ResultsReader(engine).runs(limit=100), key=lambda run: run.id)


def old_rows(engine: Engine) -> list[tuple[Any, ...]]:
    """The rows of the old database."""
    with engine.connect() as connection:
        rows = connection.execute(select(old_results)).all()
    return sorted(tuple(row) for row in rows)


def packed_attempts(engine: Engine) -> list[tuple[Any, ...]]:
    """All attempts of the upgraded database; the same columns."""
    with engine.connect() as connection:
        run_ids = connection.execute(select(tables.runs.c.id)).scalars().all()
        return [tuple(attempt) for attempt in attempts_of_runs(connection, run_ids)]


def packed_ends(engine: Engine) -> list[tuple[Any, ...]]:
    query = select(tables.file_ends).order_by(tables.file_ends.c.run_id, tables.file_ends.c.file_id)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def expected_ends(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The end of each test in each file, from the old rows."""
    expected = []
    for key in sorted({row[:2] for row in rows}):
        of_file = [row for row in rows if row[:2] == key]
        ends = FileEnds()
        for _, _, _, case, outcome, _, duration, _ in of_file:
            ends.add([case], [outcome], [duration])
        expected.append((*key, ends.packed()))
    return expected


def assert_upgraded(engine: Engine, before: list[tuple[Any, ...]]) -> None:
    assert packed_attempts(engine) == before
    assert packed_ends(engine) == expected_ends(before)
    assert versions(engine)[-1] == VERSION
    assert not has_old_rows(set(inspect(engine).get_table_names()))


def versions(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return sorted(connection.execute(select(tables.version_table.c.version)).scalars())


def test_an_old_database_is_upgraded_and_its_history_stays(old: Engine) -> None:
    before = old_rows(old)
    assert len(before) in (56, 57)
    prepare_results(old)
    assert_upgraded(old, before)

    runs = stored_runs(old)
    ends = read_ends(old, runs)
    for place, run in enumerate(runs):
        tests = {row[3] for row in before if row[0] == run.id}
        assert int((ends.run == place).sum()) == len(tests)
        counts = counts_of(ends_of(ResultsReader(old).attempts(run.id)))
        assert counts.runs == len([row for row in before if row[0] == run.id])
    prepare_results(old)
    assert_upgraded(old, before)


def test_tests_of_an_old_database_are_known_in_later_imports(old: Engine) -> None:
    prepare_results(old)
    case = '<testcase classname="C" name="t1"/>'
    store(old, f'<testsuite name="s">{case}</testsuite>', RunInfo("unit", 10))
    with old.connect() as connection:
        assert len(connection.execute(select(tables.cases)).all()) == 5


def test_an_upgrade_that_is_killed_anywhere_is_continued(old: Engine, url: str) -> None:
    """Before each statement once: the next process continues where the last one was killed."""
    before = old_rows(old)
    killed = 0
    for statement in range(1, 60):
        process = fork(UPGRADE, url, statement)
        code, error = process.finish()
        assert error == ""
        if code == 0:
            break
        killed += 1
    assert killed > 5
    assert_upgraded(old, before)


def test_each_single_kill_leaves_a_database_that_the_next_process_upgrades(
    old_file: Path, tmp_path: Path
) -> None:
    killed = 0
    for statement in range(1, 60):
        file = tmp_path / f"{statement}.sqlite"
        shutil.copy(old_file, file)
        engine = open_engine(f"sqlite:///{file}")
        before = old_rows(engine)
        code, _ = fork(UPGRADE, str(engine.url), statement).finish()
        prepare_results(engine)
        assert_upgraded(engine, before)
        if code == 0:
            break
        killed += 1
    assert killed > 10


def test_processes_upgrade_at_once(old: Engine, url: str) -> None:
    before = old_rows(old)
    processes = [fork(UPGRADE, url, NEVER) for _ in range(3)]
    assert [process.finish() for process in processes] == [(0, "")] * 3
    assert_upgraded(old, before)


def test_what_an_older_ci_stat_writes_during_an_upgrade_is_packed_too(old: Engine) -> None:
    """It makes its table again, if it starts after the table was renamed."""
    before = old_rows(old)
    prepare_results(old)
    later = (1, 99, 0, 1, 0, "", 5, None)
    file = {"id": 99, "run_id": 1, "digest": "d", "name": "n", "format": "", "state": "complete",
            "detail": "", "attempts": 1}  # fmt: skip
    old_results.create(old)
    with old.begin() as connection:
        connection.execute(insert(tables.files), file)
        connection.execute(insert(old_results).values(later))
    prepare_results(old)
    assert_upgraded(old, sorted([*before, later]))


def test_a_newer_database_is_refused(old: Engine) -> None:
    prepare_results(old)
    with old.begin() as connection:
        connection.execute(insert(tables.version_table), {"version": VERSION + 1})
    with pytest.raises(SchemaMismatch, match=f"has version {VERSION + 1}"):
        prepare_results(old)

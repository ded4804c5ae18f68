"""A results database of version 1 is upgraded in place, however often the upgrade is killed."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, insert, select

from ci_stat.records.run_info import RunInfo
from ci_stat.store.engine import open_engine
from ci_stat.store.results import tables
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.packed.file_ends import FileEnds
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.store.results.setup import prepare_results
from ci_stat.store.results.upgrade import VERSION
from ci_stat.test_results.summary import counts_of, ends_of
from tests.store.results.test_results import store
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.migration]

DUMP = Path(__file__).parents[2] / "fixtures" / "results_1.sql"
OLD = (tables.version_table, tables.runs, tables.files, tables.cases, tables.messages,
       tables.results, tables.texts)  # fmt: skip

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
    remaining -= statement.strip().startswith(("CREATE", "INSERT", "PRAGMA j", "SELECT test_r"))
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)

engine = open_engine(sys.argv[1], 60)
event.listen(engine, "before_cursor_execute", count)
prepare_results(engine)
"""
NEVER = 1_000_000


@pytest.fixture(scope="module")
def version_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("version_1") / "results.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(DUMP.read_text(encoding="utf-8"))
    return file


@pytest.fixture
def old(empty: Engine, version_1: Path) -> Engine:
    """The database of version 1 on each kind of database."""
    if empty.dialect.name == "sqlite":
        shutil.copy(version_1, str(empty.url.database))
        return empty
    origin = open_engine(f"sqlite:///{version_1}")
    metadata = MetaData()
    metadata.reflect(origin)
    tables.metadata.create_all(empty, tables=OLD)
    with origin.connect() as source, empty.begin() as target:
        for table in OLD:
            rows = source.execute(select(metadata.tables[table.name])).mappings().all()
            target.execute(insert(table), [dict(row) for row in rows])
    return empty


def stored_runs(engine: Engine) -> list[StoredRun]:
    return sorted(ResultsReader(engine).runs(limit=100), key=lambda run: run.id)


def history(engine: Engine) -> list[Any]:
    """Each run with its counts, from its attempts."""
    reader = ResultsReader(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(tables.runs).order_by(tables.runs.c.id)).all()
    return [(tuple(row), counts_of(ends_of(reader.attempts(row.id)))) for row in rows]


def packed_rows(engine: Engine) -> list[Any]:
    query = select(tables.file_ends).order_by(tables.file_ends.c.run_id, tables.file_ends.c.file_id)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def expected_rows(engine: Engine) -> list[Any]:
    """The packed row of each file, from its attempts."""
    rows = []
    order = (tables.results.c.run_id, tables.results.c.file_id, tables.results.c.position)
    with engine.connect() as connection:
        attempts = connection.execute(select(tables.results).order_by(*order)).all()
    for key in sorted({(row.run_id, row.file_id) for row in attempts}):
        ends = FileEnds()
        ends.add(
            (row.case_id, row.outcome, row.duration)
            for row in attempts
            if (row.run_id, row.file_id) == key
        )
        rows.append((*key, ends.packed()))
    return rows


def versions(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return sorted(connection.execute(select(tables.version_table.c.version)).scalars())


def test_version_1_is_upgraded_and_its_history_stays(old: Engine) -> None:
    before = history(old)
    assert [counts.runs for _, counts in before] == [14, 14, 14, 14, 1]
    prepare_results(old)
    assert versions(old) == [1, VERSION]
    assert history(old) == before
    assert packed_rows(old) == expected_rows(old)
    assert len(packed_rows(old)) == 9

    ends = read_ends(old, stored_runs(old))
    assert [int((ends.run == place).sum()) for place in range(5)] == [
        counts.tests for _, counts in before
    ]
    prepare_results(old)
    assert versions(old) == [1, VERSION]


def test_tests_of_version_1_are_known_in_later_imports(old: Engine) -> None:
    prepare_results(old)
    case = '<testcase classname="C" name="t1"/>'
    store(old, f'<testsuite name="s">{case}</testsuite>', RunInfo("unit", 10))
    with old.connect() as connection:
        assert len(connection.execute(select(tables.cases)).all()) == 5


def test_an_upgrade_that_is_killed_anywhere_is_continued(old: Engine, url: str) -> None:
    """Before each statement once: the next process continues where the last one was killed."""
    before = history(old)
    killed = 0
    for statement in range(1, 60):
        process = fork(UPGRADE, url, statement)
        code, error = process.finish()
        assert error == ""
        if code == 0:
            break
        killed += 1
        assert history(old) == before
    assert killed > 5
    assert versions(old) == [1, VERSION]
    assert packed_rows(old) == expected_rows(old)


def test_each_single_kill_leaves_a_database_that_the_next_process_upgrades(
    version_1: Path, tmp_path: Path
) -> None:
    killed = 0
    for statement in range(1, 40, 4):
        file = tmp_path / f"{statement}.sqlite"
        shutil.copy(version_1, file)
        engine = open_engine(f"sqlite:///{file}")
        killed += fork(UPGRADE, str(engine.url), statement).finish()[0] != 0
        prepare_results(engine)
        assert versions(engine) == [1, VERSION]
        assert packed_rows(engine) == expected_rows(engine)
    assert killed > 3


def test_two_processes_upgrade_at_once(old: Engine, url: str) -> None:
    before = history(old)
    processes = [fork(UPGRADE, url, NEVER) for _ in range(3)]
    assert [process.finish() for process in processes] == [(0, "")] * 3
    assert versions(old) == [1, VERSION]
    assert history(old) == before
    assert packed_rows(old) == expected_rows(old)

"""The table of the CI database is created by processes that are killed anywhere."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from ci_stat.store.ci_data.write import prepare
from ci_stat.store.engine import open_engine
from tests.chaos.support import import_runs, record, statuses
from tests.support import mariadb
from tests.support.drawn import FULL
from tests.support.forks import fork

pytestmark = [pytest.mark.chaos, pytest.mark.migration, pytest.mark.transaction]

PREPARE = """
import os
import signal
import sys

from sqlalchemy import event

from ci_stat.store.ci_data.write import prepare
from ci_stat.store.embedded_zone import ZONE_OPTION
from ci_stat.store.engine import open_engine

engine, remaining = open_engine(sys.argv[1]), int(sys.argv[2])
engine.update_execution_options(**{ZONE_OPTION: "UTC"})

def count(*_):
    global remaining
    remaining -= 1
    if remaining == 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(engine, "after_cursor_execute", count)
event.listen(engine, "commit", count)
prepare(engine)
"""


def test_a_preparation_that_is_killed_anywhere_is_continued(url: str, fresh_url: str) -> None:
    engine = open_engine(url)
    killed = 0
    for statement in range(2, 90, 1 if FULL else 2):
        code, error = fork(PREPARE, url, statement).finish()
        assert error == ""
        if code == 0:
            break
        assert code == -signal.SIGKILL
        killed += 1
    assert killed > 0
    prepare(engine)
    assert import_runs(engine, record("a", 1), record("a", 1), record("b", 1)).stored == 3
    assert statuses(engine) == {"SUCCESS": 2}
    fresh = open_engine(fresh_url)
    prepare(fresh)
    assert _schema(engine) == _schema(fresh)


def _schema(engine: Engine) -> list[Any]:
    of_sqlite = "select sql from sqlite_master where name like '%ci_data%' order by name"
    query = of_sqlite if engine.dialect.name == "sqlite" else "show create table ci_data"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """Another empty database of the same kind."""
    if url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'fresh.sqlite'}"
        return
    server: mariadb.Server = request.getfixturevalue("server")
    server.sql("create database fresh")
    yield server.url("fresh")
    server.sql("drop database fresh")

"""Fixtures of the tests of our own state."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from ci_stat.store.state.tables import metadata, version_table
from tests.support import mariadb


@pytest.fixture
def empty(url: str) -> Engine:
    """An engine on an empty database, without slow connections and disk writes."""
    made = open_engine(
        url.replace("pymysql", "mysqldb") if importlib.util.find_spec("MySQLdb") else url
    )
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    return made


@pytest.fixture(scope="session")
def state_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with an empty state."""
    file = tmp_path_factory.mktemp("state") / "empty.sqlite"
    prepare_state(open_engine(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def state_database(server: mariadb.Server, administrator: Connection) -> str:
    """The name of a database with an empty state."""
    name = "empty_state"
    administrator.execute(text(f"create database {name}"))
    prepare_state(open_engine(server.url(name)))
    return name


@pytest.fixture
def empty_state(empty: Engine, request: pytest.FixtureRequest) -> Engine:
    """The same, with the tables of our state: copied, because compiling them takes longer."""
    if empty.dialect.name == "sqlite":
        shutil.copy(request.getfixturevalue("state_file"), str(empty.url.database))
        return empty
    origin = request.getfixturevalue("state_database")
    administrator: Connection = request.getfixturevalue("administrator")
    copy = empty.url.database
    for table in metadata.sorted_tables:
        name = table.name
        administrator.execute(text(f"create table {copy}.{name} like {origin}.{name}"))
    version = version_table.name
    administrator.execute(text(f"insert into {copy}.{version} select * from {origin}.{version}"))
    administrator.commit()
    return empty

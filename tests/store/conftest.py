"""Fixtures of the tests of our own state."""

import importlib.util

import pytest
from sqlalchemy import Engine, event

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state


@pytest.fixture
def empty(url: str) -> Engine:
    """An engine on an empty database, without slow connections and disk writes."""
    made = open_engine(
        url.replace("pymysql", "mysqldb") if importlib.util.find_spec("MySQLdb") else url
    )
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    return made


@pytest.fixture
def empty_state(empty: Engine) -> Engine:
    """The same, with the tables of our state."""
    prepare_state(empty)
    return empty

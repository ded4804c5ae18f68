"""Our state, in SQLite, and in MariaDB where processes are killed or meet."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from tests.support.drawn import FULL

KINDS = ("sqlite", "mariadb")
ON_BOTH = ("transaction", "concurrent")  # markers; the full suite runs all tests on both


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "state_url" in metafunc.fixturenames:
        is_marked = any(metafunc.definition.get_closest_marker(name) for name in ON_BOTH)
        kinds = KINDS if FULL or is_marked else KINDS[:1]
        metafunc.parametrize("state_url", kinds, indirect=True, scope="function")


@pytest.fixture
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.sqlite'}"
    return str(request.getfixturevalue("mariadb_url"))


@pytest.fixture
def state(state_url: str) -> Iterator[Engine]:
    engine = open_engine(state_url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _no_fsync)
    prepare_state(engine)
    yield engine
    engine.dispose()


def _no_fsync(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = off")

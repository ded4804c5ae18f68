"""An empty results database in a file, and on each kind of server."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results


def _opened(url: str) -> Engine:
    """An engine without disk writes that nothing waits for."""
    engine = open_engine(url, connect_timeout=60)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    prepare_results(engine)
    return engine


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/results.sqlite"


@pytest.fixture
def results(file_url: str) -> Engine:
    """An empty results database in a file."""
    return _opened(file_url)


@pytest.fixture
def any_results(url: str) -> Engine:
    """An empty results database of each kind."""
    return _opened(url)

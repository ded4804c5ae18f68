"""An empty results database of each kind."""

import pytest
from sqlalchemy import Engine, event

from ci_stat.store.engine import open_engine
from ci_stat.store.results.setup import prepare_results


@pytest.fixture
def empty(url: str) -> Engine:
    """An empty database, without disk writes that nothing waits for."""
    made = open_engine(url, connect_timeout=60)
    if made.dialect.name == "sqlite":
        event.listen(made, "connect", lambda raw, _: raw.execute("pragma synchronous = off"))
    return made


@pytest.fixture
def results(empty: Engine) -> Engine:
    prepare_results(empty)
    return empty

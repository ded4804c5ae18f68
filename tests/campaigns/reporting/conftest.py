from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")

    @event.listens_for(engine, "connect")
    def _no_fsync(connection: Any, _record: Any) -> None:
        connection.execute("pragma synchronous = off")

    prepare_state(engine)
    yield engine
    engine.dispose()

"""A GitHub on loopback that is held to its description, and our state in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ci_stat.store.engine import open_engine
from ci_stat.store.state.setup import prepare_state
from tests.support.github import CONTRACT, GitHub, github_server


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """A GitHub with one pull request, #12. The description is used where it is at hand."""
    contract = CONTRACT if CONTRACT.exists() else None
    with github_server(contract, repo="me/app", login="ci-bot") as github:
        github.issue("A change", pull=True, number=12)
        yield github
        assert github.findings == []


@pytest.fixture
def state(tmp_path: Path) -> Engine:
    engine = open_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    prepare_state(engine)
    return engine

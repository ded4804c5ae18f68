"""Fixtures: a stand-in with code, and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ci_stat.connectors.github.forge import GitHubForge
from tests.connectors.github.forge import code_server, forge_of
from tests.support.github.code import Code


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Code]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with code_server(tmp_path) as code:
        yield code
        assert code.github.findings == []


@pytest.fixture
def forge(code: Code) -> Iterator[GitHubForge]:
    forge = forge_of(code.github)
    yield forge
    forge.close()

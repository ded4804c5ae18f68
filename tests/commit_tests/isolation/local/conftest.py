"""A bench on this machine."""

import shutil
from pathlib import Path

import pytest

from ci_stat.commit_tests.isolation.local.backend import LocalBackend
from ci_stat.commit_tests.isolation.templates import Template
from ci_stat.commit_tests.repository import RepositoryCache
from tests.commit_tests.isolation.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap is not installed")
    made = Bench(tmp_path)
    made.use(Template("unused:1"))
    cache = RepositoryCache(tmp_path / "cache")
    made.backend = LocalBackend(tmp_path / "local", cache, made.templates)
    return made

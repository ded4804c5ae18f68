"""Runners that forget everything: each has a checkout of one repository, and a new data folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.git import git, remote

BRANCH = "ci-stat-history"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare repository; `checkout` clones it."""
    remote(tmp_path / "remote")
    return tmp_path / "remote"


@pytest.fixture
def runner(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Path]:
    """Move to a runner of this name: its own checkout and data folder, kept as long as the test."""
    monkeypatch.setenv("CI_STAT_RESULTS_URL", f"git+branch:{BRANCH}")
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TF_BUILD", "JENKINS_URL"):
        monkeypatch.delenv(name, raising=False)

    def move(name: str) -> Path:
        checkout = tmp_path / name / "checkout"
        if not checkout.exists():
            checkout.mkdir(parents=True)
            git(checkout, "init", "--quiet")
            git(checkout, "remote", "add", "origin", f"file://{repository}")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / name / "data"))
        monkeypatch.chdir(checkout)
        return checkout

    return move

"""Repositories for tests of commits: real git, a few commits."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.git import git


def make_repository(folder: Path) -> Path:
    """A new repository without a commit, on the branch main."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(folder: Path, files: Mapping[str, str], message: str = "change") -> str:
    """Commit files. The full SHA."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")

"""Real git for tests: a bare repository that a pusher reaches by an address."""

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str, text: str = "") -> str:
    """What git prints in a folder, with settings of nobody."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        input=text,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@x.example",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@x.example",
        },
        check=True,
    )
    return done.stdout.strip()


def remote(folder: Path) -> str:
    """The address of a new bare repository that serves partial clones, as GitHub does."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "gc.auto", "0")
    return f"file://{folder}"


def files_on(folder: Path, branch: str) -> list[str]:
    """The paths on a branch of a bare repository."""
    return git(folder, "ls-tree", "-r", "--name-only", branch).splitlines()

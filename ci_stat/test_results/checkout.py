"""What git says about a folder, for results from outside of a CI."""

import shutil
import subprocess
from pathlib import Path

from ci_stat.records.run_info import RunInfo
from ci_stat.test_results.environment import repo_of

_TIMEOUT = 10  # seconds
JOB = "local"


def from_git(folder: Path) -> RunInfo:
    """Return a run of the job `local`, with commit, branch and repository if there are any."""
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    return RunInfo(
        job=JOB,
        repo=repo_of(_git(folder, "config", "--get", "remote.origin.url")),
        commit=_git(folder, "rev-parse", "HEAD"),
        branch="" if branch == "HEAD" else branch,
        trigger="local",
    )


def _git(folder: Path, *arguments: str) -> str:
    """Return what git prints; "" without git, repository or answer."""
    program = shutil.which("git")
    if program is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603  # fixed arguments, no shell
            [program, "-C", str(folder), *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

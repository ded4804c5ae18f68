"""A folder with the files of one commit, for one run.

No git runs in the folder once a command of the commit has run there: the command may have replaced
its `.git`. So the folder is deleted as files, and git forgets it in the repository of ours.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ci_stat.commit_tests.repository.cache import Repository
from ci_stat.commit_tests.repository.locks import locked
from ci_stat.commit_tests.repository.program import SafeGit
from ci_stat.errors import Refused

MAX_FILES = 1_000_000
MAX_BYTES = 20 * 1024**3
INSIDE = "/repository"  # where the isolation shows the bare repository, read-only


@asynccontextmanager
async def checked_out(repository: Repository, commit: str, folder: Path) -> AsyncIterator[Path]:
    """Yield the folder with the commit's files. `folder`: does not exist yet.

    Raises GitFailed, and Refused for more files than a project has: some repositories unpack to
    more than any disk holds.
    """
    await check_size(repository.git, commit)
    try:
        async with locked(repository.lock):
            await repository.git.run(
                *("check out the commit", "worktree", "add", "--quiet", "--force"),
                *("--detach", "--", str(folder), commit),
            )
        _show_inside(folder)
        yield folder
    finally:
        await asyncio.shield(_remove(repository, folder))


async def write_archive(repository: Repository, commit: str, path: Path) -> None:
    """Write the files of the commit as a tar file. Raises GitFailed, Refused."""
    await check_size(repository.git, commit)
    await repository.git.run(
        *("archive the commit", "archive", "--format=tar", f"--output={path}", commit)
    )


async def check_size(
    git: SafeGit, commit: str, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES
) -> None:
    """Refuse a commit that would fill the disk. Raises GitFailed, Refused."""
    files = size = 0
    async for line in git.lines("list the files", "ls-tree", "-r", "--long", commit):
        files += 1
        word = line.split(maxsplit=4)[3]
        size += int(word) if word.isdigit() else 0
        if files > max_files or size > max_bytes:
            raise Refused(
                f"The commit {commit[:12]} has more than {max_files:,} files or"
                f" {max_bytes // 1024**3:,} GiB.",
                "It is not checked out.",
            )


def _show_inside(folder: Path) -> None:
    """Let git work inside the isolation, where the repository has another path."""
    pointer = folder / ".git"
    name = Path(pointer.read_text().removeprefix("gitdir:").strip()).name
    pointer.write_text(f"gitdir: {INSIDE}/worktrees/{name}\n")


async def _remove(repository: Repository, folder: Path) -> None:
    await asyncio.to_thread(remove_tree, folder)
    async with locked(repository.lock):
        await repository.git.run("forget the checkout", "worktree", "prune", "--expire=now")


def remove_tree(folder: Path) -> None:
    """Delete a folder in which commands may have taken permissions away. Follows no link."""
    for place, _, _ in os.walk(folder):  # a folder is made readable before it is listed
        os.chmod(place, 0o700)
    shutil.rmtree(folder, ignore_errors=True)

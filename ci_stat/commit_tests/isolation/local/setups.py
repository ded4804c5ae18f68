"""Keeps what setups made, by the digest of the lock files on which it depends.

Packed and unpacked by tar inside the sandbox: the files are those of a repository.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

from ci_stat.commit_tests.isolation.commit_run import Ask
from ci_stat.commit_tests.isolation.digest import digest_of
from ci_stat.commit_tests.isolation.local.process import run_guarded
from ci_stat.commit_tests.isolation.local.sandbox import MARKS, Folders, Sandbox, passwd
from ci_stat.commit_tests.model import Limits

_ARCHIVE, _NAMES = "setup.tar", "names"
_LIMITS = Limits(seconds=600.0, file_bytes=20 * 1024**3)
_TAR = f"{MARKS}/{_ARCHIVE}"
_LISTED = f"--null --verbatim-files-from -T {MARKS}/{_NAMES}"
_PACK = f"tar -c -f {_TAR} -C / home/ci -C /work {_LISTED}"
_UNPACK = f"tar -x -f {_TAR} -C / home/ci && tar -x -f {_TAR} -C /work --exclude=home/ci"
MAX_BYTES = 20 * 1024**3  # of all kept setups; those that were used longest ago go first
_MAX_LOCK_FILE = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Setups:
    """Kept setups of a machine, below `folder`."""

    folder: Path
    sandbox: Sandbox
    max_bytes: int = MAX_BYTES

    def key(self, ask: Ask, work: Path) -> str:
        """The key of the setup of a checkout; empty if its template names no lock files."""
        patterns = ask.template.lock_files
        if not patterns or ask.request.setup is not None:
            return ""
        locks = {
            name: _content_digest(work / name)
            for name in sorted(self.names(work))
            if any(fnmatchcase(name, pattern) for pattern in patterns)
        }
        if not locks:
            return ""
        return digest_of([ask.request.repository, ask.environment, locks])

    def names(self, work: Path) -> frozenset[str]:
        """The files of a checkout."""
        return frozenset(_files(work))

    async def restore(self, key: str, folders: Folders) -> bool:
        """Put the files of a kept setup into the folders; False if there is none."""
        kept = self.folder / f"{key}.tar"
        marks = folders.marks / "marks-restore"
        _make_marks(marks)
        try:
            os.link(kept, marks / _ARCHIVE)
            os.utime(kept)
        except OSError:
            return False
        return await self._run(folders, marks, _UNPACK)

    async def keep(self, key: str, folders: Folders, before: frozenset[str]) -> None:
        """Keep what a setup made: the home folder, and files that were not checked out."""
        marks = folders.marks / "marks-keep"
        _make_marks(marks)
        made = sorted(set(self.names(folders.work)) - before)
        names = b"".join(os.fsencode(f"./{name}") + b"\0" for name in made)
        (marks / _NAMES).write_bytes(names)
        if await self._run(folders, marks, _PACK):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (marks / _ARCHIVE).replace(self.folder / f"{key}.tar")
            await asyncio.to_thread(self._prune)

    async def _run(self, folders: Folders, marks: Path, command: str) -> bool:
        inside = Folders(folders.work, folders.home, marks)
        argv = self.sandbox.argv(inside, _LIMITS, network=False, command=["sh", "-c", command])
        code, stopped = await run_guarded(argv, {}, _LIMITS, [], asyncio.Event(), _ignored)
        return code == 0 and stopped is None

    def _prune(self) -> None:
        kept = sorted(self.folder.glob("*.tar"), key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in kept)
        for path in kept:
            if total <= self.max_bytes:
                break
            total -= path.stat().st_size
            path.unlink(missing_ok=True)


def _make_marks(marks: Path) -> None:
    shutil.rmtree(marks, ignore_errors=True)
    marks.mkdir(mode=0o700)
    (marks / "passwd").write_text(passwd())


def _files(work: Path) -> Iterator[str]:
    for place, folders, names in os.walk(work):
        if place == str(work):
            folders[:] = [folder for folder in folders if folder != ".git"]
        for name in names:
            relative = os.path.relpath(os.path.join(place, name), work)
            if relative != ".git":
                yield relative


def _content_digest(path: Path) -> str:
    """SHA-256 of a lock file; a link counts as what it names, not as the file behind it."""
    if path.is_symlink():
        return f"link to {os.readlink(path)}"
    with path.open("rb") as file:
        return sha256(file.read(_MAX_LOCK_FILE)).hexdigest()


def _ignored(_data: bytes) -> None:
    """The output of tar says nothing to the user."""

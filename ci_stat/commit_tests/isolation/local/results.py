"""Finds the result files that a command wrote. It may have written anything, anywhere."""

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from ci_stat.escape import visible

MAX_FILES = 1_000  # result files of one run
MAX_BYTES = 256 * 1024 * 1024  # of all of them together


def collect(work: Path, patterns: Sequence[str]) -> tuple[list[Path], list[str]]:
    """Return copies of the files that match a pattern, and what was left out and why.

    Links are not followed: they may name files of this machine.
    """
    folder = work.parent / "results"
    folder.mkdir(exist_ok=True)
    taken: list[Path] = []
    problems: list[str] = []
    size = 0
    for name in _names(work):
        if not any(fnmatchcase(name, pattern) for pattern in patterns):
            continue
        if len(taken) >= MAX_FILES or size > MAX_BYTES:
            problems.append(f"More than {MAX_FILES:,} files or {MAX_BYTES // 1024**2:,} MiB.")
            break
        place = folder / f"{len(taken):04}{Path(name).suffix[:8]}"
        copied = _copied(work, name, place, MAX_BYTES - size)
        if copied is None:
            problems.append(f"{visible(name, 200)}: not a regular file of at most 256 MiB")
            continue
        size += copied
        taken.append(place)
    return taken, problems


def _names(work: Path) -> Iterator[str]:
    """The files below a folder, by name, without those of git."""
    for place, folders, names in os.walk(work):
        folders[:] = sorted(folder for folder in folders if folder != ".git")
        for name in sorted(names):
            yield os.path.relpath(os.path.join(place, name), work)


def _copied(work: Path, name: str, place: Path, room: int) -> int | None:
    """Copy a regular file and return its size; None if it is none, or too large."""
    with suppress(OSError):
        handle = os.open(work / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as source:
            status = os.fstat(source.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > room:
                return None
            with place.open("wb") as target:
                shutil.copyfileobj(source, target)
            return status.st_size
    return None

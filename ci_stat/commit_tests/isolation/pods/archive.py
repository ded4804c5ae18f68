"""Tar archives that go into a pod and come out of it, with bounds on what is read."""

import io
import tarfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ci_stat.commit_tests.isolation.pods.script import SCRIPT

MAX_FILES = 1_000  # result files of one run
MAX_BYTES = 256 * 1024 * 1024  # of all of them together


def script_archive(text: str) -> bytes:
    """Return an archive with the script, which only its owner can read."""
    data = text.encode("utf-8", "surrogateescape")
    member = tarfile.TarInfo(SCRIPT)
    member.size, member.mode = len(data), 0o600
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def take_files(
    archive: Path, patterns: Sequence[str], folder: Path
) -> tuple[list[Path], list[str]]:
    """Write the files of an archive that match a pattern into the folder, under numbers.

    Returns them, and what was left out and why. Names of the archive are never used as paths:
    who made it may have written anything.
    """
    taken: list[Path] = []
    problems: list[str] = []
    size = 0
    if not archive.stat().st_size:
        return taken, problems
    with tarfile.open(archive, mode="r|") as members:
        for member in members:
            name = str(PurePosixPath(member.name))
            if not member.isfile() or not _matches(name, patterns):
                continue
            size += member.size
            if len(taken) >= MAX_FILES or size > MAX_BYTES:
                problems.append(f"{name}: more than {MAX_FILES:,} files or {MAX_BYTES:,} bytes")
                break
            source = members.extractfile(member)
            place = folder / f"{len(taken):04}{PurePosixPath(name).suffix[:8]}"
            place.write_bytes(source.read() if source is not None else b"")
            taken.append(place)
    return taken, problems


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)

"""Finds result files: files, folders, patterns, standard input, and files in zip archives."""

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from ci_stat.records.case_results import ReadState, Unreadable
from ci_stat.test_results.input_order import in_order
from ci_stat.test_results.unpacked import content, zip_inputs
from ci_stat.unpacking.decoders import ZIP

STANDARD_INPUT = "-"
_SUFFIXES = (".xml", ".trx", ".json", ".jsonl", ".ndjson", ".zip")
_PACKED = (".gz", ".zst", ".xz", ".bz2")
_SKIPPED_FOLDERS = {"node_modules", "__pycache__"}
_MAX_FILES = 100_000

Blocks = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Input:
    """A file to read, as often as needed. `open` yields its unpacked content, or raises Unreadable.

    `is_named`: a person named it, so it must contain results. What a folder contains may be
    something else.
    """

    name: str
    open: Callable[[], Blocks]
    is_named: bool
    changed: float | None = None


def find_inputs(paths: Sequence[str], stdin: BinaryIO, files: ExitStack) -> list[Input]:
    """Return the inputs in the order of the times that they state, else in that of `paths`.

    `files`: closes what stays open. A path that leads nowhere is an input that cannot be read.
    """
    return in_order(list(_found(paths, stdin, files)))


def _found(paths: Sequence[str], stdin: BinaryIO, files: ExitStack) -> Iterator[Input]:
    """Yield the inputs in the order of `paths`, those of folders and patterns by name."""
    for path in paths:
        if path == STANDARD_INPUT:
            yield from _opened("standard input", _spooled(stdin, files), True)
            continue
        names = [path] if os.path.lexists(path) else sorted(glob.glob(path, recursive=True))
        if not names:
            reason = "no file matches" if glob.has_magic(path) else "no such file or folder"
            yield _unreadable(path, ReadState.MISSING, reason)
        for name in names:
            yield from _below(name, files) if os.path.isdir(name) else _file(name, True, files)


def _below(folder: str, files: ExitStack) -> Iterator[Input]:
    """Yield files that may be results, by their suffix. Links to folders are not entered."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS
        )
        for name in sorted(names):
            if _may_be_results(name):
                count += 1
                yield from _file(os.path.join(place, name), False, files)
        if count > _MAX_FILES:
            yield _unreadable(folder, ReadState.UNREADABLE, f"more than {_MAX_FILES:,} files")
            return
    if not count:
        suffixes = " ".join(_SUFFIXES)
        yield _unreadable(folder, ReadState.MISSING, f"the folder has no result file ({suffixes})")


def _may_be_results(name: str) -> bool:
    lower = name.lower()
    for suffix in _PACKED:
        lower = lower.removesuffix(suffix)
    return lower.endswith(_SUFFIXES)


def _file(name: str, is_named: bool, files: ExitStack) -> Iterator[Input]:
    try:
        if not Path(name).is_file():
            yield _unreadable(name, ReadState.UNREADABLE, "not a regular file")
            return
        # A reader of an archive keeps it open; files that are read once are opened again.
        with open(name, "rb") as file:
            is_archive = file.read(4) in ZIP
        if is_archive:
            archive = files.enter_context(open(name, "rb"))  # noqa: SIM115
            yield from _opened(name, archive, is_named)
            return
        changed = Path(name).stat().st_mtime
    except OSError as error:
        yield _unreadable(name, ReadState.UNREADABLE, error.strerror or str(error))
        return
    yield Input(name, lambda: _content_of(name), is_named, changed)


def _content_of(name: str) -> Blocks:
    try:
        file = open(name, "rb", buffering=0)  # noqa: SIM115  # closed below
    except OSError as error:
        raise Unreadable(ReadState.UNREADABLE, error.strerror or str(error)) from None
    with file:
        yield from content(file)


def _opened(name: str, file: IO[bytes], is_named: bool) -> Iterator[Input]:
    """Yield the inputs in a file that is open: itself, or the files of an archive."""
    head = os.pread(file.fileno(), 4, 0)
    if head not in ZIP:
        yield Input(name, lambda: _from_start(file), is_named)
        return
    changed = os.fstat(file.fileno()).st_mtime
    try:
        for member, blocks in zip_inputs(file.fileno()):
            if _may_be_results(member):
                yield Input(f"{name}/{member}", blocks, False, changed)
    except Unreadable as problem:
        yield _unreadable(name, problem.state, problem.detail)


def _from_start(file: IO[bytes]) -> Blocks:
    file.seek(0)
    yield from content(file)


def _spooled(stdin: BinaryIO, files: ExitStack) -> IO[bytes]:
    """Standard input as a file without a name: a file is read twice, an archive from its end."""
    file = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    shutil.copyfileobj(stdin, file)
    file.flush()
    return file


def _unreadable(name: str, state: ReadState, reason: str) -> Input:
    def fail() -> Blocks:
        raise Unreadable(state, reason)

    return Input(name, fail, True)

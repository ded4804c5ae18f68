"""Write a file completely or not at all, plain or compressed with gzip."""

import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ci_stat.errors import WriteError

STANDARD_STREAM = "-"  # standard input or output instead of a file


@contextmanager
def open_output(name: str) -> Iterator[IO[str]]:
    """Open a text file for writing; `-` is standard output. A name with .gz is compressed.

    The file appears under its name when the block ends without an error. A link is followed. A
    device or a pipe is written directly. Raises WriteError.
    """
    if name == STANDARD_STREAM:
        yield sys.stdout
        return

    target = Path(os.path.realpath(name))
    with _write_errors(name):
        is_replaceable = target.is_file() or not target.exists()
        with _replaced(name, target) if is_replaceable else _text_file(name, name) as file:
            yield file


def require_writable(name: str) -> None:
    """Check before long work that the file can be written at its end. Raises WriteError."""
    folder = Path(os.path.realpath(name)).parent
    if name == STANDARD_STREAM or (folder.is_dir() and os.access(folder, os.W_OK)):
        return
    reason = "no permission" if folder.is_dir() else f"no folder {folder}"
    raise WriteError(f"{name} cannot be written: {reason}.")


@contextmanager
def _replaced(name: str, target: Path) -> Iterator[IO[str]]:
    """Write to a temporary file next to the target, then replace the target by it."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    try:
        with _text_file(temporary, name) as file:
            yield file
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _write_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"{name} cannot be written: {error.strerror}.") from None


def _text_file(path: str, name: str) -> IO[str]:
    """Open `path` for text; the suffix of `name` decides about compression."""
    if name.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "wt", encoding="utf-8"))
    return open(path, "w", encoding="utf-8")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""Files that are written whole or not at all, plain or compressed."""

import gzip
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from ci_stat.errors import WriteError

STDIN = "-"


@contextmanager
def written(name: str) -> Iterator[IO[str]]:
    """A file for writing, `-` for standard output. The file appears whole or not at all. Raises WriteError."""
    if name == STDIN:
        yield sys.stdout
        return
    target = Path(os.path.realpath(name))  # a link stays, and what it points to is written
    try:
        replaceable = target.is_file() or not target.exists()
    except OSError as error:
        raise WriteError(f"{name} cannot be written: {error.strerror}.") from None
    if not replaceable:
        with _direct(name) as file:
            yield file
        return
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise WriteError(f"{name} cannot be written: {error.strerror}.") from None
    os.close(handle)
    try:
        with _text_file(temporary, packed=name.endswith(".gz")) as file:
            yield file
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise WriteError(f"{name} cannot be written: {error.strerror}.") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


@contextmanager
def _direct(name: str) -> Iterator[IO[str]]:
    """A device or a pipe: it cannot be replaced by a finished file, and must not be."""
    try:
        with _text_file(name, packed=name.endswith(".gz")) as file:
            yield file
    except OSError as error:
        raise WriteError(f"{name} cannot be written: {error.strerror}.") from None


def _text_file(path: str, packed: bool) -> IO[str]:
    return (
        cast("IO[str]", gzip.open(path, "wt", encoding="utf-8"))
        if packed
        else open(path, "w", encoding="utf-8")
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

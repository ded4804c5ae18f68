"""Open files below a folder, part by part and without following links."""

import os
from collections.abc import Sequence
from contextlib import suppress

from ci_stat.logs.regular_file import FLAGS, RegularFile, regular

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def is_below(path: str) -> bool:
    """Whether no part of the path leads upwards; a template may."""
    return not path.startswith(os.sep) and not {"", ".", ".."}.intersection(path.split(os.sep))


def first_below(root: str, paths: Sequence[str]) -> RegularFile | None:
    """Open the first path below the root that exists; the paths differ in their last part only.

    Each part is opened in the one before; links are errors (ELOOP or NotADirectoryError).
    """
    *folders, _ = paths[0].split(os.sep)
    current = os.open(root, _FOLDER_FLAGS)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=current)
            os.close(current)
            current = below

        for path in paths:
            with suppress(FileNotFoundError):
                name = path.rpartition(os.sep)[2]
                return regular(os.open(name, FLAGS | os.O_NOFOLLOW, dir_fd=current))
    except FileNotFoundError:
        pass
    finally:
        os.close(current)
    return None

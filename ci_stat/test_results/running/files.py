"""Finds test files: paths, folders and patterns."""

import glob
import os
import re
from collections.abc import Iterator, Sequence

from ci_stat.errors import UsageError
from ci_stat.escape import visible

_SKIPPED_FOLDERS = {"node_modules", "__pycache__", "target", "build", "dist", "vendor"}
# Names of test files as their runners look for them.
_TEST_FILE = re.compile(
    r"""
    (?:test_.*|.*_test)\.py                        # pytest
    | .*_test\.(?:go|dart|rb|exs|cc|cpp|php)
    | .*_spec\.rb
    | .*[.-](?:test|spec)\.[cm]?[jt]sx?            # jest, vitest, mocha, Playwright
    | (?:Test.*|.*(?:Tests?|TestCase|IT|Spec))\.(?:java|kt|scala|groovy|cs|swift|php)
    """,
    re.VERBOSE,
)


def matching_files(paths: Sequence[str]) -> list[str]:
    """Return the files, each once, sorted. Of a folder: those named as test files.

    Raises UsageError for a path or pattern without a file.
    """
    files: set[str] = set()
    for path in paths:
        names = [path] if os.path.lexists(path) else glob.glob(path, recursive=True)
        members = {os.path.normpath(member) for name in names for member in _files(name)}
        if not members:
            shown = visible(path, 200)
            raise UsageError(f"No test file at {shown!r}.", "Check the path; quote patterns.")
        files |= members
    return sorted(files)


def _files(name: str) -> Iterator[str]:
    if not os.path.isdir(name):
        yield name
        return
    for place, folders, names in os.walk(name):
        folders[:] = [
            folder
            for folder in folders
            if not folder.startswith(".") and folder not in _SKIPPED_FOLDERS
        ]
        yield from (os.path.join(place, name) for name in names if _TEST_FILE.fullmatch(name))

"""Read the files of a zip archive as one log, in natural order of their names.

Nothing is extracted: names are shown, never opened, so a hostile name leads nowhere. GitHub's log
archives contain each job twice, as `0_JOB.txt` and as steps `JOB/1_STEP.txt`: the steps of a job
that is there as a whole are left out.
"""

import os
import re
from collections.abc import Iterator, Sequence
from zipfile import ZipInfo

from ci_stat.escape import visible
from ci_stat.logs.encoding import text_of
from ci_stat.records import LogState
from ci_stat.unpacking.decoders import HEAD
from ci_stat.unpacking.members import PIECE, is_packed, unpacked
from ci_stat.unpacking.source import Incomplete, Source
from ci_stat.unpacking.zip_files import zip_content, zip_files

_SHOWN, _NAME = 40, 80  # files in a detail, and characters of their names
_WHOLE_JOB = re.compile(r"-?\d+_(.+)\.txt")


class ZipText:
    """The text of all files in the archive that is open as `descriptor`.

    `taken`: bytes of the archive that were read. `detail`: the files read, and those left out; it
    is final after the last block.
    """

    def __init__(self, descriptor: int, piece: int = PIECE) -> None:
        """`piece`: bytes unpacked at a time."""
        self.taken = 0
        self._piece = piece
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._lines = 0
        self._read: list[str] = []
        self._left_out: list[str] = []
        self._problems: list[str] = []
        self._steps = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield the text. Raises Incomplete at the end if a file could not be read."""
        files = zip_files(self._descriptor)
        logs = _without_copies(files)
        self._steps = len(files) - len(logs)
        for info in logs:
            yield from self._file(info)

        if self._problems:
            raise Incomplete(None, "; ".join(_few(self._problems)))
        if not self._read:
            kind = "contains no file" if not logs else "contains no text"
            raise Incomplete(LogState.UNREADABLE, f"the zip archive {kind}")

    @property
    def detail(self) -> str:
        parts = []
        if self._read:
            count = len(self._read)
            files = "1 file" if count == 1 else f"{count:,} files"
            parts.append(f"{files} of the archive: {', '.join(_few(self._read))}")
        if self._steps:
            parts.append(f"{self._steps:,} files with steps of the same jobs left out")
        if self._left_out:
            parts.append(f"left out: {', '.join(_few(self._left_out))}")
        return "; ".join(parts)

    def _file(self, info: ZipInfo) -> Iterator[bytes]:
        name = visible(info.filename, _NAME)
        first, end = self._lines + 1, b""
        try:
            for block in text_of(self._unpacked(info)):
                if block:
                    self._lines += block.count(b"\n")
                    end = block[-1:]
                    yield block
        except Incomplete as problem:
            if not end and problem.state is LogState.UNREADABLE:
                self._left_out.append(f"{name} ({problem.detail})")
            else:
                self._problems.append(f"{name}: {problem.detail}")

        if end not in (b"", b"\n"):  # lines of two files must not become one
            self._lines += 1
            yield b"\n"
        if end:
            self._read.append(f"{name} from line {first}")

    def _count(self, size: int) -> None:
        self.taken = min(self._size, self.taken + size)

    def _unpacked(self, info: ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of a file, unpacked once more if the file itself is compressed."""
        source = Source(zip_content(self._descriptor, info, self._count, self._piece))
        if is_packed(source.peek(HEAD)):
            return unpacked(source, self._piece)
        return map(bytes, source)


def _without_copies(files: Sequence[ZipInfo]) -> list[ZipInfo]:
    """Leave out the files in a folder `JOB/` if there is a file `N_JOB.txt` beside the folder."""
    jobs = {match[1] for info in files if (match := _WHOLE_JOB.fullmatch(info.filename))}
    return [info for info in files if info.filename.split("/")[0] not in jobs]


def _few(names: Sequence[str]) -> list[str]:
    more = len(names) - _SHOWN
    return [*names[:_SHOWN], f"{more:,} more"] if more > 0 else list(names)

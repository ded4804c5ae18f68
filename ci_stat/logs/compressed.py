"""Read a log file or a pipe as plain text bytes; its content decides how it is unpacked.

gzip, Zstandard, xz and bzip2, any number of members or frames in a row, and zip archives, in
bounded memory; UTF-16 becomes UTF-8. Reading always ends: with the whole text, or with the readable
part and the reason why it is not the whole.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ci_stat.logs.encoding import SAMPLE, is_plain, text_of
from ci_stat.logs.read_ahead import ReadAhead, is_worth_it
from ci_stat.logs.regular_file import FLAGS, RegularFile, no_log, regular
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog
from ci_stat.unpacking.decoders import HEAD, ZIP
from ci_stat.unpacking.members import AHEAD_PIECE, PIECE, explained, is_packed, unpacked
from ci_stat.unpacking.sizes import size_text
from ci_stat.unpacking.source import Incomplete, Source

if TYPE_CHECKING:
    from ci_stat.logs.zip_members import ZipText

LIMIT = 64 * 2**30  # bytes of text of one log
# A log beyond _BOMB bytes of text must not unpack to more than _RATIO times its size. Logs compress
# 5 to 30 times; the worst case of gzip is 1030 times, that of Zstandard 30,000 times.
_BOMB = 2**30
_RATIO = 200
_BLOCK = 2**20  # bytes read at a time, after the first ones


class Raw(Protocol):
    """Bytes as they are in a file or a pipe."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class Unpacked:
    """The unpacked text of `raw` as a `LogStream`. `close` it before `raw`.

    After the last byte, `state` and `detail` say whether the text is complete. `detail` of an
    archive also names its files.

    - `limit`: bytes of text; a longer log ends there as TOO_BIG.
    - `finished`: whether the log is complete; called only if a file grew while it was read.
    - `given`, `taken`: bytes of text returned so far, and bytes read from `raw`.
    """

    def __init__(
        self, raw: Raw, limit: int = LIMIT, finished: Callable[[], bool] = lambda: True
    ) -> None:
        self.state = LogState.READ
        self.detail = ""
        self.given = self.taken = 0
        self._raw = raw
        self._limit = limit
        self._finished = finished
        self._over = self._begun = self._is_packed = False
        self._source = Source(self._raw_blocks())
        self._blocks: Iterator[bytes] | None = None  # None: the raw bytes are the text
        self._text = memoryview(b"")  # unpacked but not returned
        self._archive: ZipText | None = None
        self._closing = ExitStack()

    def readinto(self, buffer: memoryview, /) -> int:
        """Read the next bytes into `buffer` and return their number; 0 at the end."""
        if self._over or not len(buffer):
            return 0
        try:
            count = self._next(buffer)
        except Exception as error:
            count = self._broken(explained(error))
        return self._within_limits(count)

    def close(self) -> None:
        """Release what reading needed; `raw` stays open."""
        self._over = True
        self._closing.close()

    def _begin(self) -> None:
        """Decide by the first bytes how the log is read."""
        head = self._source.peek(HEAD)
        if head.startswith(ZIP):
            from ci_stat.logs.zip_members import ZipText  # zipfile

            self._archive = ZipText(self._archive_file(), self._piece)
            self._blocks = self._in_turn(self._archive.blocks())
        elif is_packed(head):
            self._is_packed = True
            self._blocks = self._in_turn(text_of(unpacked(self._source, self._piece)))
        elif not is_plain(self._source.peek(SAMPLE)):
            self._blocks = text_of(map(bytes, self._source))

    @cached_property
    def _is_ahead(self) -> bool:
        # A pipe is read in this thread: a thread that waits for a pipe cannot be ended.
        return isinstance(self._raw, RegularFile) and is_worth_it(self._raw.size)

    @property
    def _piece(self) -> int:
        return AHEAD_PIECE if self._is_ahead else PIECE

    def _in_turn(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        if not self._is_ahead:
            return blocks
        return self._closing.enter_context(closing(ReadAhead(blocks)))

    def _archive_file(self) -> int:
        """Return the descriptor of the archive. Its list of files is at its end: a pipe is stored.

        The temporary file has no name, so nothing is left of a process that is killed.
        """
        if isinstance(self._raw, RegularFile):
            return self._raw.descriptor

        file = self._closing.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        for block in self._source:
            file.write(block)
            if self.taken > self._limit:
                raise Incomplete(LogState.TOO_BIG, f"more than {self._limit_text}")
        file.flush()
        return file.fileno()

    def _raw_blocks(self) -> Iterator[bytes]:
        """Yield the raw bytes. The first blocks are small: most logs are."""
        buffer = memoryview(bytearray(SAMPLE))
        while count := self._read(buffer):
            yield bytes(buffer[:count])
            if len(buffer) < _BLOCK and self.taken > SAMPLE:
                buffer = memoryview(bytearray(_BLOCK))

    def _read(self, buffer: memoryview) -> int:
        count = self._raw.readinto(buffer) or 0
        self.taken += count
        return count

    def _next(self, buffer: memoryview) -> int:
        if not self._begun:
            self._begun = True
            self._begin()

        while not self._text:
            block = self._source.seen() if self._blocks is None else next(self._blocks, None)
            if block is None:
                return self._read(buffer) if self._blocks is None else 0
            self._text = memoryview(block)

        count = min(len(buffer), len(self._text))
        buffer[:count] = self._text[:count]
        self._text = self._text[count:]
        return count

    def _within_limits(self, count: int) -> int:
        room = self._limit - self.given
        if count > room:
            self._stop(LogState.TOO_BIG, f"more than {self._limit_text}")
        elif self.given > max(_BOMB, _RATIO * self._packed_size()):
            count = 0
            sizes = f"{size_text(self._packed_size())} unpack to more than {size_text(self.given)}"
            self._stop(LogState.TOO_BIG, f"{sizes}, unlike any log")

        count = min(count, room)
        self.given += count
        if self._over or not count:
            self._end()
        return count

    @property
    def _limit_text(self) -> str:
        return f"{size_text(self._limit)} of text (setting log_limit)"

    def _packed_size(self) -> int:
        """Return the bytes of the file that gave the text; for plain text, the text itself."""
        if self._archive is not None:
            return self._archive.taken
        return self.taken if self._is_packed else self.given

    def _end(self) -> None:
        self.close()
        if isinstance(self._raw, RegularFile) and self.state in (LogState.READ, LogState.CUT):
            self._compare_sizes(self._raw)
        if self._archive is not None and self._archive.detail:
            self.detail = "; ".join(filter(None, (self.detail, self._archive.detail)))

    def _compare_sizes(self, file: RegularFile) -> None:
        if file.grew and not self._finished():
            self.state, self.detail = LogState.RUNNING, "the file grew while it was read"
        elif file.shrank:
            self.state, self.detail = LogState.CUT, "the file shrank while it was read"

    def _stop(self, state: LogState, detail: str) -> None:
        self._over, self.state, self.detail = True, state, detail

    def _broken(self, problem: Incomplete) -> int:
        state = problem.state or (LogState.CUT if self.given else LogState.UNREADABLE)
        self._stop(state, problem.detail)
        return 0


@contextmanager
def opened(path: Path, limit: int = LIMIT) -> Iterator[Unpacked]:
    """Open the text of a file that a user named, for the duration of the block.

    Raises NoLog for a missing or unreadable file, and for folders, pipes and devices.
    """
    try:
        file = regular(os.open(path, FLAGS))
    except OSError as error:
        raise no_log(error) from None
    except ValueError:  # a NUL, a lone surrogate
        raise NoLog(LogState.UNREADABLE, "the name is not a valid file name") from None
    with closing(file), closing(Unpacked(file, limit)) as stream:
        yield stream

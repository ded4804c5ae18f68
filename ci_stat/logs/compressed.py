"""Read a log file or a pipe as plain text bytes; its content decides how it is unpacked.

gzip, Zstandard and xz, any number of members or frames in a row, in bounded memory. Reading always
ends: with the whole text, or with the readable part and the reason why it is not the whole.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ci_stat.logs.decoders import HEAD, MEMORY, Decoder, decoder_of, is_begun
from ci_stat.logs.regular_file import FLAGS, RegularFile, no_log, regular
from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

LIMIT = 64 * 2**30  # bytes of text of one log
# A log beyond _BOMB bytes of text must not unpack to more than _RATIO times its size. Logs compress
# 5 to 30 times; the worst case of gzip is 1030 times, that of Zstandard 30,000 times.
_BOMB = 2**30
_RATIO = 200
_MEMBERS = 1_000_000  # block-wise gzip has one member per 64 KB
_ENDS_EARLY = "the compressed data ends early"
_RAW = 32 * 1024  # bytes read at a time; measured: 16 KB to 64 KB are equally fast, more is slower
_TEXT = 128 * 1024  # bytes unpacked at a time


class Raw(Protocol):
    """Bytes as they are in a file or a pipe."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class Unpacked:
    """The unpacked text of `raw` as a `LogStream`.

    After the last byte, `state` and `detail` say whether the text is complete.

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
        self._over = False
        self._begun = False
        self._packed = False
        self._members = 0
        self._decoder: Decoder | None = None
        self._pending = b""  # read but not unpacked
        self._text = memoryview(b"")  # unpacked but not returned
        self._chunk = memoryview(bytearray(_RAW))

    def readinto(self, buffer: memoryview, /) -> int:
        """Read the next bytes into `buffer` and return their number; 0 at the end."""
        if self._over or not len(buffer):
            return 0
        try:
            count = self._unpack(buffer) if self._is_packed() else self._copy(buffer)
        except OSError as error:
            count = self._broken(f"reading failed: {error.strerror or error}")
        except Exception as error:  # decompressors raise many types for invalid data
            too_big = "memory" in str(error).lower()
            count = self._broken(f"the compressed data is invalid: {error}", too_big)
        return self._within_limits(count)

    def _read(self, buffer: memoryview) -> int:
        count = self._raw.readinto(buffer) or 0
        self.taken += count
        return count

    def _chunk_of(self) -> bytes:
        return bytes(self._chunk[: self._read(self._chunk)])

    def _fill(self, size: int) -> bytes:
        """Return `size` pending bytes or more; fewer only at the end. A pipe may be slow."""
        while len(self._pending) < size and (more := self._chunk_of()):
            self._pending += more
        return self._pending

    def _is_packed(self) -> bool:
        if not self._begun:
            self._begun = True
            head = self._fill(HEAD)
            self._packed = decoder_of(head) is not None or is_begun(head)
        return self._packed

    def _copy(self, buffer: memoryview) -> int:
        if not self._pending:
            return self._read(buffer)
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def _unpack(self, buffer: memoryview) -> int:
        while not self._text:
            decoder = self._decoder or self._next_member()
            if decoder is None:
                return 0
            data = self._pending
            if not data and decoder.needs_input:
                data = self._chunk_of()
                if not data:
                    return self._cut(_ENDS_EARLY)
            self._pending = b""
            self._text = memoryview(decoder.decompress(data, _TEXT))
            self._decoder = decoder
            if decoder.eof:
                self._pending, self._decoder = decoder.unused_data, None
        count = min(len(buffer), len(self._text))
        buffer[:count] = self._text[:count]
        self._text = self._text[count:]
        return count

    def _next_member(self) -> Decoder | None:
        while (head := self._fill(HEAD)) and not head.strip(b"\0"):
            self._pending = b""  # padding to a full block, as on tapes and in xz
        self._pending = self._pending.lstrip(b"\0")
        head = self._fill(HEAD)
        make = decoder_of(head) if head else None
        self._members += make is not None
        if self._members > _MEMBERS:
            self._stop(LogState.TOO_BIG, f"more than {_MEMBERS:,} compressed members")
        elif make is None and head:
            self._cut(_ENDS_EARLY if is_begun(head) else "other data follows the compressed data")
        return None if self._over or make is None else make()

    def _within_limits(self, count: int) -> int:
        room = self._limit - self.given
        if count > room:
            self._stop(
                LogState.TOO_BIG,
                f"more than {_size(self._limit)} of text (setting log_limit)",
            )
        elif self._packed and self.given > max(_BOMB, _RATIO * self.taken):
            count = 0
            self._stop(
                LogState.TOO_BIG,
                f"{_size(self.taken)} unpack to more than {_size(self.given)}, unlike any log",
            )
        count = min(count, room)
        self.given += count
        if not count:
            self._end()
        return count

    def _end(self) -> None:
        self._over = True
        if not isinstance(self._raw, RegularFile):
            return
        if self.state not in (LogState.READ, LogState.CUT):
            return

        if self._raw.grew and not self._finished():
            self.state, self.detail = LogState.RUNNING, "the file grew while it was read"
        elif self._raw.shrank:
            self.state, self.detail = LogState.CUT, "the file shrank while it was read"

    def _stop(self, state: LogState, detail: str) -> int:
        self._over, self.state, self.detail = True, state, detail
        return 0

    def _cut(self, detail: str) -> int:
        self.state, self.detail = LogState.CUT, detail
        return 0

    def _broken(self, detail: str, too_big: bool = False) -> int:
        if too_big:
            return self._stop(
                LogState.TOO_BIG, f"unpacking needs more than {_size(MEMORY)} of memory"
            )
        return self._stop(LogState.CUT if self.given else LogState.UNREADABLE, detail)


def _size(number: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= factor:
            return f"{number / factor:.4g} {unit}"
    return f"{number} bytes"


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
    try:
        yield Unpacked(file, limit)
    finally:
        file.close()

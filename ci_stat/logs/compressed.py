"""Read a log file or a pipe as plain text bytes; its content decides how it is unpacked.

gzip, Zstandard and xz, any number of members or frames in a row, in bounded memory. Reading always
ends: with the whole text, or with the readable part and the reason why it is not the whole.
"""

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

LIMIT = 64 * 2**30  # bytes of text of one log
# A log beyond _BOMB bytes of text must not unpack to more than _RATIO times its size. Logs compress
# 5 to 30 times; the worst case of gzip is 1030 times, that of Zstandard 30,000 times.
_BOMB = 2**30
_RATIO = 200
_MEMBERS = 1_000_000  # block-wise gzip has one member per 64 KB
_MEMORY_BITS = 27
_MEMORY = 2**_MEMORY_BITS  # bytes of memory of a decompressor: enough for xz -9 and zstd --long
_RAW = 32 * 1024  # bytes read at a time; measured: 16 KB to 64 KB are equally fast, more is slower
_TEXT = 128 * 1024  # bytes unpacked at a time


class Raw(Protocol):
    """Bytes as they are in a file or a pipe."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class _Decoder(Protocol):
    """A decompressor of one member with bounded output."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> _Decoder:
    from isal import igzip_lib

    decoder: _Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return decoder


def _xz() -> _Decoder:
    from lzma import FORMAT_XZ, LZMADecompressor

    return LZMADecompressor(FORMAT_XZ, memlimit=_MEMORY)


def _zstd() -> _Decoder:
    if sys.version_info >= (3, 14):
        from compression.zstd import DecompressionParameter, ZstdDecompressor
    else:
        from backports.zstd import DecompressionParameter, ZstdDecompressor

    return ZstdDecompressor(options={DecompressionParameter.window_log_max: _MEMORY_BITS})


_MAGIC: tuple[tuple[bytes, Callable[[], _Decoder]], ...] = (
    (b"\x1f\x8b\x08", _gzip),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"\xfd7zXZ\0", _xz),
)
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte from 0x50 to 0x5f: a frame without data
_HEAD = 6  # bytes that identify a format
_ENDS_EARLY = "the compressed data ends early"


def decoder_of(head: bytes) -> Callable[[], _Decoder] | None:
    """Return the decoder of a file that begins with `head` (6 bytes); None for plain text."""
    if head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return _zstd
    return next((make for magic, make in _MAGIC if head.startswith(magic)), None)


def _is_begun(head: bytes) -> bool:
    """Whether the file ends inside the first bytes of a format. A single byte may be a text."""
    return len(head) > 1 and any(
        len(head) < len(magic) and magic.startswith(head) for magic, _ in _MAGIC
    )


class RegularFile:
    """An open file that may grow while it is read.

    Reading continues once at the end that the file has when the first end is reached.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = io.FileIO(descriptor, "rb")
        self._size = self._end = os.fstat(descriptor).st_size
        self._done = 0
        self.shrank = False

    @property
    def grew(self) -> bool:
        """Whether the file is longer than when it was opened."""
        return os.fstat(self._file.fileno()).st_size > self._size

    def head(self, size: int) -> bytes:
        """Return the first bytes without moving the position."""
        return os.pread(self._file.fileno(), size, 0)

    def tail(self, size: int) -> bytes:
        """Return the last bytes of the file as it is now."""
        end = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), size, max(0, end - size))

    def changed(self) -> float:
        """Return the time of the last change in seconds since 1970."""
        return os.fstat(self._file.fileno()).st_mtime

    def readinto(self, buffer: memoryview, /) -> int:
        if self._done >= self._end == self._size:
            # Read what was added since, but only once: a busy log might never end.
            self._end = max(self._end, os.fstat(self._file.fileno()).st_size)
        count = self._file.readinto(buffer[: max(0, self._end - self._done)]) or 0
        self._done += count
        self.shrank = not count and self._done < self._end
        return count

    def close(self) -> None:
        self._file.close()


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
        self._decoder: _Decoder | None = None
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
            head = self._fill(_HEAD)
            self._packed = decoder_of(head) is not None or _is_begun(head)
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

    def _next_member(self) -> _Decoder | None:
        while (head := self._fill(_HEAD)) and not head.strip(b"\0"):
            self._pending = b""  # padding to a full block, as on tapes and in xz
        self._pending = self._pending.lstrip(b"\0")
        head = self._fill(_HEAD)
        make = decoder_of(head) if head else None
        self._members += make is not None
        if self._members > _MEMBERS:
            self._stop(LogState.TOO_BIG, f"more than {_MEMBERS:,} compressed members")
        elif make is None and head:
            self._cut(_ENDS_EARLY if _is_begun(head) else "other data follows the compressed data")
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
                LogState.TOO_BIG, f"unpacking needs more than {_size(_MEMORY)} of memory"
            )
        return self._stop(LogState.CUT if self.given else LogState.UNREADABLE, detail)


def _size(number: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= factor:
            return f"{number / factor:.4g} {unit}"
    return f"{number} bytes"


# Nonblocking: opening a FIFO must not wait for a writer. For a regular file it has no effect.
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_TYPES = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def regular(descriptor: int) -> RegularFile:
    """Return the open file. Closes it and raises NoLog if it is not a regular file."""
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        kind = next((name for test, name in _TYPES if test(mode)), "a device")
        raise NoLog(LogState.UNREADABLE, f"this is {kind}, not a file")
    return RegularFile(descriptor)


def no_log(error: OSError) -> NoLog:
    """Turn an error of opening a file into a reason."""
    is_missing = isinstance(error, (FileNotFoundError, NotADirectoryError))
    state = LogState.MISSING if is_missing else LogState.UNREADABLE
    return NoLog(state, f"cannot open the file: {error.strerror or error}")


@contextmanager
def opened(path: Path, limit: int = LIMIT) -> Iterator[Unpacked]:
    """Open the text of a file that a user named, for the duration of the block.

    Raises NoLog for a missing or unreadable file, and for folders, pipes and devices.
    """
    try:
        file = regular(os.open(path, FLAGS))
    except OSError as error:
        raise no_log(error) from None
    except ValueError:  # a NUL, half a surrogate pair
        raise NoLog(LogState.UNREADABLE, "the name is not a valid file name") from None
    try:
        yield Unpacked(file, limit)
    finally:
        file.close()

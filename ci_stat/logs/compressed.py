"""A log file or a pipe as plain bytes: unpacked by its content, not by its name.

gzip, Zstandard and xz, any number of members or frames one after another, in memory that does not
grow. Reading always ends: with all of the text, or with a part of it and the reason why it is not
more.
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

LIMIT = 64 * 2**30  # bytes of text that one log may have
_BOMB = 2**30  # from this many bytes of text on, they must come from a fair number of packed ones:
# Logs pack 5 to 30 times; the worst case of gzip is 1,030 times, that of Zstandard 30,000 times.
_RATIO = 200
_MEMBERS = 1_000_000  # block-wise gzip has one for each 64 KB
_MEMORY_BITS = 27  # of bytes a decompressor may need for itself: xz -9 and zstd --long fit
_MEMORY = 2**_MEMORY_BITS
_RAW = 32 * 1024  # bytes read at a time; measured: 16 KB to 64 KB are equally fast, more is slower
_TEXT = 128 * 1024  # bytes unpacked at a time


class Raw(Protocol):
    """Bytes as they lie in a file or come through a pipe."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


class _Decoder(Protocol):
    """What the decompressors of all formats share: one member, at most so many bytes a call."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _gzip() -> _Decoder:
    from isal import igzip_lib

    made: _Decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return made


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
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte from 0x50 to 0x5f: a frame without data
_HEAD = 6  # bytes that tell what it is
_ENDS_WITHIN = "it ends in the middle of its packed data"


def decoder_of(head: bytes) -> Callable[[], _Decoder] | None:
    """What unpacks a file that begins with `head` (6 bytes); None for plain text."""
    if head[1:4] == _ZSTD_SKIPPABLE and 0x50 <= head[0] <= 0x5F:
        return _zstd
    return next((make for magic, make in _MAGIC if head.startswith(magic)), None)


def _is_begun(head: bytes) -> bool:
    """Whether `head` is the whole file, and begins packed data: one byte alone may be a text."""
    return len(head) > 1 and any(
        len(head) < len(magic) and magic.startswith(head) for magic, _ in _MAGIC
    )


class RegularFile:
    """An open file that may be written to while it is read.

    It is read to the end that it has when the end is reached.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = io.FileIO(descriptor, "rb")
        self._size = self._end = os.fstat(descriptor).st_size
        self._done = 0
        self.shrank = False

    @property
    def grew(self) -> bool:
        """Whether it is longer now than when it was opened."""
        return os.fstat(self._file.fileno()).st_size > self._size

    def head(self, size: int) -> bytes:
        """Its first bytes, without moving on."""
        return os.pread(self._file.fileno(), size, 0)

    def tail(self, size: int) -> bytes:
        """Its last bytes, as it is now."""
        end = os.fstat(self._file.fileno()).st_size
        return os.pread(self._file.fileno(), size, max(0, end - size))

    def changed(self) -> float:
        """When it was last written to, in seconds since 1970."""
        return os.fstat(self._file.fileno()).st_mtime

    def readinto(self, buffer: memoryview, /) -> int:
        if self._done >= self._end == self._size:
            # Once more, for what was added meanwhile; a second time it might never end.
            self._end = max(self._end, os.fstat(self._file.fileno()).st_size)
        count = self._file.readinto(buffer[: max(0, self._end - self._done)]) or 0
        self._done += count
        self.shrank = not count and self._done < self._end
        return count

    def close(self) -> None:
        self._file.close()


class Unpacked:
    """The text of `raw`, a `LogStream`.

    `state` and `detail` say after the last byte whether that was all.

    - `limit`: bytes of text to give at most.
    - `finished`: whether nothing more will be added; asked only if a file grew meanwhile.
    - `given`, `taken`: bytes of text given so far, and bytes read for it.
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
        self._pending = b""  # read, and not yet unpacked
        self._text = memoryview(b"")  # unpacked, and not yet given
        self._chunk = memoryview(bytearray(_RAW))

    def readinto(self, buffer: memoryview, /) -> int:
        """The next bytes into `buffer`; 0 at the end."""
        if self._over or not len(buffer):
            return 0
        try:
            count = self._unpack(buffer) if self._is_packed() else self._copy(buffer)
        except OSError as error:
            count = self._broken(f"it cannot be read on: {error.strerror or error}")
        except Exception as error:  # whatever a decompressor says about bytes that it did not make
            count = self._broken(
                f"its packed data is broken: {error}", "memory" in str(error).lower()
            )
        return self._within_limits(count)

    def _read(self, buffer: memoryview) -> int:
        count = self._raw.readinto(buffer) or 0
        self.taken += count
        return count

    def _chunk_of(self) -> bytes:
        return bytes(self._chunk[: self._read(self._chunk)])

    def _fill(self, size: int) -> bytes:
        """At least `size` pending bytes, less only at the end: a pipe may give them one by one."""
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
                    return self._cut(_ENDS_WITHIN)
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
            self._pending = b""  # padding to a full block, as tapes and xz have it
        self._pending = self._pending.lstrip(b"\0")
        head = self._fill(_HEAD)
        make = decoder_of(head) if head else None
        self._members += make is not None
        if self._members > _MEMBERS:
            self._stop(LogState.TOO_BIG, f"it is made of more than {_MEMBERS:,} packed parts")
        elif make is None and head:
            self._cut(_ENDS_WITHIN if _is_begun(head) else "something else follows its packed data")
        return None if self._over or make is None else make()

    def _within_limits(self, count: int) -> int:
        room = self._limit - self.given
        if count > room:
            self._stop(
                LogState.TOO_BIG,
                f"it has more than {_size(self._limit)} of text (setting log_limit)",
            )
        elif self._packed and self.given > max(_BOMB, _RATIO * self.taken):
            count = 0
            self._stop(
                LogState.TOO_BIG,
                f"{_size(self.taken)} unpack to more than {_size(self.given)}: no log does",
            )
        count = min(count, room)
        self.given += count
        if not count:
            self._end()
        return count

    def _end(self) -> None:
        self._over = True
        if not isinstance(self._raw, RegularFile) or self.state not in (
            LogState.READ,
            LogState.CUT,
        ):
            return
        if self._raw.grew and not self._finished():
            self.state, self.detail = LogState.RUNNING, "it was written to while it was read"
        elif self._raw.shrank:
            self.state, self.detail = LogState.CUT, "it became shorter while it was read"

    def _stop(self, state: LogState, detail: str) -> int:
        self._over, self.state, self.detail = True, state, detail
        return 0

    def _cut(self, detail: str) -> int:
        self.state, self.detail = LogState.CUT, detail
        return 0

    def _broken(self, detail: str, too_big: bool = False) -> int:
        if too_big:
            return self._stop(
                LogState.TOO_BIG, f"it needs more than {_size(_MEMORY)} of memory to unpack"
            )
        return self._stop(LogState.CUT if self.given else LogState.UNREADABLE, detail)


def _size(number: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= factor:
            return f"{number / factor:.4g} {unit}"
    return f"{number} bytes"


# Nonblocking: opening a FIFO must not wait for a writer. It changes nothing for a regular file.
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_WHAT = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


def regular(descriptor: int) -> RegularFile:
    """The open file. Raises NoLog, and closes it, if it is anything but a regular file."""
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        what = next((name for test, name in _WHAT if test(mode)), "a device")
        raise NoLog(LogState.UNREADABLE, f"it is {what}, not a file")
    return RegularFile(descriptor)


def no_log(error: OSError) -> NoLog:
    """An error of opening as a reason."""
    state = (
        LogState.MISSING
        if isinstance(error, (FileNotFoundError, NotADirectoryError))
        else LogState.UNREADABLE
    )
    return NoLog(state, f"it cannot be opened: {error.strerror or error}")


@contextmanager
def opened(path: Path, limit: int = LIMIT) -> Iterator[Unpacked]:
    """The text of a file that a person named, open for as long as the block runs.

    Raises NoLog for a file that is not there or not readable, and for folders, pipes and devices.
    """
    try:
        file = regular(os.open(path, FLAGS))
    except OSError as error:
        raise no_log(error) from None
    except ValueError:  # a NUL, half a surrogate pair
        raise NoLog(LogState.UNREADABLE, "its name cannot be that of a file") from None
    try:
        yield Unpacked(file, limit)
    finally:
        file.close()

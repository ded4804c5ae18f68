"""A log file that is open, and may grow or shrink while it is read."""

import io
import os
import stat

from ci_stat.records import LogState
from ci_stat.records.log_place import NoLog

# Nonblocking: opening a FIFO must not wait for a writer. For a regular file it has no effect.
FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_TYPES = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))


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
    def descriptor(self) -> int:
        """The number of the open file, to read at any position."""
        return self._file.fileno()

    @property
    def size(self) -> int:
        """The size in bytes when the file was opened."""
        return self._size

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

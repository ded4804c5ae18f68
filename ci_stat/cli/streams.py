"""Standard output whose own errors differ from those of files, networks and programs."""

import io
import sys
from typing import Any


class OutputError(OSError):
    """Standard output cannot be written, e.g. because its disk is full."""


class _Output(io.FileIO):
    """The file of `stream`, which it keeps open."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        super().__init__(stream.fileno(), "wb", closefd=False)
        self._stream = stream

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:  # the reader is gone, which is no error
            raise
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


def watch_stdout() -> None:
    """Let `sys.stdout` raise OutputError instead of any other OSError but BrokenPipeError."""
    stream = sys.stdout
    if not isinstance(stream, io.TextIOWrapper):
        return
    stream.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(stream)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )

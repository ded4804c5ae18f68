"""Writes what a child prints to a file of limited size: the beginning and the end are kept."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

MAX_LOG = 16 << 20  # bytes
_BLOCK = 1 << 16
_LOOK = 0.1  # seconds without output after which nothing more comes from a child that has ended
_REST = 2.0  # seconds that processes have to end that left the group of the child


class CappedLog:
    """A file of at most `limit` bytes and the line that says what is left out.

    `left_out`: bytes between the beginning and the end, and those that could not be written.
    """

    def __init__(self, path: Path, limit: int = MAX_LOG) -> None:
        self.left_out = 0
        self._file = open(path, "wb", buffering=0)  # noqa: SIM115  # `_finish` closes it
        self._room = limit - limit // 2
        self._half = limit // 2
        self._tail = bytearray()
        self._has_ended = Event()

    @contextmanager
    def pipe(self) -> Iterator[int]:
        """Yield a file descriptor for a child. Its output is in the file after the block."""
        source, target = os.pipe()
        reader = Thread(target=self._copy, args=(source,), daemon=True)
        reader.start()
        try:
            yield target
        finally:
            os.close(target)
            self._has_ended.set()
            reader.join()
            os.close(source)

    def _copy(self, source: int) -> None:
        """Read to the end. A full disk does not stop the child: what does not fit is left out."""
        deadline = None
        while True:
            ready, _, _ = select.select([source], [], [], _LOOK)
            block = os.read(source, _BLOCK) if ready else b""
            self._add(block)
            if ready and not block:
                break
            if self._has_ended.is_set():
                deadline = deadline or time.monotonic() + _REST
                if not ready or time.monotonic() > deadline:
                    break
        self._finish()

    def _add(self, block: bytes) -> None:
        head = block[: self._room]
        if head:
            self._room -= len(head)
            self.left_out += self._write(head)
        self._tail += block[len(head) :]
        if len(self._tail) >= 2 * self._half:
            self._cut()

    def _cut(self) -> None:
        surplus = len(self._tail) - self._half
        if surplus > 0:
            self.left_out += surplus
            del self._tail[:surplus]

    def _finish(self) -> None:
        self._cut()
        if self.left_out:
            self._write(f"\n[{self.left_out:,} bytes left out]\n".encode())
        self.left_out += self._write(bytes(self._tail))
        self._file.close()

    def _write(self, block: bytes) -> int:
        """Write, and return how many bytes could not be written."""
        at = 0
        try:
            while at < len(block):
                at += self._file.write(block[at:]) or 0
        except OSError:
            pass
        return len(block) - at

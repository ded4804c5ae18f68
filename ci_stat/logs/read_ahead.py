"""Unpack a log in a second thread while this one scans: decompressors release the interpreter."""

import multiprocessing
import os
import threading
from collections.abc import Iterator
from queue import SimpleQueue

_MIN_SIZE = 2**20  # bytes of a compressed file from which on a thread is worth its start
_BLOCKS = 4  # blocks unpacked ahead


def is_worth_it(size: int) -> bool:
    """Whether reading ahead saves time for a file of `size` bytes.

    It needs a second core. The worker processes of many logs use all of them, so there the threads
    would only wait for each other (measured: a third more CPU).
    """
    is_worker = multiprocessing.parent_process() is not None
    return size >= _MIN_SIZE and not is_worker and (os.cpu_count() or 1) > 1


class ReadAhead:
    """The blocks of an iterator, taken by a thread. An error of it is raised after its blocks.

    `close` ends the thread; nothing else may close what the iterator reads before.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._ready: SimpleQueue[bytes | Exception | None] = SimpleQueue()
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(_BLOCKS):
            self._free.put(None)

        self._closed = self._ended = False
        self._thread = threading.Thread(target=self._work, name="unpack", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        end: Exception | None = None
        try:
            # One wait in a turn: between handing over a block and unpacking the next one the
            # thread keeps the interpreter, so that it never waits for the scan of a block.
            for block in self._blocks:
                self._ready.put(block)
                self._free.get()
                if self._closed:
                    break
        except Exception as error:
            end = error
        self._ready.put(end)

    def __iter__(self) -> "ReadAhead":
        return self

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        block = self._ready.get()
        if isinstance(block, bytes):
            self._free.put(None)
            return block

        self._ended = True
        if block is not None:
            raise block
        raise StopIteration

    def close(self) -> None:
        """End the thread, wherever it is."""
        self._closed = self._ended = True
        self._free.put(None)
        self._thread.join()

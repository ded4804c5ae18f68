"""The bytes of a log as they are stored: blocks that can be looked at before they are taken."""

from collections import deque
from collections.abc import Iterator

from ci_stat.records import LogState


class Incomplete(Exception):
    """A log ends before its end.

    `state`: None stands for CUT, or for UNREADABLE if the log has given no text.
    """

    def __init__(self, state: LogState | None, detail: str) -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail


class Source:
    """Blocks of bytes, with a look at the next bytes.

    An error of reading is raised after the bytes that were read before it.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._seen: deque[memoryview] = deque()
        self._error: Exception | None = None

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes without taking them; fewer only at the end."""
        known = sum(map(len, self._seen))
        while known < size and (block := self._look()):
            self._seen.append(memoryview(block))
            known += len(block)

        head = bytearray()
        for seen in self._seen:
            head += seen[: size - len(head)]
            if len(head) == size:
                break
        return bytes(head)

    def _look(self) -> bytes:
        if self._error is not None:
            return b""
        try:
            return next(self._blocks, b"")
        except Exception as error:
            self._error = error
            return b""

    def seen(self) -> memoryview | None:
        """Return the next block that was looked at, without reading; None if there is none."""
        if self._seen:
            return self._seen.popleft()
        if self._error is not None:
            raise self._error
        return None

    def take(self) -> memoryview:
        """Return the next block; empty at the end."""
        while (block := self.seen()) is not None:
            if block:
                return block
        return memoryview(next(self._blocks, b""))

    def put_back(self, block: memoryview) -> None:
        """Return a block that was taken, or the end of it."""
        if block:
            self._seen.appendleft(block)

    def __iter__(self) -> Iterator[memoryview]:
        return iter(self.take, memoryview(b""))

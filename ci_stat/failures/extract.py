"""From the text of a log to what went wrong in it."""

from typing import Protocol

from ci_stat.records import Extraction, LogState


class ByteStream(Protocol):
    """What a log is read from: a file, a decompressor, a response. Its `readinto` gives 0 at the end."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...


def extract(stream: ByteStream, job: str = "") -> Extraction:  # noqa: ARG001 - rules will ask
    """What went wrong, from a build log. Reads the stream to its end, in memory that does not grow with it."""
    buffer = memoryview(bytearray(1 << 17))
    total = 0
    while count := stream.readinto(buffer):
        total += count
    return Extraction(LogState.READ, (), 0, total)

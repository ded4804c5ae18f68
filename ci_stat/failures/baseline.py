"""The lines of a passing log, so that what it also says is no reason for a failure."""

import re
from hashlib import blake2b

from ci_stat.failures.scan import ByteStream
from ci_stat.failures.text import clean

MOST = 2_000_000  # lines remembered: about 130 MB of memory
_LONGEST = 1 << 16

_NUMBERS = re.compile(r"\d+|\b[0-9a-f]{7,}\b")


def key_of(text: str) -> int:
    """Equal for two lines that differ in numbers and hashes only; the same in every process."""
    masked = _NUMBERS.sub("#", text.strip()).encode("utf-8", "replace")
    return int.from_bytes(blake2b(masked, digest_size=8).digest())


def lines_of(stream: ByteStream) -> frozenset[int]:
    """Keys of the lines of a passing log, at most `MOST` of them."""
    buffer = bytearray(1 << 17)
    view, rest, keys = memoryview(buffer), b"", set[int]()
    while (count := stream.readinto(view)) and len(keys) < MOST:
        *lines, rest = (rest + bytes(view[:count])).split(b"\n")
        rest = rest[:_LONGEST]
        keys.update(key_of(clean(line)) for line in lines)
    keys.add(key_of(clean(rest)))
    return frozenset(keys)

"""The lines of a passing log: a line that a passing build prints too does not explain a failure."""

import re
from hashlib import blake2b

from ci_stat.failures.scanning.scan import ByteStream
from ci_stat.failures.text import clean

MAX_LINES = 2_000_000  # keys of so many lines need about 130 MB of memory
_MAX_LINE_BYTES = 1 << 16

_NUMBERS = re.compile(r"\d+|\b[0-9a-f]{7,}\b")


def line_key(text: str) -> int:
    """Return a key that ignores numbers and hashes and is the same in every process."""
    masked = _NUMBERS.sub("#", text.strip()).encode("utf-8", "replace")
    return int.from_bytes(blake2b(masked, digest_size=8).digest())


def line_keys(stream: ByteStream) -> frozenset[int]:
    """Return the keys of the lines of a passing log. Reading stops after `MAX_LINES` keys."""
    buffer = bytearray(1 << 17)
    view, rest, keys = memoryview(buffer), b"", set[int]()

    while (count := stream.readinto(view)) and len(keys) < MAX_LINES:
        *lines, rest = (rest + bytes(view[:count])).split(b"\n")
        rest = rest[:_MAX_LINE_BYTES]
        keys.update(line_key(clean(line)) for line in lines)

    keys.add(line_key(clean(rest)))
    return frozenset(keys)

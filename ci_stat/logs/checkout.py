"""Find the commit that a build log says it checked out."""

import re
from collections.abc import Callable

_MAX_BYTES = 64 * 2**20  # a build checks out code at its beginning
_CHUNK = 2**20
_OVERLAP = 200  # bytes kept of the chunk before: a line may begin there

# A pipeline checks out its scripts before the code, so the last match counts.
_CHECKOUT = re.compile(rb"git checkout (?:-f |--force |-q )*([0-9a-f]{40})\b")


def last_checkout(readinto: Callable[[memoryview], int]) -> str:
    """Return the commit that a log checks out last in its first 64 MiB; "" if there is none."""
    chunk, rest, commit, done = bytearray(_CHUNK), b"", "", 0

    while done < _MAX_BYTES and (size := readinto(memoryview(chunk))):
        text = rest + bytes(chunk[:size])
        for match in _CHECKOUT.finditer(text):
            commit = match[1].decode()
        rest, done = text[-_OVERLAP:], done + size

    return commit

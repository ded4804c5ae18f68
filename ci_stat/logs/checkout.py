"""The commit that a build log says it checked out."""

import re
from collections.abc import Callable

_MOST = 64 * 2**20  # bytes of a log: code is checked out at its beginning


_PIECE = 2**20


_KEPT = 200  # bytes at the end of a piece that may be the beginning of a line we look for


# The scripts of a pipeline are checked out before the code: the last one counts.
_CHECKOUT = re.compile(rb"git checkout (?:-f |--force |-q )*([0-9a-f]{40})\b")


def last_checkout(readinto: Callable[[memoryview], int]) -> str:
    """The commit that a build log checked out last, in its first megabytes; "" if it says none."""
    piece, kept, found, done = bytearray(_PIECE), b"", "", 0
    while done < _MOST and (size := readinto(memoryview(piece))):
        text = kept + bytes(piece[:size])
        for match in _CHECKOUT.finditer(text):
            found = match[1].decode()
        kept, done = text[-_KEPT:], done + size
    return found

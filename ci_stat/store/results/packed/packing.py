"""Columns of whole numbers as bytes: each in the narrowest type that holds it, compressed.

A head says how many rows and columns there are, and for each column its width and unit. Then the
columns follow, little-endian. Writing needs no numpy, whose import takes longer than that of a
small file.
"""

import sys
from array import array
from collections.abc import Sequence
from struct import Struct

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress
else:
    from backports.zstd import CompressionParameter, compress

VERSION = 1
PLAIN, ZSTD = 0, 1
HEAD = Struct("<BBBI")  # version, compression, columns, rows
COLUMN = Struct("<BI")  # bytes of a value, unit
_TYPES = {1: "B", 2: "H", 4: "I", 8: "Q"}
_OPTIONS: dict[int, int] = {
    CompressionParameter.compression_level: 3,
    CompressionParameter.checksum_flag: 1,  # a changed byte is noticed: SQLite has no checksums
}
_SMALL = 1024  # bytes that are not worth compressing
_MILLISECOND = 1000


def pack(columns: Sequence[Sequence[int]]) -> bytes:
    """Pack columns of one length. Values: from 0 to 2**64 - 1."""
    heads, bodies = [], []
    for values in columns:
        unit = _unit(values)
        scaled = values if unit == 1 else [value // unit for value in values]
        width = _width(max(scaled, default=0))
        packed = array(_TYPES[width], scaled)
        if sys.byteorder == "big":
            packed.byteswap()
        heads.append(COLUMN.pack(width, unit))
        bodies.append(packed.tobytes())

    body = b"".join(bodies)
    is_small = len(body) < _SMALL
    rows = len(columns[0]) if columns else 0
    head = HEAD.pack(VERSION, PLAIN if is_small else ZSTD, len(columns), rows)
    return b"".join((head, *heads, body if is_small else compress(body, options=_OPTIONS)))


def _unit(values: Sequence[int]) -> int:
    """Durations are mostly written in milliseconds: then their zeros need no room."""
    is_worth = max(values, default=0) >= _MILLISECOND
    return _MILLISECOND if is_worth and not any(value % _MILLISECOND for value in values) else 1


def _width(largest: int) -> int:
    return next(width for width in _TYPES if largest < 1 << (8 * width))

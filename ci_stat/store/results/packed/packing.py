"""Columns of whole numbers as bytes: each in the narrowest type that holds it, compressed.

A head says how many rows and columns there are, and for each column its width and unit. Then the
columns follow, little-endian. Writing needs no numpy, whose import takes longer than that of a
small file.
"""

import sys
from array import array
from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from ci_stat.errors import DamagedDatabase, DatabaseError
from ci_stat.store.damage import stored_value

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, compress, decompress
else:
    from backports.zstd import CompressionParameter, compress, decompress

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


def unpack_lists(data: bytes) -> list[list[int]]:
    """Return the columns as lists: for few rows, without numpy.

    Raises DatabaseError for bytes of another version, DamagedDatabase for changed ones.
    """
    with stored_value("packed rows in the results database"):
        rows, columns, body = opened(data)
        return [_values(body[column.place :][: rows * column.width], column) for column in columns]


class PackedColumn(NamedTuple):
    """Where a column begins in the body, the bytes of a value, and its unit."""

    place: int
    width: int
    unit: int


def opened(data: bytes) -> tuple[int, list[PackedColumn], bytes]:
    """Return the number of rows, the columns, and the body. Raises DatabaseError."""
    version, compression, count, rows = HEAD.unpack_from(data)
    if version != VERSION:
        raise DatabaseError(
            f"The results database has packed rows of version {version}.",
            "Use the newer ci_stat that wrote them.",
        )
    body_at = HEAD.size + count * COLUMN.size
    body = data[body_at:] if compression == PLAIN else decompress(data[body_at:])

    columns, place = [], 0
    for width, unit in COLUMN.iter_unpack(data[HEAD.size : body_at]):
        columns.append(PackedColumn(place, width, unit))
        place += rows * width
    if place != len(body):
        raise DamagedDatabase(f"Damaged packed rows: {len(body)} bytes instead of {place}.")
    return rows, columns, body


def _values(data: bytes, column: PackedColumn) -> list[int]:
    values = array(_TYPES[column.width], data)
    if sys.byteorder == "big":
        values.byteswap()
    unit = column.unit
    return values.tolist() if unit == 1 else [value * unit for value in values]


def _unit(values: Sequence[int]) -> int:
    """Durations are mostly written in milliseconds: then their zeros need no room."""
    is_worth = max(values, default=0) >= _MILLISECOND
    return _MILLISECOND if is_worth and not any(value % _MILLISECOND for value in values) else 1


def _width(largest: int) -> int:
    return next(width for width in _TYPES if largest < 1 << (8 * width))

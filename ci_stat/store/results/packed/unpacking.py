"""Reads what `packing` packed, as numpy arrays."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ci_stat.errors import DatabaseError
from ci_stat.store.damage import stored_value
from ci_stat.store.results.packed.packing import COLUMN, HEAD, PLAIN, VERSION

if sys.version_info >= (3, 14):
    from compression.zstd import decompress
else:
    from backports.zstd import decompress

Column = NDArray[Any]
"""Whole numbers: unsigned of any width, or of 64 bits with a sign."""


def unpack(data: bytes) -> list[Column]:
    """Return the columns.

    Raises DatabaseError for bytes of another version, DamagedDatabase for changed ones.
    """
    with stored_value("packed rows in the results database"):
        return _unpack(data)


def _unpack(data: bytes) -> list[Column]:
    version, compression, count, rows = HEAD.unpack_from(data)
    if version != VERSION:
        raise DatabaseError(
            f"The results database has packed rows of version {version}.",
            "Use the newer ci_stat that wrote them.",
        )
    body_at = HEAD.size + count * COLUMN.size
    body = data[body_at:] if compression == PLAIN else decompress(data[body_at:])

    columns, place = [], 0
    for number in range(count):
        width, unit = COLUMN.unpack_from(data, HEAD.size + number * COLUMN.size)
        column: Column = np.frombuffer(body, f"<u{width}", rows, place)
        columns.append(column if unit == 1 else column.astype(np.int64) * unit)
        place += rows * width
    return columns

"""Reads what `packing` packed, as numpy arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ci_stat.store.damage import stored_value
from ci_stat.store.results.packed.packing import opened

Column = NDArray[Any]
"""Whole numbers: unsigned of any width, or of 64 bits with a sign."""


def unpack(data: bytes) -> list[Column]:
    """Return the columns.

    Raises DatabaseError for bytes of another version, DamagedDatabase for changed ones.
    """
    with stored_value("packed rows in the results database"):
        rows, heads, body = opened(data)
        columns = []
        for head in heads:
            column: Column = np.frombuffer(body, f"<u{head.width}", rows, head.place)
            columns.append(column if head.unit == 1 else column.astype(np.int64) * head.unit)
        return columns

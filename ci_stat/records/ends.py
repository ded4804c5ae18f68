"""How each test ended in each run of a window, as columns of numbers.

Millions of results fit: 23 bytes each. Questions about all tests at once are answered from them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PASSED, FAILED, ERROR, SKIPPED = range(4)
"""Codes of `Ends.outcome`, as the results database stores them."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Columns of equal length: one row for each test of each run, ordered by run, then by test.

    - `run`: places of runs in the list that was asked for.
    - `case`: ids of test cases.
    - `outcome`: code of the last attempt.
    - `passed`, `failed`: whether any attempt passed; whether any failed or had an error.
    - `attempts`: from 1.
    - `seconds`: of all attempts together; NaN if unknown.
    """

    run: NDArray[np.int32]
    case: NDArray[np.int64]
    outcome: NDArray[np.int8]
    passed: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    attempts: NDArray[np.int32]
    seconds: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.run)

    @property
    def is_failed(self) -> NDArray[np.bool_]:
        """Whether the last attempt failed or had an error."""
        return np.isin(self.outcome, (FAILED, ERROR))

    @property
    def is_finished(self) -> NDArray[np.bool_]:
        """Whether the last attempt passed, failed or had an error: it was not skipped."""
        return np.not_equal(self.outcome, SKIPPED)

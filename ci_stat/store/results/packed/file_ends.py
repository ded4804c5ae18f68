"""How each test ended in one file, as one packed row of `test_file_ends`.

The row is written in the transaction of its file and never changes. Questions about all tests of
many runs read these rows: about two bytes for each test, instead of a row for each attempt.
"""

from collections.abc import Iterable, Sequence
from operator import sub

from ci_stat.store.results.packed.packing import pack

OUTCOME = 3  # the bits of the last outcome, as in `test_results`
PASSED, FAILED, TIMED = 4, 8, 16  # flags: any attempt passed, failed, has a duration
_SEEN = (PASSED, FAILED, FAILED, 0)  # by outcome
MAX_BYTES = 8 << 20  # servers may refuse a larger row; such a file is read attempt by attempt

AttemptEnd = tuple[int, int, int | None]
"""Case, code of the outcome, microseconds."""


class FileEnds:
    """Adds up the attempts of one file in their order."""

    def __init__(self) -> None:
        self._flags: dict[int, int] = {}
        self._attempts: dict[int, int] = {}  # of cases with more than one
        self._durations: dict[int, int] = {}

    def add(self, attempts: Iterable[AttemptEnd]) -> None:
        flags, durations = self._flags, self._durations
        for case, outcome, duration in attempts:
            before = flags.get(case)
            seen = _SEEN[outcome] | outcome
            if before is None:
                durations[case] = duration or 0
            else:
                seen |= before & ~OUTCOME
                durations[case] += duration or 0
                self._attempts[case] = self._attempts.get(case, 1) + 1
            flags[case] = seen if duration is None else seen | TIMED

    def packed(self) -> bytes | None:
        """Return the packed row; None if it is too large to be stored."""
        cases = sorted(self._flags)
        attempts = self._attempts
        data = pack(
            (
                steps(cases),
                [self._flags[case] for case in cases],
                [attempts.get(case, 1) for case in cases] if attempts else [1] * len(cases),
                [self._durations[case] for case in cases],
            )
        )
        return data if len(data) <= MAX_BYTES else None


def steps(cases: Sequence[int]) -> list[int]:
    """Ids as differences: small numbers, which need less room."""
    return list(map(sub, cases, [0, *cases[:-1]]))

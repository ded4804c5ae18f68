"""How each test ended in one file, as one packed row of `test_file_ends`.

The row is written in the transaction of its file and never changes. Questions about all tests of
many runs read these rows: about two bytes for each test, instead of a row for each attempt.
"""

from collections.abc import Sequence
from operator import sub

from ci_stat.store.results.packed.packing import pack

OUTCOME = 3  # the bits of the last outcome, as in `test_attempts`
PASSED, FAILED, TIMED = 4, 8, 16  # flags: any attempt passed, failed, has a duration
_UNTIMED = (0 | PASSED, 1 | FAILED, 2 | FAILED, 3)  # flags of an attempt, by outcome
MAX_BYTES = 8 << 20  # servers may refuse a larger row; such a file is read attempt by attempt


class FileEnds:
    """Adds up the attempts of one file in their order."""

    def __init__(self) -> None:
        self._flags: dict[int, int] = {}
        self._attempts: dict[int, int] = {}  # of cases with more than one
        self._durations: dict[int, int] = {}

    def add(
        self, cases: Sequence[int], outcomes: Sequence[int], durations: Sequence[int | None]
    ) -> None:
        """Add attempts. `outcomes`: their codes; `durations`: microseconds, or None."""
        seen = [
            _UNTIMED[outcome] if duration is None else _UNTIMED[outcome] | TIMED
            for outcome, duration in zip(outcomes, durations, strict=True)
        ]
        known = [duration or 0 for duration in durations]
        is_first = self._flags.keys().isdisjoint(cases) and len(set(cases)) == len(cases)
        if is_first:
            self._flags.update(zip(cases, seen, strict=True))
            self._durations.update(zip(cases, known, strict=True))
        else:
            self._add_repeated(cases, seen, known)

    def _add_repeated(
        self, cases: Sequence[int], seen: Sequence[int], durations: Sequence[int]
    ) -> None:
        flags, totals, attempts = self._flags, self._durations, self._attempts
        for case, flag, duration in zip(cases, seen, durations, strict=True):
            before = flags.get(case)
            if before is None:
                flags[case], totals[case] = flag, duration
            else:
                flags[case] = flag | before & ~OUTCOME
                totals[case] += duration
                attempts[case] = attempts.get(case, 1) + 1

    def packed(self) -> bytes | None:
        """Return the packed row; None if it is too large to be stored."""
        data = pack(self.columns())
        return data if len(data) <= MAX_BYTES else None

    def columns(self) -> list[list[int]]:
        """Return steps of cases, flags, attempts and microseconds, ordered by case."""
        cases = sorted(self._flags)
        attempts = self._attempts
        return [
            steps(cases),
            [self._flags[case] for case in cases],
            [attempts.get(case, 1) for case in cases] if attempts else [1] * len(cases),
            [self._durations[case] for case in cases],
        ]


def steps(cases: Sequence[int]) -> list[int]:
    """Ids as differences: small numbers, which need less room."""
    return list(map(sub, cases, [0, *cases[:-1]]))

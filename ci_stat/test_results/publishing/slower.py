"""Finds tests that a run made slower, beside the newest runs of the base branch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from ci_stat.records.ends import PASSED, Ends
from ci_stat.store.results.case_ids import case_ids
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import ResultsReader, StoredRun
from ci_stat.test_results.comparing.durations import (
    LEAST_CHANGE,
    LEAST_RUNS,
    LEAST_SECONDS,
    LEAST_TESTS,
    Judged,
    changes_among,
)
from ci_stat.test_results.publishing.model import MAX_TIMED, Slower
from ci_stat.test_results.views.words import case_name

RUNS = 12  # of the base branch, the newest ones

Floats = NDArray[np.float64]


def slower_tests(
    engine: Engine, seconds: Mapping[str, float], base: Sequence[StoredRun]
) -> tuple[Slower, ...]:
    """Return what became slower, the largest factor first. Raises DatabaseError.

    `seconds`: of the tests that passed at once, by key; of very many the longest are compared.
    `base`: newest first.
    """
    if len(base) < LEAST_RUNS or not seconds:
        return ()
    longest = nlargest(MAX_TIMED, seconds, key=seconds.__getitem__)
    known = case_ids(engine, longest)
    before = Before.of(read_ends(engine, base[:RUNS]), list(known.values()))
    of_case = {id: seconds[key] for key, id in known.items()}
    slower = before.slower(of_case)
    cases = ResultsReader(engine).cases([one.key[0] for one in slower])
    return tuple(
        Slower(case_name(cases[one.key[0]]), one.before, one.now, one.runs_before) for one in slower
    )


def may_be_slower(seconds: float | None) -> bool:
    """Whether a test takes long enough to have become slower by a time that matters."""
    return seconds is not None and seconds > LEAST_SECONDS


@dataclass(frozen=True, slots=True)
class Before:
    """The durations of each test in earlier runs.

    - `cases`, `begins`, `runs`: a test, its first place in `seconds`, and how many it has there.
    - `seconds`: by test, sorted.
    """

    cases: NDArray[np.int64]
    begins: NDArray[np.int64]
    runs: NDArray[np.int64]
    seconds: Floats

    @classmethod
    def of(cls, ends: Ends, wanted: Sequence[int]) -> "Before":
        """Take the runs in which a test passed at once: a failed one may end early."""
        is_timed = (ends.outcome == PASSED) & (ends.attempts == 1) & (ends.seconds > 0)
        rows = np.flatnonzero(is_timed & np.isin(ends.case, np.array(wanted, np.int64)))
        rows = rows[np.lexsort((ends.seconds[rows], ends.case[rows]))]
        cases, begins, runs = np.unique(ends.case[rows], return_index=True, return_counts=True)
        enough = runs >= LEAST_RUNS
        return cls(cases[enough], begins[enough], runs[enough], ends.seconds[rows].astype(float))

    def slower(self, now: Mapping[int, float]) -> list[Judged]:
        """Return the tests that are slower than chance allows, among all of them."""
        if not len(self.cases):
            return []
        seconds = np.array([now[id] for id in self.cases.tolist()])
        medians = self._medians()
        ratios = seconds / medians
        shift = float(np.median(ratios)) if len(ratios) >= LEAST_TESTS else 1.0
        least = np.maximum(LEAST_SECONDS, LEAST_CHANGE * medians)
        candidates = np.flatnonzero(seconds / shift - medians >= least)
        pairs = {
            (int(self.cases[place]), 0): (self._of(place), [float(seconds[place])])
            for place in candidates.tolist()
        }
        return list(changes_among(pairs, shift, len(self.cases)))

    def _of(self, place: int) -> list[float]:
        begin = self.begins[place]
        return list(map(float, self.seconds[begin : begin + self.runs[place]]))

    def _medians(self) -> Floats:
        low, high = self.begins + (self.runs - 1) // 2, self.begins + self.runs // 2
        return np.asarray((self.seconds[low] + self.seconds[high]) / 2, np.float64)

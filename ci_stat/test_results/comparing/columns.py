"""Adds up the ends of one side: for each test in each place, its newest outcome and its counts.

A place is a job with a set of labels. A test in a place is one number, a key: place * SPAN + id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ci_stat.records.ends import PASSED, SKIPPED, Ends
from ci_stat.store.results.read import StoredRun

SPAN = 1 << 40  # above each id of a case

PlaceName = tuple[str, str]
"""Job, and labels as JSON."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SideColumns:
    """The tests of a side, ordered by key; all columns have its length.

    - `outcome`: of the newest run that passed or failed, else SKIPPED; `run`: place of the newest
      run in the list of runs.
    - `failed`, `finished`: runs. `mixed`: commits on which it passed and failed.
    - `trailing`: failed runs in a row, the newest included.
    - `first`: where the rows of the key begin in `order`, which sorts the ends by key.
    """

    key: Ints
    outcome: NDArray[np.int8]
    run: Ints
    failed: Ints
    finished: Ints
    mixed: Ints
    trailing: Ints
    first: Ints
    order: Ints
    ends: Ends

    def seconds(self, at: int) -> list[float]:
        """Durations of the passed runs of the test at this place, oldest first."""
        end = self.first[at + 1] if at + 1 < len(self.first) else len(self.order)
        rows = self.order[self.first[at] : end]
        values = self.ends.seconds[rows]
        is_known = (self.ends.outcome[rows] == PASSED) & (values > 0)
        return [float(value) for value in values[is_known]]


def place_of(run: StoredRun) -> PlaceName:
    return run.info.job, run.info.label_text


def add_up(ends: Ends, runs: Sequence[StoredRun], places: Mapping[PlaceName, int]) -> SideColumns:
    """Add up the rows of those runs whose place is in `places`.

    `runs`: oldest first; `places`: numbers of places from 0.
    """
    place = np.array([places.get(place_of(run), -1) for run in runs], np.int64)
    kept = np.flatnonzero(place[ends.run] >= 0)
    keys = place[ends.run[kept]] * SPAN + ends.case[kept]
    order = kept[np.argsort(keys, kind="stable")]  # runs stay oldest first
    keys = np.sort(keys)
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.array([], int)

    failed = ends.is_failed[order]
    finished = ends.is_finished[order]
    newest = _newest(np.where(finished, np.arange(len(order)), -1), first, len(order))
    outcome = np.where(
        newest >= 0, ends.outcome[order[np.maximum(newest, 0)]] if len(order) else 0, SKIPPED
    )
    last_row = np.r_[first[1:], len(order)] - 1
    shown = np.where(newest >= 0, newest, last_row)
    return SideColumns(
        key=keys[first],
        outcome=outcome.astype(np.int8),
        run=ends.run[order[shown]].astype(np.int64) if len(order) else np.array([], np.int64),
        failed=_sums(failed & finished, first),
        finished=_sums(finished, first),
        mixed=_mixed(ends, runs, order, first),
        trailing=_trailing(failed, finished, first, len(order)),
        first=first,
        order=order,
        ends=ends,
    )


def _newest(places: Ints, first: Ints, length: int) -> Ints:
    """The largest value of each group."""
    return np.maximum.reduceat(places, first) if length else np.array([], np.int64)


def _sums(flags: Flags, first: Ints) -> Ints:
    return np.add.reduceat(flags.astype(np.int64), first) if len(flags) else np.array([], np.int64)


def _trailing(failed: Flags, finished: Flags, first: Ints, length: int) -> Ints:
    """For each group, the failed rows after its last passed one."""
    if not length:
        return np.array([], np.int64)
    passed = finished & ~failed
    last_passed = np.maximum.reduceat(np.where(passed, np.arange(length), -1), first)
    group = np.repeat(np.arange(len(first)), np.diff(np.r_[first, length]))
    is_after = np.arange(length) > last_passed[group]
    return np.add.reduceat((failed & is_after).astype(np.int64), first)


def _mixed(ends: Ends, runs: Sequence[StoredRun], order: Ints, first: Ints) -> Ints:
    """For each group, the commits on which any attempt passed and any failed."""
    if not len(order):
        return np.array([], np.int64)
    # Only runs of one job with one set of labels prove it; without a commit, a run alone.
    commits: dict[tuple[PlaceName, str], int] = {}
    names = [(place_of(run), run.info.commit or f"run {run.id}") for run in runs]
    numbers = np.array([commits.setdefault(name, len(commits)) for name in names], np.int64)
    group = np.repeat(np.arange(len(first)), np.diff(np.r_[first, len(order)]))
    pairs = group * len(commits) + numbers[ends.run[order]]
    by_pair = np.argsort(pairs, kind="stable")
    pairs = pairs[by_pair]
    starts = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])
    passed = np.maximum.reduceat(ends.passed[order][by_pair], starts)
    failed = np.maximum.reduceat(ends.failed[order][by_pair], starts)
    mixed = np.zeros(len(first), np.int64)
    np.add.at(mixed, group[by_pair][starts], (passed & failed).astype(np.int64))
    return mixed

"""Decides what became of each test, from the columns of both sides. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ci_stat.records.ends import ERROR, FAILED, SKIPPED
from ci_stat.test_results.comparing.columns import SPAN, SideColumns
from ci_stat.test_results.comparing.model import Change

STEADY = 4  # failed runs in a row, after which a test is broken and no longer flaky

_ORDER = {change: place for place, change in enumerate(Change)}


@dataclass(frozen=True, slots=True)
class Cell:
    """One test in one place. `before`, `now`: where it is in the columns of a side; -1 if not."""

    case_id: int
    place: int
    before: int
    now: int
    change: Change
    mixed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What more runs than those of the sides show of a test in a place.

    `mixed`: commits on which it passed and failed; `trailing`: failed runs in a row, the newest
    included.
    """

    mixed: int
    trailing: int


@dataclass(frozen=True, slots=True)
class Found:
    """The changed tests, and how many tests pass on both sides."""

    cells: dict[int, list[Cell]]
    passed: int


def changes(
    before: SideColumns, now: SideColumns, records: Mapping[tuple[int, int], Record]
) -> Found:
    """Find what changed, by the id of the case: only cells of its most important change.

    `records`: of tests of which more runs were looked at, by case and place.
    """
    changed: dict[int, list[Cell]] = defaultdict(list)
    passed: set[int] = set()
    for key, at, at_now in _pairs(before, now):
        case_id, place = key % SPAN, key // SPAN
        record = records.get((case_id, place)) or _record(before, at, now, at_now)
        change = _change(before, at, now, at_now, record)
        if change is None:
            passed.add(case_id)
        else:
            changed[case_id].append(Cell(case_id, place, at, at_now, change, record.mixed))
    cells = {case_id: _most_important(cells) for case_id, cells in changed.items()}
    return Found(cells, len(passed - cells.keys()))


def candidates(before: SideColumns, now: SideColumns) -> set[int]:
    """The tests that fail on a side and are on both: whether they are flaky matters."""
    return {
        key % SPAN
        for key, at, at_now in _pairs(before, now)
        if at >= 0 and at_now >= 0 and (_fails(before, at) or _fails(now, at_now))
    }


def _pairs(before: SideColumns, now: SideColumns) -> Iterator[tuple[int, int, int]]:
    """Each key with its places in both sides."""
    keys = np.union1d(before.key, now.key)
    yield from zip(keys.tolist(), _places(before, keys), _places(now, keys), strict=True)


def _places(side: SideColumns, keys: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[int]:
    if not len(side.key):
        return [-1] * len(keys)
    places = np.minimum(np.searchsorted(side.key, keys), len(side.key) - 1)
    return [int(place) for place in np.where(side.key[places] == keys, places, -1)]


def _change(
    before: SideColumns, at: int, now: SideColumns, at_now: int, record: Record
) -> Change | None:
    """What became of a test in a place; None if it did not change and does not fail."""
    if at < 0:
        return Change.NEW
    if at_now < 0:
        return Change.GONE
    failed, fails = _fails(before, at), _fails(now, at_now)
    if now.outcome[at_now] == SKIPPED:
        return Change.NOW_SKIPPED if before.outcome[at] != SKIPPED else None
    if not (failed or fails):
        return None
    if record.mixed and max(record.trailing, now.trailing[at_now]) < STEADY:
        return Change.FLAKY
    if failed and fails:
        return Change.STILL_BROKEN
    return Change.BROKEN if fails else Change.FIXED


def _fails(side: SideColumns, at: int) -> bool:
    return bool(side.outcome[at] in (FAILED, ERROR))


def _record(before: SideColumns, at: int, now: SideColumns, at_now: int) -> Record:
    """What the sides alone show."""
    mixed = sum(
        int(side.mixed[place]) for side, place in ((before, at), (now, at_now)) if place >= 0
    )
    return Record(mixed, int(now.trailing[at_now]) if at_now >= 0 else 0)


def _most_important(cells: list[Cell]) -> list[Cell]:
    first = min(_ORDER[cell.change] for cell in cells)
    return [cell for cell in cells if _ORDER[cell.change] == first]

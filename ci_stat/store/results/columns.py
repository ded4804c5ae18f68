"""Reads the ends of tests in many runs as columns."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Engine

from ci_stat.records.ends import Ends
from ci_stat.store.engine import connected
from ci_stat.store.results.packed import file_ends
from ci_stat.store.results.packed.pieces import Piece, merged, pieces_of_runs
from ci_stat.store.results.packed.unpacking import Column
from ci_stat.store.results.read import StoredRun
from ci_stat.store.state.writing import batches

_BATCH = 200  # runs in one statement


def read_ends(engine: Engine, runs: Sequence[StoredRun]) -> Ends:
    """Return how each test ended in each of the runs. Raises DatabaseError.

    `Ends.run` holds places in `runs`.
    """
    places = {run.id: place for place, run in enumerate(runs)}
    lists: dict[str, list[Column]] = {name: [] for name in Ends.__slots__}
    with connected(engine) as connection:
        for ids in batches(places, _BATCH):
            pieces = pieces_of_runs(connection, ids)
            for run_id in ids:
                if run_id in pieces:
                    _add(lists, places[run_id], merged(pieces[run_id]))
    return Ends(**{name: _joined(name, lists) for name in Ends.__slots__})


def run_seconds(engine: Engine, run_ids: Sequence[int]) -> list[float]:
    """Return the sum of the durations of each run that has attempts. Raises DatabaseError."""
    with connected(engine) as connection:
        pieces = pieces_of_runs(connection, run_ids)
    seconds = []
    for of_run in pieces.values():
        microseconds = sum(int(durations.sum()) for *_, durations in of_run)
        seconds.append(microseconds / 1e6)
    return seconds


def _add(lists: dict[str, list[Column]], place: int, piece: Piece) -> None:
    case, flags, attempts, durations = piece
    seconds = (durations / 1e6).astype(np.float32)
    seconds[flags & file_ends.TIMED == 0] = np.nan
    lists["run"].append(np.full(len(case), place, np.int32))
    lists["case"].append(case)
    lists["outcome"].append((flags & file_ends.OUTCOME).astype(np.int8))
    lists["passed"].append(flags & file_ends.PASSED != 0)
    lists["failed"].append(flags & file_ends.FAILED != 0)
    lists["attempts"].append(attempts.astype(np.int32))
    lists["seconds"].append(seconds)


_TYPES = {
    "run": np.int32,
    "case": np.int64,
    "outcome": np.int8,
    "passed": np.bool_,
    "failed": np.bool_,
    "attempts": np.int32,
    "seconds": np.float32,
}


def _joined(name: str, lists: dict[str, list[Column]]) -> Column:
    """Join one column. Its parts are freed, so that at most one column is in memory twice."""
    parts = lists.pop(name)
    return np.concatenate(parts) if parts else np.empty(0, _TYPES[name])

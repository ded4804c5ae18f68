"""Lists the runs of a window with their counts, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sqlalchemy import Engine

from ci_stat.records.ends import ERROR, FAILED, PASSED, SKIPPED, Ends
from ci_stat.store.results.columns import read_ends
from ci_stat.store.results.read import EVERY_RUN, ResultsReader, RunFilter, StoredRun
from ci_stat.store.results.whole import incomplete_runs
from ci_stat.store.results.window_facts import newest_run
from ci_stat.test_results.flakiness.gather import explain_no_runs
from ci_stat.test_results.flakiness.model import TestWindow
from ci_stat.test_results.model import Counts

_BATCH = 50  # runs whose ends are in memory at once


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run with its counts. `is_whole`: False if a result file is empty, cut or broken."""

    run: StoredRun
    counts: Counts
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ListedRuns:
    """The newest runs of a window, newest first. `total`: all runs of the window."""

    window: TestWindow
    runs: tuple[ListedRun, ...]
    total: int


def list_runs(
    engine: Engine, begin: datetime, end: datetime, filter: RunFilter = EVERY_RUN, limit: int = 20
) -> ListedRuns:
    """List up to `limit` runs that started in [begin, end).

    Raises CannotTell for a window without runs, UnknownName for a job without results, and
    DatabaseError.
    """
    stored = ResultsReader(engine).runs_between(begin, end, filter)
    newest = newest_run(engine)
    window = TestWindow(
        begin=begin,
        end=end,
        filter=filter,
        newest=None if newest is None else datetime.fromtimestamp(newest / 1000, UTC),
        jobs=tuple(sorted({run.info.job for run in stored})),
    )
    if not stored:
        raise explain_no_runs(engine, window)

    shown = stored[::-1][:limit]
    incomplete = incomplete_runs(engine, [run.id for run in shown])
    listed = tuple(
        ListedRun(run, counts, run.id not in incomplete)
        for run, counts in zip(shown, _counts(engine, shown), strict=True)
    )
    return ListedRuns(window, listed, len(stored))


def _counts(engine: Engine, runs: Sequence[StoredRun]) -> Iterator[Counts]:
    for begin in range(0, len(runs), _BATCH):
        some = runs[begin : begin + _BATCH]
        ends = read_ends(engine, some)
        for place in range(len(some)):
            yield _counts_of(ends, place)


def _counts_of(ends: Ends, place: int) -> Counts:
    """Count the tests of one run. Its rows are next to each other."""
    first, after = np.searchsorted(ends.run, (place, place + 1))
    rows = slice(int(first), int(after))
    by_outcome = np.bincount(ends.outcome[rows], minlength=4)
    is_flaky = ends.passed[rows] & ends.failed[rows] & ~ends.is_failed[rows]
    return Counts(
        tests=rows.stop - rows.start,
        runs=int(ends.attempts[rows].sum()),
        passed=int(by_outcome[PASSED]),
        failed=int(by_outcome[FAILED]),
        errors=int(by_outcome[ERROR]),
        skipped=int(by_outcome[SKIPPED]),
        flaky=int(is_flaky.sum()),
        seconds=float(np.nansum(ends.seconds[rows], dtype=np.float64)),
    )

"""Finds the slowest tests of a window."""

from typing import Any

import numpy as np
from sqlalchemy import Engine

from ci_stat.store.results.read import ResultsReader
from ci_stat.test_results.flakiness.gather import Gathered
from ci_stat.test_results.listings.durations import durations
from ci_stat.test_results.listings.model import SlowTest, SlowTests

SORTS = ("p50", "p95", "total")


def find_slow(engine: Engine, gathered: Gathered, sort: str, limit: int) -> SlowTests:
    """Return up to `limit` tests. `sort`: one of `SORTS`. Raises DatabaseError."""
    ends, exclusions = gathered.ends, gathered.exclusions
    counted = exclusions.counted_runs[ends.run]
    times = durations(ends, counted)
    keys = getattr(times, sort)
    order = np.lexsort((times.case, -times.total, -keys))[:limit]
    cases = ResultsReader(engine).cases(times.case[order].tolist())
    all_time = float(times.total.sum())

    def test(place: Any) -> SlowTest:
        total = float(times.total[place])
        return SlowTest(
            case=cases[int(times.case[place])],
            runs=int(times.runs[place]),
            p50=float(times.p50[place]),
            p95=float(times.p95[place]),
            total=total,
            share=total / all_time if all_time else 0.0,
        )

    return SlowTests(
        window=gathered.window,
        tests=tuple(map(test, order)),
        all_tests=len(times.case),
        total=all_time,
        runs=exclusions.left_out.counted_runs,
        without_time=int((counted & ends.is_finished & np.isnan(ends.seconds)).sum()),
        left_out=exclusions.left_out,
    )

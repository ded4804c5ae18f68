"""Slow, new and gone tests as data for JSON and CSV. Times are seconds; moments are UTC."""

from typing import Any

from ci_stat.test_results.flakiness.data import case_data, left_out_data, run_data, window_data
from ci_stat.test_results.listings.model import NewTest, NewTests, SlowTest, SlowTests

Row = dict[str, Any]


def slow_data(slow: SlowTests) -> Row:
    """The slowest tests."""
    return {
        "window": window_data(slow.window),
        "runs": slow.runs,
        "total_seconds": round(slow.total, 3),
        "results_without_time": slow.without_time,
        "left_out": left_out_data(slow.left_out),
        "total": slow.all_tests,
        "tests": slow_rows(slow),
    }


def slow_rows(slow: SlowTests) -> list[Row]:
    """One row a test."""
    return [_slow(test) for test in slow.tests]


def _slow(test: SlowTest) -> Row:
    return {
        **case_data(test.case),
        "p50": round(test.p50, 6),
        "p95": round(test.p95, 6),
        "total": round(test.total, 6),
        "share": round(test.share, 6),
        "runs": test.runs,
    }


def new_data(listing: NewTests, limit: int) -> Row:
    """New tests, and gone ones; lists have up to `limit` entries."""
    gone = listing.gone
    return {
        "window": window_data(listing.window),
        "tests": listing.all_tests,
        "of_first_runs": listing.baseline,
        "left_out": left_out_data(listing.left_out),
        "total_new": len(listing.new),
        "new": [_new(test) for test in listing.new[:limit]],
        "total_gone": None if gone is None else len(gone),
        "gone": None
        if gone is None
        else [{**case_data(test.case), "last_run": run_data(test.last)} for test in gone[:limit]],
    }


def _new(test: NewTest) -> Row:
    return {**case_data(test.case), "first_run": run_data(test.first), **_outcomes(test)}


def _outcomes(test: NewTest) -> Row:
    return {
        "runs": test.runs,
        "passed": test.passed,
        "failed": test.failed,
        "skipped": test.skipped,
        "passed_after_retry": test.flaky_runs,
        "last_outcome": test.last_outcome,
    }


def new_rows(listing: NewTests, limit: int) -> list[Row]:
    """Rows for CSV: new tests, then gone ones; up to `limit` of each."""
    new = [
        {"change": "new", **case_data(test.case), **_first(test), **_outcomes(test)}
        for test in listing.new[:limit]
    ]
    empty = dict.fromkeys(("runs", "passed", "failed", "skipped", "passed_after_retry"))
    gone = [
        {
            "change": "gone",
            **case_data(test.case),
            "run_job": test.last.info.job,
            "run_number": test.last.info.number,
            "run_started": test.last.started.isoformat(),
            **empty,
            "last_outcome": None,
        }
        for test in (listing.gone or ())[:limit]
    ]
    return [*new, *gone]


def _first(test: NewTest) -> Row:
    return {
        "run_job": test.first.info.job,
        "run_number": test.first.info.number,
        "run_started": test.first.started.isoformat(),
    }
